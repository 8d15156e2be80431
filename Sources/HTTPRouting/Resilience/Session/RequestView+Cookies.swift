import MeshModel

extension RequestView {
    /// The value of the first cookie of a name; nil where there is none.
    func cookie(named name: String) -> String? {
        for field in self.fields where field.name == "cookie" {
            let pair = CookiePairs.all(in: field.value).first { $0.name.utf8.elementsEqual(name.utf8) }
            if let pair { return pair.value }
        }
        return nil
    }
}

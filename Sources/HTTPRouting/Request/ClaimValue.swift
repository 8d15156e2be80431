/// A JSON value of a verified token's payload.
package indirect enum ClaimValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// As it was written.
    case number(String)
    case string(String)
    case list([ClaimValue])
    /// In the order of the text; no name is there twice.
    case object([Member])

    /// One member of an object.
    package struct Member: Sendable, Hashable {
        /// Its name.
        package var name: String
        /// Its value.
        package var value: ClaimValue

        /// Joins the two.
        package init(name: String, value: ClaimValue) {
            self.name = name
            self.value = value
        }
    }

    /// The value at a path of names; nil where there is none.
    package subscript(path: [String]) -> ClaimValue? {
        var value = self
        for name in path {
            guard case .object(let members) = value,
                let member = members.first(where: { $0.name.utf8.elementsEqual(name.utf8) })
            else { return nil }
            value = member.value
        }
        return value
    }
}

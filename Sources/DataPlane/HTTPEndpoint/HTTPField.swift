/// One header field of an HTTP/1.1 message.
package struct HTTPField: Hashable, Sendable {
    /// The name as received.
    package var name: String
    /// The value without surrounding white space.
    package var value: String

    /// Joins a name and a value.
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Whether the name is `name`, which is lower-case.
    func isNamed(_ name: String) -> Bool { self.name.lowercased() == name }
}

extension [HTTPField] {
    /// All values of the field `name`, which is lower-case, in order.
    package func values(of name: String) -> [String] { self.filter { $0.isNamed(name) }.map(\.value) }

    /// The value of a field that may occur once; nil when it is missing or repeated.
    package func single(_ name: String) -> String? {
        let values = self.values(of: name)
        return values.count == 1 ? values.first : nil
    }
}

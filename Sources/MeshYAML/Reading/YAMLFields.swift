/// The fields of a mapping, taken one by one; what nobody takes is unknown.
package struct YAMLFields: Sendable {
    private let owner: YAMLValue
    private var left: [String: YAMLEntry]
    private var known: [String] = []

    init(of owner: YAMLValue, _ entries: [YAMLEntry]) {
        self.owner = owner
        self.left = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
    }

    /// Takes a field; nil when it is missing or means "nothing".
    package mutating func take(_ name: String) -> YAMLValue? {
        self.known.append(name)
        guard let entry = self.left.removeValue(forKey: name) else { return nil }
        let value = YAMLValue(entry.value, path: self.owner.path.isEmpty ? name : "\(self.owner.path).\(name)")
        return value.isNull ? nil : value
    }

    /// Takes a field that must be there.
    package mutating func require(_ name: String) throws(YAMLError) -> YAMLValue {
        guard let value = self.take(name) else { throw self.owner.error("field \(name) is missing") }
        return value
    }

    /// Ends the reading: a field that was not taken is an error.
    package func finish() throws(YAMLError) {
        let first = self.left.values.min { left, right in
            (left.position.line, left.position.column) < (right.position.line, right.position.column)
        }
        guard let first else { return }
        throw YAMLError(
            "field \(first.key.prefix(64)) is unknown; known: \(self.known.joined(separator: ", "))",
            path: self.owner.path,
            at: first.position
        )
    }
}

/// A checked value together with where it was written, for the rules that look at more than one field.
struct SpecCursor {
    let value: ConfigValue
    let path: String
    /// Where the value stands, or, where it was filled in, what it belongs to.
    let mark: DocumentMark
    private let node: DocumentNode?

    init(_ value: ConfigValue, node: DocumentNode?, mark: DocumentMark, path: String) {
        self.value = value
        self.node = node
        self.mark = node?.mark ?? mark
        self.path = path
    }

    /// A field; nil where it is missing.
    subscript(_ key: String) -> SpecCursor? {
        guard let value = self.value[key] else { return nil }
        return SpecCursor(value, node: self.node?[key], mark: self.mark, path: "\(self.path).\(key)")
    }

    /// The elements of a list that is a field; none where it is missing.
    func list(_ key: String) -> [SpecCursor] { self[key]?.elements ?? [] }

    var elements: [SpecCursor] {
        var nodes: [DocumentNode] = []
        if case .list(let written)? = self.node?.content { nodes = written }
        return self.value.elements.enumerated().map { index, element in
            SpecCursor(
                element,
                node: nodes.indices.contains(index) ? nodes[index] : nil,
                mark: self.mark,
                path: "\(self.path)[\(index)]"
            )
        }
    }

    /// The entries of a mapping with free keys, sorted by key.
    var entries: [(key: String, value: SpecCursor)] {
        self.value.entries.sorted { $0.key < $1.key }.map { key, value in
            (key, SpecCursor(value, node: self.node?[key], mark: self.mark, path: "\(self.path)[\(key)]"))
        }
    }

    func text(_ key: String) -> String? { self.value.text(key) }

    var text: String { self.value.text ?? "" }
}

extension FaultReport {
    mutating func error(_ code: ConfigurationCode, _ cursor: SpecCursor, _ reason: String) {
        self.error(code, cursor.path, reason, at: cursor.mark)
    }

    mutating func warning(_ code: ConfigurationCode, _ cursor: SpecCursor, _ reason: String) {
        self.warning(code, cursor.path, reason, at: cursor.mark)
    }

    /// Tells of every element whose key stands earlier already.
    mutating func refuseDuplicates(_ cursors: [SpecCursor], _ what: String, by key: (SpecCursor) -> String) {
        var seen: Set<String> = []
        for cursor in cursors where !seen.insert(key(cursor)).inserted {
            self.error(.duplicateValue, cursor, "\(what) \(Quoted(key(cursor))) occurs twice")
        }
    }
}

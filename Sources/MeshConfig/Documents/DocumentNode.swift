/// A place in a text, both numbers counted from 1.
struct DocumentMark: Hashable, Sendable {
    var line: Int
    var column: Int
}

/// One value of a document. Aliases are expanded, and no mapping has a key twice.
struct DocumentNode: Sendable {
    enum Content: Sendable {
        case scalar(DocumentScalar)
        case list([DocumentNode])
        case map([DocumentEntry])
    }

    var content: Content
    /// Where it begins.
    var mark: DocumentMark

    /// The value of a mapping's key.
    subscript(_ key: String) -> DocumentNode? { self.entry(key)?.value }

    /// A mapping's key with its value; nil for anything else.
    func entry(_ key: String) -> DocumentEntry? {
        guard case .map(let entries) = self.content else { return nil }
        return entries.first { $0.key == key }
    }

    /// The text of a scalar that is one; nil for anything else.
    var text: String? {
        guard case .scalar(let scalar) = self.content, case .string(let text) = scalar.value else { return nil }
        return text
    }

    /// The value without places.
    var value: ConfigValue {
        switch self.content {
        case .scalar(let scalar): scalar.value
        case .list(let nodes): .list(nodes.map(\.value))
        case .map(let entries): .map(Dictionary(entries.map { ($0.key, $0.value.value) }) { first, _ in first })
        }
    }

    /// Whether it means "nothing".
    var isNull: Bool {
        guard case .scalar(let scalar) = self.content else { return false }
        return scalar.value == .null
    }
}

/// A key of a mapping and its value, in the order of the document.
struct DocumentEntry: Sendable {
    var key: String
    /// Where the key begins.
    var mark: DocumentMark
    var value: DocumentNode
}

/// A fault that ends the reading of one document.
struct DocumentFault: Error, Sendable {
    var code: ConfigurationCode
    var message: String
    var mark: DocumentMark

    init(_ code: ConfigurationCode, _ message: String, at mark: DocumentMark) {
        self.code = code
        self.message = message
        self.mark = mark
    }
}

/// The namespaces that somebody may use: one by its name, or with `*` at the end all whose names begin so.
package struct NamespacePattern: Sendable, Hashable, CustomStringConvertible {
    /// The longest, in bytes: a DNS label and `*`.
    private static let maximumBytes = 64

    /// As it was written.
    package let description: String
    private let isPrefix: Bool
    private let name: String

    /// Reads `shop`, `shop-*` or `*`.
    ///
    /// - Returns: nil for other forms: letters must be small, and `*` may stand at the end only.
    package init?(parsing text: String) {
        let isPrefix = text.utf8.last == UInt8(ascii: "*")
        let name = isPrefix ? text.dropLast() : text[...]
        let isPlain = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isPlain, name.utf8.first != UInt8(ascii: "-"), text.utf8.count <= Self.maximumBytes,
            isPrefix || (!name.isEmpty && name.utf8.last != UInt8(ascii: "-") && name.utf8.count < Self.maximumBytes)
        else { return nil }
        self.description = text
        self.isPrefix = isPrefix
        self.name = String(name)
    }

    /// No namespace at all: what cannot be read opens nothing.
    package static let nobody = NamespacePattern()

    private init() {
        self.description = "(none)"
        self.isPrefix = false
        self.name = ""
    }

    /// Whether a namespace is one of those.
    package func allows(_ namespace: String) -> Bool {
        self.isPrefix ? namespace.utf8.starts(with: self.name.utf8) : !namespace.isEmpty && namespace == self.name
    }
}

extension [NamespacePattern] {
    /// Whether a namespace may be used. An empty list is no bound.
    package func allow(_ namespace: String) -> Bool {
        self.isEmpty || self.contains { $0.allows(namespace) }
    }

    /// The patterns as text, for errors.
    package var list: String { self.map(\.description).joined(separator: ", ") }
}

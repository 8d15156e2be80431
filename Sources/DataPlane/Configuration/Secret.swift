/// A text that no log, dump or error may show.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself.
    package let text: String

    /// Wraps a text.
    package init(_ text: String) { self.text = text }

    package var description: String { "<masked>" }

    package var debugDescription: String { "<masked>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A header that every call to a server carries (`XDS_HEADER_…`, `CA_HEADER_…`).
package struct MetadataEntry: Hashable, Sendable {
    /// The name in lower case.
    package var name: String
    /// The value, which may be a credential: upstream prints it in its log and config dump, we don't.
    package var value: Secret

    /// Joins the two.
    package init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }
}

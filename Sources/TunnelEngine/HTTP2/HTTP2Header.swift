/// One header field, as it is after decompression.
package struct HTTP2Header: Sendable, Hashable {
    /// Lower-case name; names that begin with a colon are pseudo headers (RFC 9113 §8.3).
    package var name: String
    /// Value without line breaks, NUL, or blanks at its ends.
    package var value: String
    /// True keeps the field out of every compression table on the way (RFC 7541 §7.1.3): tokens, credentials.
    package var sensitive: Bool

    package init(_ name: String, _ value: String, sensitive: Bool = false) {
        self.name = name
        self.value = value
        self.sensitive = sensitive
    }

    /// The size that header list limits and compression tables count: both lengths and 32 (RFC 7541 §4.1).
    var listSize: Int { self.name.utf8.count + self.value.utf8.count + 32 }
}

extension HTTP2Header: CustomStringConvertible {
    package var description: String { "\(self.name): \(self.sensitive ? "<masked>" : self.value)" }
}

extension Sequence<HTTP2Header> {
    /// The value of the first field of that lower-case name.
    package func first(named name: String) -> String? {
        for header in self where header.name == name { return header.value }
        return nil
    }
}

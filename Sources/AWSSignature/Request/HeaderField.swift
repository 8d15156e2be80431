/// One header of a request, in the order it is sent.
package struct HeaderField: Sendable, Hashable {
    /// The name in any case.
    package var name: String
    /// The value as sent.
    package var value: String

    /// Holds name and value as they are.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// The name in lower case, ASCII letters only: other bytes have no case in HTTP.
    package var lowercasedName: String {
        String(decoding: self.name.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// The value without white space at its ends, and with one space for each run inside.
    var canonicalValue: String {
        self.value.utf8
            .split { $0 == 0x20 || (0x09...0x0d).contains($0) }
            .map { String(decoding: $0, as: UTF8.self) }
            .joined(separator: " ")
    }
}

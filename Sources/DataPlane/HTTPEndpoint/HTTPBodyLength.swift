/// How a message says where its body ends.
package enum HTTPBodyLength: Hashable {
    /// This many bytes follow.
    case bytes(Int)
    /// Chunks follow.
    case chunked
    /// The message does not say.
    case unstated

    /// Reads `Content-Length` and `Transfer-Encoding`; nil when they contradict each other or are malformed.
    ///
    /// Both at once, a repeated length and any coding but a single `chunked` are refused: they are how requests are
    /// smuggled past a proxy (RFC 9112 §6.1, §6.3).
    package init?(_ fields: [HTTPField]) {
        let lengths = fields.values(of: "content-length")
        let codings = fields.values(of: "transfer-encoding")
        switch (lengths.count, codings.count) {
        case (0, 0):
            self = .unstated
        case (1, 0):
            guard let text = lengths.first, (1...15).contains(text.utf8.count),
                text.utf8.allSatisfy({ (48...57).contains($0) }), let count = Int(text)
            else { return nil }
            self = .bytes(count)
        case (0, 1):
            guard codings.first?.lowercased() == "chunked" else { return nil }
            self = .chunked
        default:
            return nil
        }
    }
}

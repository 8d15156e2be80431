/// The parts of an HTTP request that a signature covers.
package struct SignableRequest: Sendable, Hashable {
    /// What stands for the body in the canonical request.
    package enum Payload: Sendable, Hashable {
        /// The body itself; its SHA-256 is signed.
        case bytes([UInt8])
        /// A hash that is already known, or a marker such as `UNSIGNED-PAYLOAD`.
        case precomputed(String)
    }

    /// The method in upper case.
    package var method: String
    /// The path as it goes out on the wire, starting with `/`; empty means `/`.
    package var path: String
    /// The query, not encoded, in any order.
    package var query: [QueryItem]
    /// All headers, `Host` among them; the signer adds only what it makes itself.
    package var headers: [HeaderField]
    /// The body.
    package var payload: Payload

    /// Holds the parts as they are.
    package init(
        method: String,
        path: String = "/",
        query: [QueryItem] = [],
        headers: [HeaderField],
        payload: Payload = .bytes([])
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.payload = payload
    }

    /// The path as the canonical request writes it.
    func canonicalPath(_ options: SigningOptions) -> String {
        let slash = UInt8(ascii: "/")
        let path = options.normalizesPath ? Self.normalize(self.path) : self.path
        guard !path.isEmpty else { return "/" }
        return PercentEncoding.encode(path, keeping: options.encodesPathTwice ? [slash] : [slash, UInt8(ascii: "%")])
    }

    /// Takes out `.`, `..` and empty segments (RFC 3986 §5.2.4, and AWS's rule on repeated slashes).
    static func normalize(_ path: String) -> String {
        var kept: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." {
                _ = kept.popLast()
            } else {
                kept.append(segment)
            }
        }
        let tail = path.utf8.last == UInt8(ascii: "/") && !kept.isEmpty ? "/" : ""
        return "/" + kept.joined(separator: "/") + tail
    }
}

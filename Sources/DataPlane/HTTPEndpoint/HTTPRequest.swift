/// A request to one of our own small HTTP endpoints.
package struct HTTPRequest: Hashable, Sendable {
    /// The method.
    package var method: String
    /// The path without the query.
    package var path: String
    /// The parts of the query in order; a part without `=` has an empty value. Not percent-decoded.
    package var query: [HTTPField]
    /// The fields.
    package var fields: [HTTPField]
    /// Whether the client speaks HTTP/1.1, and so takes a body in chunks.
    package var takesChunks: Bool

    /// Whether the answer has no body.
    package var isHead: Bool { self.method == "HEAD" }

    init(line: HTTPRequestLine, fields: [HTTPField]) {
        self.method = line.method
        self.fields = fields
        self.takesChunks = line.minorVersion >= 1
        let parts = line.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.path = String(parts.first ?? "")
        let query = parts.dropFirst().first ?? ""
        self.query = query.split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return HTTPField(name: String(pair.first ?? ""), value: String(pair.dropFirst().first ?? ""))
        }
    }
}

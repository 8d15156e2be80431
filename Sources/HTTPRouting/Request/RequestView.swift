package import MeshModel

/// A request as everything that decides sees it. Its path is canonical before the first look at it, and the view does not
/// change while it is judged: routes, policies and the destination mean the same request.
package struct RequestView: Sendable {
    /// As sent; methods are case-sensitive.
    package var method: String
    /// `http` or `https`.
    package var scheme: String
    /// `:authority` or `Host`, as sent.
    package var authority: String
    /// The canonical path, without its query.
    package var path: String
    /// What follows the path's `?`, as sent; nil without one.
    package var query: String?
    /// The fields, in lower case.
    package var fields: [HeaderField]
    /// The payloads of the tokens that were verified, first the one that counts; empty without any.
    package var tokens: [ClaimValue]
    /// The connection.
    package let connection: ConnectionFacts

    /// Joins the parts.
    package init(
        method: String,
        scheme: String,
        authority: String,
        path: String,
        query: String? = nil,
        fields: [HeaderField],
        tokens: [ClaimValue] = [],
        connection: ConnectionFacts
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.query = query
        self.fields = fields
        self.tokens = tokens
        self.connection = connection
    }

    /// Whether it is a gRPC request, by its content type.
    package var isGRPC: Bool {
        guard let type = self.fields.first(named: "content-type") else { return false }
        let bytes = type.utf8.prefix(17)
        guard bytes.starts(with: "application/grpc".utf8) else { return false }
        guard bytes.count == 17, let next = bytes.last else { return true }
        return next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
    }
}

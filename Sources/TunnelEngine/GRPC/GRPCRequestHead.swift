import MeshModel

/// The headers that begin a gRPC call.
package struct GRPCRequestHead: Sendable {
    /// The method as `/package.Service/Method`.
    package var path: String
    /// Host and port of the server.
    package var authority: String
    /// How long the server may take, in milliseconds; nil for streams without end.
    package var timeoutMilliseconds: UInt64?
    /// Further metadata with lower-case names.
    package var metadata: [HTTP2Header]

    /// Joins the parts.
    package init(path: String, authority: String, timeoutMilliseconds: UInt64? = nil, metadata: [HTTP2Header] = []) {
        self.path = path
        self.authority = authority
        self.timeoutMilliseconds = timeoutMilliseconds
        self.metadata = metadata
    }

    /// The header list in the order that gRPC over HTTP/2 asks for.
    package var headers: [HTTP2Header] {
        var headers = [
            HTTP2Header(":method", "POST"), HTTP2Header(":scheme", "https"), HTTP2Header(":path", self.path),
            HTTP2Header(":authority", self.authority), HTTP2Header("te", "trailers"),
        ]
        if let timeout = self.timeoutMilliseconds {
            headers.append(HTTP2Header("grpc-timeout", Self.timeout(milliseconds: timeout)))
        }
        headers.append(HTTP2Header("content-type", "application/grpc"))
        return headers + self.metadata
    }

    /// A `grpc-timeout` value: at most eight digits and a unit, rounded up to a coarser unit where needed.
    static func timeout(milliseconds: UInt64) -> String {
        let most: UInt64 = 99_999_999
        if milliseconds <= most { return "\(milliseconds)m" }
        let seconds = milliseconds / 1_000 + (milliseconds % 1_000 == 0 ? 0 : 1)
        if seconds <= most { return "\(seconds)S" }
        return "\(min(seconds / 3_600 + 1, most))H"
    }
}

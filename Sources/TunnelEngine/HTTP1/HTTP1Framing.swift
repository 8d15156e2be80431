import MeshModel

/// How the end of a body is found (RFC 9112 §6).
enum HTTP1Framing: Hashable, Sendable {
    /// There is no body.
    case none
    /// That many bytes.
    case length(Int)
    /// Chunks, and perhaps trailers.
    case chunked
    /// All that comes until the connection ends: only responses.
    case untilClose
    /// Bytes without any end but the connection's, once the connection is upgraded.
    case raw
}

/// A request's head and what it says of its connection.
struct HTTP1Request {
    var head: HTTPRequestHead
    var version: HTTPVersion
    var framing: HTTP1Framing
    /// The connection may serve another request after this one.
    var keepsAlive: Bool
}

/// A response's head and what it says of its connection.
struct HTTP1Response {
    var head: HTTPResponseHead
    var version: HTTPVersion
    var framing: HTTP1Framing
    /// The connection may carry another request after this one.
    var keepsAlive: Bool
}

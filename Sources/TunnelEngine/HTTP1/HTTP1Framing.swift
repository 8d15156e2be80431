package import MeshModel

/// How the end of a body is found (RFC 9112 §6).
package enum HTTP1Framing: Hashable, Sendable {
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
package struct HTTP1Request {
    package var head: HTTPRequestHead
    package var version: HTTPVersion
    package var framing: HTTP1Framing
    /// The connection may serve another request after this one.
    package var keepsAlive: Bool
}

/// A response's head and what it says of its connection.
package struct HTTP1Response {
    package var head: HTTPResponseHead
    package var version: HTTPVersion
    package var framing: HTTP1Framing
    /// The connection may carry another request after this one.
    package var keepsAlive: Bool
}

package import MeshModel

/// Who hears of one stream. Calls may call back into the stream and its connection.
package protocol HTTPStreamOwner: AnyObject {
    /// Client: an informational response (1xx, but 101).
    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead)
    /// Client: the response. Status 101 says that the connection was upgraded: raw bytes follow, both ways.
    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool)
    /// Bytes of the body, the owner's only for the length of the call; none when only the end comes. Each is given back
    /// by ``HTTPStream/consumed(_:)`` once it has left, or else no more come.
    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool)
    /// What came behind the body; this ends the direction.
    func stream(_ stream: HTTPStream, trailers: [HeaderField])
    /// There is room again, after ``HTTPStream/capacity()`` said 0.
    func streamCanSend(_ stream: HTTPStream)
    /// The stream was cut. The last event of a stream; it follows neither the owner's own `reset` nor a clean end.
    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure)
}

/// Why a stream was cut.
package enum HTTPStreamFailure: Error, Hashable, Sendable {
    /// The peer reset it.
    case reset(HTTP2ErrorCode)
    /// The peer has not acted on it and says so, or the connection took no stream: it may be sent elsewhere.
    case refused
    /// The connection ended.
    case connectionClosed(RelayOutcome)
    /// What the peer sent on it is no HTTP.
    case malformed(HTTPRefusal)
    /// What the peer sent is no HTTP/2.
    case protocolError(HTTP2Error.Reason)
    /// This side ended the connection.
    case local
}

/// Hears of one stream. Calls come from inside ``HTTP2Connection`` and may call back into it, except `receive`.
package protocol HTTP2StreamOwner: AnyObject {
    /// A response, an informational response (1xx) or trailers. Lists are already valid by RFC 9113 §8.
    func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool)
    /// The next bytes of the body, straight from the buffer given to `receive`: valid only during the call. May be
    /// empty when `endStream` is true. Give every byte back with ``HTTP2Connection/consumed(_:_:)``.
    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool)
    /// ``HTTP2Connection/sendCapacity(_:)`` said 0 before; now there may be room. Ask again.
    func streamWindowOpened(_ stream: HTTP2Stream)
    /// The stream was cut: by the peer, by an error in what the peer sent (see ``HTTP2Stream/failure``), or with its
    /// connection. The last event of a stream; it does not follow the owner's own `reset` nor a clean end.
    func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool)
}

/// Hears of a connection. Calls may call back into the connection, except `receive`.
package protocol HTTP2ConnectionOwner: AnyObject {
    /// Server: a new valid request. Set ``HTTP2Stream/owner`` before returning; DATA for a stream without one is
    /// dropped.
    func connectionOpenedStream(_ stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool)
    /// The peer's SETTINGS were applied; their ACK is queued.
    func connectionReceivedSettings()
    /// The peer takes no new streams. Streams above `lastStreamID` were reset with REFUSED_STREAM before this call:
    /// the peer has not acted on them, so they may be retried elsewhere.
    func connectionReceivedGoAway(lastStreamID: UInt32, code: HTTP2ErrorCode)
    /// The answer to a ``HTTP2Connection/ping(_:)``.
    func connectionReceivedPong(_ opaque: UInt64)
    /// A stream closed, or the peer changed its stream limit.
    func connectionCapacityChanged()
}

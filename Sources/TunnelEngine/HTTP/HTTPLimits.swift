/// Every bound of the HTTP connections that the mesh carries, in one reviewed value. None means "unlimited".
package struct HTTPLimits: Sendable, Hashable {
    // MARK: Messages

    /// Bytes of a message's head, and of its trailers: names, values, and what stands between them.
    package var headBytes = 60 * 1024
    /// Fields of a head, and of trailers.
    package var fields = 100
    /// Bytes of all chunk extensions of one message.
    package var chunkExtensionBytes = 4 * 1024
    /// Informational responses (1xx) before the final one.
    package var informationalResponses = 16
    /// Whether HTTP/1.0 is served; 426 otherwise.
    package var allowsHTTP10 = false

    // MARK: Deadlines, in milliseconds; 0 means none

    /// How long a request's head may take from its first byte.
    package var headMilliseconds: UInt64 = 60_000
    /// How long a connection may be without a stream.
    package var idleMilliseconds: UInt64 = 3_600_000
    /// How long a connection that is being drained and has no stream stays open: a request may be on its way already.
    package var drainMilliseconds: UInt64 = 1_000
    /// How long a client of HTTP/1.1 that has ended its side is still answered without any byte leaving. Most have left
    /// for good, and what is done for them is in vain; a few wait for the answer.
    package var departureMilliseconds: UInt64 = 1_000

    // MARK: HTTP/2

    /// Streams that a peer may have open at once.
    package var concurrentStreams = 1024
    /// Bytes a peer may send on one stream before they are consumed.
    package var streamWindow = 256 * 1024
    /// Bytes a peer may send on all streams before they are consumed.
    package var connectionWindow = 1024 * 1024
    /// Bytes of output that wait for the peer before streams are told to wait.
    package var outputBytes = 256 * 1024

    package init() {}

    /// The bounds of the HTTP/2 core.
    ///
    /// The header list may be half again as long as ``headBytes`` before it ends the connection: what is only a little too
    /// long gets 431 on its own stream.
    package var http2: HTTP2Limits {
        var limits = HTTP2Limits()
        limits.concurrentStreams = min(max(self.concurrentStreams, 1), 1024)
        limits.headerListBytes = self.headBytes + self.headBytes / 2
        limits.headerBlockBytes = max(64 * 1024, self.headBytes + 4 * 1024)
        limits.maxFrameBytes = 64 * 1024
        limits.streamWindow = self.streamWindow
        limits.connectionWindow = self.connectionWindow
        limits.windowMilliseconds = 10_000
        limits.resetsPerWindow = 200
        limits.streamErrorsPerWindow = 200
        limits.allowsExtendedConnect = true
        return limits
    }
}

/// Deadlines and bounds of a link; milliseconds and bytes.
package struct LinkLimits: Sendable, Hashable {
    /// How long a TCP connect may take.
    package var connectMilliseconds: UInt64 = 10_000
    /// How long the TLS handshake and the peer's first SETTINGS may take together.
    package var handshakeMilliseconds: UInt64 = 10_000
    /// Silence after which a PING is sent.
    package var pingAfterMilliseconds: UInt64 = 10_000
    /// How long the answer to a PING may take before the link is given up.
    package var pongMilliseconds: UInt64 = 20_000
    /// How long a link that this side closes may take to hand its last bytes to the kernel.
    package var closeMilliseconds: UInt64 = 5_000
    /// How long it then waits for the peer's own end: closing before could destroy bytes under way to the peer.
    package var lingerMilliseconds: UInt64 = 2_000
    /// How long streams may go on after the peer's certificate has ended, in seconds. A link whose peer's certificate
    /// has ended takes no new streams at once.
    ///
    /// A day, the life of a certificate: so no connection is cut by a renewal that is merely late, and none outlives
    /// the peer's right to its name by more.
    package var expiredPeerSeconds: Int64 = 86_400
    /// TCP keep-alive. PING finds a dead peer sooner; this is for the moments in which none is sent.
    package var keepAlive: Socket.KeepAlive? = Socket.KeepAlive()
    /// Unsent output at which streams stop reading from their applications.
    package var outputHighBytes = 256 * 1024
    /// Unsent output at which they read on.
    package var outputLowBytes = 64 * 1024
    /// Output that is sent at once instead of at the end of the batch, while it is still in the cache.
    package var flushAtBytes = 64 * 1024
    /// Data frames up to this size wait for the batch's end and share a TLS record.
    package var coalesceBytes = 4 * 1024
    /// The HTTP/2 core's own bounds.
    package var http2 = HTTP2Limits()

    package init() {}
}

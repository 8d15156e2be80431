/// Every bound of one HTTP/2 connection, in one reviewed value. None means "unlimited".
///
/// The defaults are for mesh tunnels: wire settings equal to those of Istio's ztunnel, flood limits in the
/// range of well-known HTTP/2 servers, widened where a busy node's honest traffic would meet them. Counts "per window" are
/// counted afresh every ``windowMilliseconds``; passing one ends the connection with ENHANCE_YOUR_CALM.
package struct HTTP2Limits: Sendable, Hashable {
    // MARK: What we tell the peer

    /// Streams a peer may have open at once; one more is refused, and the connection lives on. A server's setting.
    package var concurrentStreams = 200
    /// Bytes of a decoded header list (name + value + 32 a field). Decoding stops at the bound.
    package var headerListBytes = 16 * 1024
    /// Largest frame payload we accept, 16,384…16,777,215. DATA is streamed, so a big frame costs no memory.
    package var maxFrameBytes = 1 << 20
    /// Bytes a peer may send on one stream before we consume, 65,535…2³¹−1.
    package var streamWindow = 4 << 20
    /// Bytes a peer may send on all streams before we consume, 65,535…2³¹−1.
    package var connectionWindow = 16 << 20

    /// Whether requests may ask for another protocol on their stream (RFC 8441). A server's setting.
    package var allowsExtendedConnect = false

    // MARK: Memory

    /// Bytes of one compressed header block, before it is decoded.
    package var headerBlockBytes = 16 * 1024
    /// CONTINUATION frames after one HEADERS frame.
    package var continuationFrames = 8
    /// Entries of one SETTINGS frame: each may touch every stream. RFC 9113 names six.
    package var settingsEntries = 32
    /// Bytes of answers (ACKs, resets, window updates) that wait because the peer does not read them.
    package var pendingControlBytes = 64 * 1024
    /// Closed streams remembered, so that frames still in flight are told from violations. Eight bytes each.
    package var rememberedStreams = 256

    // MARK: Floods

    /// Length of the counting window.
    package var windowMilliseconds: UInt64 = 30_000
    /// Requests that the peer opens and resets before we answered them (rapid reset, CVE-2023-44487). Streams that
    /// were answered have paid their way and do not count: a busy node aborts many tunnels for good reasons.
    package var resetsPerWindow = 1000
    /// Streams that we must reset or refuse because of what the peer sent (MadeYouReset, CVE-2025-8671).
    package var streamErrorsPerWindow = 200
    /// PING, SETTINGS, PRIORITY, GOAWAY, informational responses, ACKs nobody asked for and resets of closed streams.
    /// One more is allowed for each 64 KiB of DATA in either direction, for peers that measure bandwidth by PING.
    package var controlFramesPerWindow = 400
    /// WINDOW_UPDATE frames; four more for each DATA frame and one more for each KiB that we sent.
    package var windowUpdatesPerWindow = 10_000
    /// Frames of types that nobody knows.
    package var unknownFramesPerWindow = 1000
    /// DATA without payload and without END_STREAM.
    package var emptyDataPerWindow = 200
    /// DATA frames that could have been one: a second frame of one stream within a single read; one more is allowed
    /// for each four bytes of payload. Keystrokes and request-response traffic arrive in separate reads and never count.
    /// Frames of streams that we reset count too.
    package var smallDataPerWindow = 10_000

    package init() {}

    /// These limits with the wire settings moved into the ranges that RFC 9113 allows.
    var clamped: HTTP2Limits {
        var limits = self
        limits.concurrentStreams = min(max(self.concurrentStreams, 0), Int(Int32.max))
        limits.headerListBytes = min(max(self.headerListBytes, 0), Int(Int32.max))
        limits.maxFrameBytes = min(max(self.maxFrameBytes, HTTP2FrameHeader.defaultMaxLength), (1 << 24) - 1)
        limits.streamWindow = min(max(self.streamWindow, HTTP2Window.initial), HTTP2Window.maximum)
        limits.connectionWindow = min(max(self.connectionWindow, HTTP2Window.initial), HTTP2Window.maximum)
        limits.rememberedStreams = max(self.rememberedStreams, 1)
        return limits
    }
}

/// The flow-control constants of RFC 9113 §6.9.
enum HTTP2Window {
    /// Window of a connection, and of streams until SETTINGS say otherwise.
    static let initial = 65_535
    /// Largest legal window.
    static let maximum = Int(Int32.max)
}

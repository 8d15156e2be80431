/// Counts what a peer makes us do without use, in fixed windows of time.
///
/// Each kind has its own budget; some grow with the useful bytes of the same window.
struct HTTP2FloodGuard {
    private let limits: HTTP2Limits
    private var windowStart: UInt64 = 0
    private var resets = 0
    private var streamErrors = 0
    private var controlFrames = 0
    private var windowUpdates = 0
    private var unknownFrames = 0
    private var emptyData = 0
    private var smallData = 0
    private var receivedBytes = 0
    private var sentBytes = 0
    private var sentFrames = 0

    init(limits: HTTP2Limits) {
        self.limits = limits
    }

    /// Opens a new window when the current one is over. `now` counts milliseconds from any start.
    mutating func advance(to now: UInt64) {
        guard now &- self.windowStart >= self.limits.windowMilliseconds else { return }
        self = HTTP2FloodGuard(limits: self.limits)
        self.windowStart = now
    }

    /// The peer reset a request that was not answered yet.
    mutating func unansweredReset() throws(HTTP2Error) {
        self.resets += 1
        if self.resets > self.limits.resetsPerWindow { throw Self.calm(.resetFlood) }
    }

    /// We reset a stream because of what the peer sent.
    mutating func streamError() throws(HTTP2Error) {
        self.streamErrors += 1
        if self.streamErrors > self.limits.streamErrorsPerWindow { throw Self.calm(.streamErrorFlood) }
    }

    /// PING, SETTINGS, PRIORITY and their like.
    mutating func controlFrame() throws(HTTP2Error) {
        self.controlFrames += 1
        let allowed = self.limits.controlFramesPerWindow + (self.receivedBytes + self.sentBytes) >> 16
        if self.controlFrames > allowed { throw Self.calm(.controlFlood) }
    }

    mutating func windowUpdate() throws(HTTP2Error) {
        self.windowUpdates += 1
        let allowed = self.limits.windowUpdatesPerWindow + self.sentFrames * 4 + self.sentBytes >> 10
        if self.windowUpdates > allowed { throw Self.calm(.windowUpdateFlood) }
    }

    mutating func unknownFrame() throws(HTTP2Error) {
        self.unknownFrames += 1
        if self.unknownFrames > self.limits.unknownFramesPerWindow { throw Self.calm(.unknownFrameFlood) }
    }

    /// DATA that carries nothing, not even the end of its stream.
    mutating func emptyDataFrame() throws(HTTP2Error) {
        self.emptyData += 1
        if self.emptyData > self.limits.emptyDataPerWindow { throw Self.calm(.emptyDataFlood) }
    }

    /// DATA with `bytes` of use; `splintered` when its sender could have put it into the frame before.
    @inline(__always)
    mutating func dataFrame(bytes: Int, splintered: Bool) throws(HTTP2Error) {
        self.receivedBytes &+= bytes
        if splintered { try self.splinter() }
    }

    @inline(never)
    private mutating func splinter() throws(HTTP2Error) {
        self.smallData += 1
        let allowed = self.limits.smallDataPerWindow + self.receivedBytes >> 2
        if self.smallData > allowed { throw Self.calm(.smallDataFlood) }
    }

    /// We sent DATA, which a peer may answer by window updates.
    @inline(__always)
    mutating func sentData(_ bytes: Int) {
        self.sentFrames &+= 1
        self.sentBytes &+= bytes
    }

    private static func calm(_ reason: HTTP2Error.Reason) -> HTTP2Error {
        HTTP2Error(.enhanceYourCalm, reason)
    }
}

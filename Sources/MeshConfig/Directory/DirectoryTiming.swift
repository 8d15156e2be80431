/// When a directory is looked at again.
package struct DirectoryTiming: Hashable, Sendable {
    /// Nothing may have changed for so long before files are read: an editor or a copy is done then.
    package var quiet: Duration = .milliseconds(100)
    /// Under constant changes files are read at the latest so long after the first one.
    package var longest: Duration = .seconds(1)
    /// How often the directory is looked at without any event, should one have been lost.
    package var poll: Duration = .seconds(30)
    /// The same while the directory is gone, or can't be watched as a whole.
    package var blindPoll: Duration = .seconds(2)

    /// The defaults.
    package init() {}
}

/// Decides when to look again. Time comes in; nothing is waited for here.
struct DirectoryPacer {
    private let timing: DirectoryTiming
    private var firstEvent: ContinuousClock.Instant?
    private var lastEvent: ContinuousClock.Instant?
    private var lastLook: ContinuousClock.Instant
    private var isBlind = false

    init(timing: DirectoryTiming, now: ContinuousClock.Instant) {
        self.timing = timing
        self.lastLook = now
    }

    /// Something changed.
    mutating func changed(at now: ContinuousClock.Instant) {
        self.firstEvent = self.firstEvent ?? now
        self.lastEvent = now
    }

    /// The directory was looked at.
    ///
    /// - Parameters:
    ///   - isBlind: whether changes may go unseen from here on.
    ///   - isUnsettled: whether a file was changing meanwhile.
    mutating func looked(at now: ContinuousClock.Instant, isBlind: Bool, isUnsettled: Bool) {
        self.lastLook = now
        self.isBlind = isBlind
        self.firstEvent = isUnsettled ? now : nil
        self.lastEvent = self.firstEvent
    }

    /// When to look next, if nothing happens before.
    var due: ContinuousClock.Instant {
        let poll = self.lastLook + (self.isBlind ? self.timing.blindPoll : self.timing.poll)
        guard let firstEvent, let lastEvent else { return poll }
        return min(poll, min(lastEvent + self.timing.quiet, firstEvent + self.timing.longest))
    }
}

/// A one-shot timer of one event source; starting it again moves it.
package final class LoopTimer {
    /// The slot of a timer that does not run.
    static let idle = -1
    /// The slot of a timer that ran out and waits to be fired in this turn.
    static let due = -2

    /// Whom it calls; nil once that is gone, and then it runs out unheard. Its last holder may let go on any thread, where
    /// the timer could not be stopped.
    private(set) weak var target: EventSource?
    /// The tick at which it fires; meaningless while not linked.
    var tick: UInt64 = 0
    var level: Int = 0
    var slot: Int = LoopTimer.idle
    var next: LoopTimer?
    unowned(unsafe) var previous: LoopTimer?

    /// Makes a timer that calls `target.timerFired`; it holds no reference to the target.
    package init(target: EventSource) {
        self.target = target
    }

    /// Whether the timer is running.
    package var isRunning: Bool { self.slot != Self.idle }
}

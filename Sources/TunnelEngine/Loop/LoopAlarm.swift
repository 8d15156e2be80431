/// Calls a closure on a loop after a while; setting it again moves it.
///
/// Confined to its loop. Whoever set it keeps it.
package final class LoopAlarm: EventSource {
    private var action: (() -> Void)?
    private lazy var timer = LoopTimer(target: self)

    /// Calls `action` after `milliseconds`, in place of what was set before.
    package func set(after milliseconds: UInt64, _ action: @escaping () -> Void) {
        self.action = action
        self.loop.start(self.timer, after: milliseconds)
    }

    /// Forgets what was set.
    package func cancel() {
        self.action = nil
        self.loop.stop(self.timer)
    }

    override package func timerFired(_ timer: LoopTimer) {
        let action = self.action
        self.action = nil
        action?()
    }
}

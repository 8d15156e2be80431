/// Calls a closure on a loop after a while; setting it again moves it.
///
/// Confined to its loop. Whoever set it keeps it.
package final class LoopAlarm: EventSource {
    private var action: (() -> Void)?
    private var timer: LoopTimer?

    /// Calls `action` after `milliseconds`, in place of what was set before.
    package func set(after milliseconds: UInt64, _ action: @escaping () -> Void) {
        self.action = action
        let timer = self.timer ?? LoopTimer(target: self)
        self.timer = timer
        self.loop.start(timer, after: milliseconds)
    }

    /// Forgets what was set.
    package func cancel() {
        self.action = nil
        if let timer = self.timer { self.loop.stop(timer) }
    }

    override package func timerFired(_ timer: LoopTimer) {
        let action = self.action
        self.action = nil
        action?()
    }
}

import HTTPRouting
import MeshTelemetry
import TunnelEngine

extension Exchange {
    /// Ends the exchange when no byte of it has moved for this long, from now on in place of what was said before.
    /// - Parameter milliseconds: 0 for never.
    func boundIdleness(_ milliseconds: UInt64) {
        self.idle?.cancel()
        self.idle = nil
        guard milliseconds > 0 else { return }
        self.lastMoved = self.worker.loop.now
        self.idle = LoopAlarm(loop: self.worker.loop)
        self.watchIdleness(milliseconds, after: milliseconds)
    }

    /// Bytes of either direction came or went.
    func moved() { if self.idle != nil { self.lastMoved = self.worker.loop.now } }

    /// One alarm looks again when the last bytes are old enough: moving it with each of them would cost more.
    private func watchIdleness(_ most: UInt64, after wait: UInt64) {
        self.idle?.set(after: wait) { [weak self] in
            guard let self, !self.isOver else { return }
            let still = self.worker.loop.now &- self.lastMoved
            if still < most { return self.watchIdleness(most, after: most - still) }
            self.stoodStill()
        }
    }

    private func stoodStill() {
        guard self.isAnswered else { return self.answer(.idle(requestComplete: self.body.isWhole)) }
        self.record.responseDetails = "stream_idle_timeout"
        self.record.flags.insert(.streamIdleTimeout)
        self.downstream.reset(.cancel)
        self.end()
    }
}

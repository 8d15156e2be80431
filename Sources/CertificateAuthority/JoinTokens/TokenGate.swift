import Synchronization

/// Bounds how often a shared table is asked for tokens that strangers present. Who finds it closed is to come again.
package final class TokenGate: Sendable {
    private let gate: Mutex<CallGate>

    /// Makes a gate: so many at once, so many a second and in a burst.
    package init(concurrent: Int = 32, perSecond: Int = 20) {
        self.gate = Mutex(CallGate(concurrent: concurrent, perSecond: perSecond))
    }

    /// Lets one in; whoever is in must `leave`.
    package func enter() -> Bool { self.gate.withLock { $0.enter(now: .now) } }

    /// Lets one out.
    package func leave() { self.gate.withLock { $0.leave() } }
}

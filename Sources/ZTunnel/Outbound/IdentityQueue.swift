import MeshIdentity
import TunnelEngine

/// Connections of a workload that has just come, which wait for its first certificate.
///
/// A daemon serves a task before its certificate is here, and the task's first connections come at once. Confined to
/// its loop.
final class IdentityQueue {
    private struct Waiting {
        var deadline: UInt64
        var body: () -> Void
    }

    private let loop: EventLoop
    private let identities: IdentityStore
    private var waiting: [Waiting] = []
    private lazy var alarm = LoopAlarm(loop: self.loop)

    /// How long a connection waits.
    static let milliseconds: UInt64 = 3_000
    /// Connections that may wait at once.
    static let limit = 1_000
    private static let lookMilliseconds: UInt64 = 20

    init(loop: EventLoop, identities: IdentityStore) {
        self.loop = loop
        self.identities = identities
    }

    /// Calls `body` once, when a certificate is here or the wait is over.
    /// - Returns: false when waiting makes no sense, as nobody asks for a certificate or too many wait already.
    func wait(_ body: @escaping () -> Void) -> Bool {
        guard self.identities.isExpected, self.waiting.count < Self.limit else { return false }
        self.waiting.append(Waiting(deadline: self.loop.now + Self.milliseconds, body: body))
        if self.waiting.count == 1 { self.look() }
        return true
    }

    private func look() {
        self.alarm.set(after: Self.lookMilliseconds) { [weak self] in
            guard let self else { return }
            let isHere = self.identities.latest != nil
            let now = self.loop.now
            let done = self.waiting.filter { isHere || $0.deadline <= now }
            self.waiting.removeAll { isHere || $0.deadline <= now }
            if !self.waiting.isEmpty { self.look() }
            for each in done { each.body() }
        }
    }
}

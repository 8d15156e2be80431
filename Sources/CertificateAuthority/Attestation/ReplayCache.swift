/// Remembers which attestations were used, so that each works once.
///
/// Pure: the time comes in as an argument, and is one that nobody can set back or forward, unlike the wall clock.
/// Only attestations that STS vouched for are kept, hence a stranger cannot
/// fill it; while a verification runs, its attestation is reserved, hence two at once cannot both win.
struct ReplayCache: Sendable {
    /// What makes one attestation different from all others.
    struct Key: Sendable, Hashable {
        let accessKey: String
        let signature: String
    }

    enum Verdict: Sendable, Hashable {
        case fresh
        case replayed
        /// Too much is remembered already; the caller may come again.
        case full
    }

    /// How long a use is remembered. Must exceed twice the accepted age, or an attestation could outlive its memory.
    let memory: Duration
    /// The most uses remembered at once.
    let capacity: Int

    private var expiries: [Key: ContinuousClock.Instant] = [:]
    private var nextSweep: ContinuousClock.Instant?

    init(memory: Duration = .seconds(15 * 60), capacity: Int = 100_000) {
        self.memory = memory
        self.capacity = capacity
    }

    /// How many uses are remembered.
    var count: Int { self.expiries.count }

    /// Reserves an attestation for one verification.
    mutating func reserve(_ key: Key, now: ContinuousClock.Instant) -> Verdict {
        if self.nextSweep.map({ now >= $0 }) ?? true || self.expiries.count >= self.capacity {
            self.expiries = self.expiries.filter { $0.value > now }
            self.nextSweep = now + .seconds(60)
        }
        if let expiry = self.expiries[key], expiry > now { return .replayed }
        guard self.expiries.count < self.capacity else { return .full }
        self.expiries[key] = now + self.memory
        return .fresh
    }

    /// Forgets a reservation whose verification did not come to a verdict by STS in the caller's favour.
    mutating func release(_ key: Key) {
        self.expiries[key] = nil
    }
}

/// Bounds what is asked of somebody else: so many at once, so many a second. Pure: the time comes in as an argument.
///
/// Who finds it closed is to come again; nobody waits in line, so there is no line to grow.
struct CallGate: Sendable {
    let concurrent: Int
    let perSecond: Double
    private var running = 0
    private var tokens: Double
    private var seen: ContinuousClock.Instant?

    init(concurrent: Int, perSecond: Int) {
        self.concurrent = max(1, concurrent)
        self.perSecond = Double(max(1, perSecond))
        self.tokens = self.perSecond
    }

    /// Lets one in; whoever is in must `leave`.
    mutating func enter(now: ContinuousClock.Instant) -> Bool {
        if let seen = self.seen, seen < now {
            let passed = (now - seen).components
            let seconds = Double(passed.seconds) + Double(passed.attoseconds) * 1e-18
            self.tokens = min(self.tokens + seconds * self.perSecond, self.perSecond)
        }
        self.seen = max(self.seen ?? now, now)
        guard self.running < self.concurrent, self.tokens >= 1 else { return false }
        self.tokens -= 1
        self.running += 1
        return true
    }

    /// Lets one out.
    mutating func leave() { self.running = max(0, self.running - 1) }
}

/// So many now, and so many each second: a bound on how often something may happen.
struct TokenBucket: Sendable {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var filled: ContinuousClock.Instant

    /// - Parameters:
    ///   - rate: how many a second; at least one.
    ///   - burst: how many at once after a pause; at least one.
    init(rate: Int, burst: Int, now: ContinuousClock.Instant) {
        self.rate = Double(max(1, rate))
        self.burst = Double(max(1, burst))
        self.tokens = self.burst
        self.filled = now
    }

    /// Takes one if there is one; else says how long until then.
    mutating func take(at now: ContinuousClock.Instant) -> Duration? {
        if now > self.filled {
            self.tokens = min(self.burst, self.tokens + (now - self.filled).seconds * self.rate)
            self.filled = now
        }
        guard self.tokens >= 1 else { return .seconds((1 - self.tokens) / self.rate) }
        self.tokens -= 1
        return nil
    }
}

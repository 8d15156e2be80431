/// A token bucket whose rate halves when AWS throttles and grows back while it does not.
///
/// Pure: time comes in as seconds on any clock that only goes forward.
package struct AdaptiveTokenBucket: Sendable, Hashable {
    /// How fast and how much.
    package struct Rate: Sendable, Hashable {
        /// Requests at once after a rest.
        package var burst: Double
        /// Requests a second in the long run.
        package var sustained: Double

        /// Both must be over zero.
        package init(burst: Double, sustained: Double) {
            self.burst = max(1, burst)
            self.sustained = max(0.01, sustained)
        }
    }

    private let rate: Rate
    private var tokens: Double
    private var filledAt: Double
    /// The rate in force; between a twentieth of the configured one and all of it.
    package private(set) var currentRate: Double
    private var throttledAt: Double?

    /// Throttles inside this many seconds count once: they answer requests sent at the same rate.
    private static let throttleWindow = 1.0
    /// Each success gives back this share of the configured rate.
    private static let recovery = 0.02

    /// Starts full.
    package init(rate: Rate, now: Double) {
        self.rate = rate
        self.tokens = rate.burst
        self.filledAt = now
        self.currentRate = rate.sustained
    }

    /// Takes one token and tells how many seconds to wait before using it.
    ///
    /// `nil` when the wait would be longer than `limit`; then nothing is taken.
    package mutating func reserve(now: Double, limit: Double) -> Double? {
        self.fill(now: now)
        let wait = self.tokens >= 1 ? 0 : (1 - self.tokens) / self.currentRate
        guard wait <= limit else { return nil }
        self.tokens -= 1
        return wait
    }

    /// AWS said that it was too much: half the rate, and nothing saved up.
    package mutating func throttled(now: Double) {
        self.fill(now: now)
        if let last = self.throttledAt, now - last < Self.throttleWindow { return }
        self.throttledAt = now
        self.tokens = min(self.tokens, 0)
        self.currentRate = max(self.rate.sustained / 20, self.currentRate / 2)
    }

    /// A request went through: a little of the rate comes back.
    package mutating func succeeded() {
        self.currentRate = min(self.rate.sustained, self.currentRate + self.rate.sustained * Self.recovery)
    }

    private mutating func fill(now: Double) {
        let passed = max(0, now - self.filledAt)
        self.tokens = min(self.rate.burst, self.tokens + passed * self.currentRate)
        self.filledAt = max(self.filledAt, now)
    }
}

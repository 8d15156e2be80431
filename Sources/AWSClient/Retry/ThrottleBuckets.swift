import Synchronization

/// The request budgets of all accounts and regions that one client talks to.
final class ThrottleBuckets: Sendable {
    /// Whose budget: AWS counts per account, region and group of actions.
    struct Key: Sendable, Hashable {
        var account: String
        var region: String
        var bucket: ThrottleBucket
    }

    private let rates: [ThrottleBucket: AdaptiveTokenBucket.Rate]
    private let start = ContinuousClock.now
    private let buckets = Mutex<[Key: AdaptiveTokenBucket]>([:])

    init(rates: [ThrottleBucket: AdaptiveTokenBucket.Rate]) {
        self.rates = rates
    }

    /// How long to wait before sending; `nil` when that is longer than `limit`.
    func reserve(_ key: Key, limit: Duration) -> Duration? {
        self.change(key) { bucket, now in bucket.reserve(now: now, limit: limit / .seconds(1)) }.map(Duration.seconds)
    }

    func throttled(_ key: Key) {
        self.change(key) { bucket, now in bucket.throttled(now: now) }
    }

    func succeeded(_ key: Key) {
        self.change(key) { bucket, _ in bucket.succeeded() }
    }

    private func change<Result: Sendable>(
        _ key: Key,
        _ body: @Sendable (inout AdaptiveTokenBucket, Double) -> Result
    ) -> Result {
        let now = (ContinuousClock.now - self.start) / .seconds(1)
        let rate = self.rates[key.bucket] ?? .init(burst: 5, sustained: 1)
        return self.buckets.withLock { buckets in
            body(&buckets[key, default: AdaptiveTokenBucket(rate: rate, now: now)], now)
        }
    }
}

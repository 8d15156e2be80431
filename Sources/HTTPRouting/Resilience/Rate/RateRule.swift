/// How fast something may happen: a token bucket, whose state is one number, the time at which it will be full again
/// (the generic cell rate algorithm, ITU-T I.371).
struct RateRule: Sendable, Equatable {
    private static let nanosecondsPerMillisecond: UInt64 = 1_000_000

    /// How long one token takes, in nanoseconds.
    private let perToken: UInt64
    /// How long all take.
    private let capacity: UInt64

    /// - Parameters:
    ///   - count: tokens that come in `milliseconds`; zero counts as one.
    ///   - burst: tokens that fit; zero counts as one.
    init(count: UInt32, milliseconds: UInt64, burst: UInt32) {
        // A day's window times a million fits by far; what does not is taken for the longest that does.
        let window = min(max(milliseconds, 1), 1 << 40) * Self.nanosecondsPerMillisecond
        self.perToken = max(1, window / UInt64(max(count, 1)))
        let (capacity, overflow) = self.perToken.multipliedReportingOverflow(by: UInt64(max(burst, 1)))
        self.capacity = overflow ? UInt64.max / 2 : capacity
    }

    /// Takes a token; false when there is none.
    /// - Parameter fullAt: the bucket; zero is a full one.
    func take(_ fullAt: inout UInt64, now: UInt64) -> Bool {
        let time = Self.nanoseconds(now)
        let next = max(fullAt, time).addingReportingOverflow(self.perToken)
        guard !next.overflow, next.partialValue - time <= self.capacity else { return false }
        fullAt = next.partialValue
        return true
    }

    /// Milliseconds until the next token is there, rounded up; zero when there is one.
    func wait(_ fullAt: UInt64, now: UInt64) -> UInt64 {
        let time = Self.nanoseconds(now)
        let next = max(fullAt, time).addingReportingOverflow(self.perToken).partialValue
        guard next > time, next - time > self.capacity else { return 0 }
        return (next - time - self.capacity - 1) / Self.nanosecondsPerMillisecond + 1
    }

    /// Whether a bucket is full, so that forgetting it changes nothing.
    func isFull(_ fullAt: UInt64, now: UInt64) -> Bool { fullAt <= Self.nanoseconds(now) }

    private static func nanoseconds(_ milliseconds: UInt64) -> UInt64 {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: self.nanosecondsPerMillisecond)
        return overflow ? UInt64.max / 2 : product
    }
}

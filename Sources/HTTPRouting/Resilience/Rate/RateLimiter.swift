package import MeshModel
package import MeshProtos
import Synchronization

/// Keeps requests within one limit, over all loops of this waypoint.
///
/// Whether a request is meant at all (``TulleL7/RateLimit/match``) is decided before. A limiter whose limit did not change
/// is kept over a change of configuration, with what it counted.
package final class RateLimiter: Sendable {
    private struct Table: Sendable {
        var buckets: [RateKey: UInt64] = [:]
        var shared: UInt64 = 0
        var sweptAt: UInt64 = 0
    }

    /// Keys that have a bucket of their own at most; a full table takes about a megabyte.
    static let maximumKeys = 16_384
    /// Between looks for buckets that can be forgotten, in milliseconds.
    private static let sweepInterval: UInt64 = 1000

    /// The limit.
    package let limit: TulleL7.RateLimit
    private let parts: [RateKeyPart]
    private let rule: RateRule
    private let table = Mutex(Table())
    private let refused = Atomic<Int>(0)

    /// Makes a limiter whose buckets are full.
    package init(_ limit: TulleL7.RateLimit) throws(RateLimitError) {
        self.limit = limit
        guard limit.requests > 0 else { throw .noRequests(limit.name) }
        guard limit.status == 0 || (400...599).contains(limit.status) else {
            throw .status(limit.name, limit.status)
        }
        var parts: [RateKeyPart] = []
        for text in limit.key {
            guard let part = RateKeyPart(parsing: text) else { throw .key(limit.name, text) }
            parts.append(part)
        }
        self.parts = parts
        self.rule = RateRule(
            count: limit.requests,
            milliseconds: limit.windowMilliseconds == 0 ? 1000 : UInt64(limit.windowMilliseconds),
            burst: limit.burst == 0 ? limit.requests : limit.burst
        )
    }

    /// Takes a token for a request; nil when there was one, else the answer.
    ///
    /// When as many keys as may be have buckets that are not full, all others share one bucket: what is kept stays bounded,
    /// and a flood of new keys is limited rather than let through.
    /// - Parameter now: milliseconds.
    package func refusal(of request: RequestView, now: UInt64) -> RateRefusal? {
        let key = self.parts.isEmpty ? nil : RateKey(self.parts, of: request)
        let wait: UInt64? = self.table.withLock { table in
            guard let key, self.hasPlace(for: key, &table, now) else {
                return self.take(&table.shared, now)
            }
            return self.take(&table.buckets[key, default: 0], now)
        }
        guard let wait else { return nil }
        self.refused.wrappingAdd(1, ordering: .relaxed)
        return RateRefusal(status: self.limit.status == 0 ? 429 : Int(self.limit.status), wait: wait)
    }

    /// Nil when there was a token, else the milliseconds until there is one.
    private func take(_ fullAt: inout UInt64, _ now: UInt64) -> UInt64? {
        self.rule.take(&fullAt, now: now) ? nil : self.rule.wait(fullAt, now: now)
    }

    private func hasPlace(for key: RateKey, _ table: inout Table, _ now: UInt64) -> Bool {
        if table.buckets.count < Self.maximumKeys || table.buckets[key] != nil { return true }
        guard now >= table.sweptAt + Self.sweepInterval else { return false }
        table.sweptAt = now
        table.buckets = table.buckets.filter { !self.rule.isFull($0.value, now: now) }
        return table.buckets.count < Self.maximumKeys
    }

    /// How many requests were refused so far.
    package var refusals: Int { self.refused.load(ordering: .relaxed) }
    /// How many keys have a bucket of their own.
    package var keys: Int { self.table.withLock { $0.buckets.count } }
}

/// The answer to a request beyond a limit.
package struct RateRefusal: Sendable, Hashable {
    /// The status: 429 unless another was written.
    package let status: Int
    /// Seconds until it is worth trying again, one at least.
    package let retryAfter: UInt64

    init(status: Int, wait milliseconds: UInt64) {
        self.status = status
        self.retryAfter = max(1, (milliseconds + 999) / 1000)
    }

    /// What the log says.
    package static let flags: ResponseFlags = .rateLimited
    /// The response's details for the log.
    package static let details = "local_rate_limited"
    /// The response's body, as Envoy's.
    package static let body = "local_rate_limited"

    /// The response's own fields.
    package var fields: [HeaderField] {
        [HeaderField("x-local-rate-limit", "true"), HeaderField("retry-after", String(self.retryAfter))]
    }
}

/// Why a limit can't be used; each names the limit.
package enum RateLimitError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It allows nothing.
    case noRequests(String)
    /// Its status is not one of an error.
    case status(String, UInt32)
    /// It counts apart by something unknown.
    case key(String, String)

    package var description: String {
        switch self {
        case .noRequests(let name): "rate limit \(name): requests is 0, write 1 or more"
        case .status(let name, let status): "rate limit \(name): status \(status) is not in 400...599"
        case .key(let name, let key):
            "rate limit \(name): key \(key.prefix(64)) is none of principal, namespace, sourceIP, header:<name> and "
                + "claim:<name>"
        }
    }
}

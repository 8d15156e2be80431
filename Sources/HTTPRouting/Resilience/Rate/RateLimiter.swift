import MeshModel
package import MeshProtos
import Synchronization

/// Keeps requests within one limit, over all loops of this waypoint.
///
/// A limiter whose limit did not change is kept over a change of configuration, with what it counted. One whose limit
/// can't be carried out lets none of the requests pass that it is for, as a route that can't be carried out does.
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
    /// Why it can't be carried out as it is written; nil where it can.
    package let fault: RateLimitError?
    private let conditions: RouteConditions
    private let parts: [RateKeyPart]
    private let rule: RateRule
    private let table = Mutex(Table())
    private let refused = Atomic<Int>(0)

    /// Makes a limiter whose buckets are full.
    package init(_ limit: TulleL7.RateLimit) {
        self.limit = limit
        var faults: [RouteFault] = []
        self.conditions = RouteConditions(limit.match, faults: &faults)
        var parts: [RateKeyPart] = []
        var fault = faults.first.map { RateLimitError.match(limit.name, $0) }
        for text in limit.key {
            guard let part = RateKeyPart(parsing: text) else {
                fault = .key(limit.name, text)
                break
            }
            parts.append(part)
        }
        if limit.status != 0, !(400...599).contains(limit.status) { fault = .status(limit.name, limit.status) }
        if limit.requests == 0 { fault = .noRequests(limit.name) }
        self.fault = fault
        self.parts = parts
        self.rule = RateRule(
            count: limit.requests,
            milliseconds: limit.windowMilliseconds == 0 ? 1000 : UInt64(limit.windowMilliseconds),
            burst: limit.burst == 0 ? limit.requests : limit.burst
        )
    }

    /// Takes a token for a request; nil when there was one, or the limit is not for this request, else the answer.
    ///
    /// When as many keys as may be have buckets that are not full, all others share one bucket: what is kept stays bounded,
    /// and a flood of new keys is limited rather than let through.
    /// - Parameter now: milliseconds.
    package func refusal(of request: RequestView, now: UInt64) -> RateRefusal? {
        guard self.conditions.hold(for: request) else { return nil }
        guard self.fault == nil else { return RateRefusal(unusable: self.limit.name) }
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

/// Why a limit can't be used; each names the limit.
package enum RateLimitError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It allows nothing.
    case noRequests(String)
    /// Its status is not one of an error.
    case status(String, UInt32)
    /// It counts apart by something unknown.
    case key(String, String)
    /// Which requests it is for can't be asked.
    case match(String, RouteFault)

    package var description: String {
        switch self {
        case .noRequests(let name): "rate limit \(name): requests is 0, write 1 or more"
        case .status(let name, let status): "rate limit \(name): status \(status) is not in 400...599"
        case .match(let name, let fault): "rate limit \(name): match: \(fault)"
        case .key(let name, let key):
            "rate limit \(name): key \(key.prefix(64)) is none of principal, namespace, sourceIP, header:<name> and "
                + "claim:<name>"
        }
    }
}

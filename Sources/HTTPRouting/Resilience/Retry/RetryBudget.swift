import MeshProtos
import Synchronization

/// How many retries a cluster's requests may cause, so that they don't bring down what is already slow.
///
/// Three forms: Envoy's share of the requests under way with a least number; the same as a share of the requests of a time
/// that slides; and the Gateway API's, whose floor is a rate instead of a number.
final class RetryBudget: Sendable {
    private struct State: Sendable {
        var settings: Settings?
        var window = SlidingCount(length: 1)
        var floor = RateRule(count: 1, milliseconds: 1000, burst: 1)
        var floorFullAt: UInt64 = 0
    }

    private struct Settings: Sendable, Equatable {
        var percent: UInt64
        var leastConcurrency: Int
        var interval: UInt64
        var perSecond: UInt32
    }

    private let state = Mutex(State())
    private let countsRequests = Atomic<Bool>(false)

    /// Changes the budget; nil is none. What was counted is kept where the interval stays.
    func update(_ written: TulleL7.RetryBudget?) {
        let settings = written.map {
            Settings(
                percent: UInt64($0.percent == 0 ? 20 : $0.percent),
                leastConcurrency: $0.minConcurrency == 0 ? 3 : Int($0.minConcurrency),
                interval: UInt64($0.intervalMilliseconds),
                perSecond: $0.minPerSecond
            )
        }
        self.countsRequests.store((settings?.interval ?? 0) > 0, ordering: .relaxed)
        self.state.withLock { state in
            guard state.settings != settings else { return }
            if let settings {
                if state.settings?.interval != settings.interval {
                    state.window = SlidingCount(length: max(settings.interval, 1))
                }
                let rate = max(settings.perSecond, 1)
                state.floor = RateRule(count: rate, milliseconds: 1000, burst: rate)
            }
            state.settings = settings
        }
    }

    /// Counts a request, not an attempt.
    func countRequest(now: UInt64) {
        guard self.countsRequests.load(ordering: .relaxed) else { return }
        self.state.withLock { $0.window.add(requests: 1, retries: 0, now: now) }
    }

    /// Whether there may be one more retry; it is counted then.
    /// - Parameters:
    ///   - current: retries under way.
    ///   - load: requests under way and waiting.
    ///   - now: milliseconds.
    func allows(current: Int, load: Int, now: UInt64) -> Bool {
        self.state.withLock { state in
            guard let settings = state.settings else { return true }
            guard settings.interval > 0 else {
                let share = settings.percent * UInt64(clamping: load) / 100
                return Self.isBelow(current, share, settings) || Self.takeFloor(&state, settings, now: now)
            }
            let (requests, retries) = state.window.totals(now: now)
            let isWithin = (retries + 1) * 100 <= settings.percent * requests
            let isBelowFloor = settings.perSecond == 0 && current < settings.leastConcurrency
            guard isWithin || isBelowFloor || Self.takeFloor(&state, settings, now: now) else { return false }
            state.window.add(requests: 0, retries: 1, now: now)
            return true
        }
    }

    private static func isBelow(_ current: Int, _ share: UInt64, _ settings: Settings) -> Bool {
        // A rate that was written is the floor in place of the number.
        let floor = settings.perSecond == 0 ? settings.leastConcurrency : 0
        return current < max(floor, Int(clamping: share))
    }

    private static func takeFloor(_ state: inout State, _ settings: Settings, now: UInt64) -> Bool {
        settings.perSecond > 0 && state.floor.take(&state.floorFullAt, now: now)
    }
}

/// Requests and retries of the last while, in ten steps.
private struct SlidingCount: Sendable {
    private static let steps = 10

    private var slots = Array(repeating: (requests: UInt64(0), retries: UInt64(0)), count: SlidingCount.steps)
    private var sums = (requests: UInt64(0), retries: UInt64(0))
    private let step: UInt64
    private var last: UInt64 = 0

    init(length: UInt64) { self.step = max(1, length / UInt64(Self.steps)) }

    mutating func add(requests: UInt64, retries: UInt64, now: UInt64) {
        self.advance(now)
        let index = Int(self.last % UInt64(Self.steps))
        self.slots[index].requests += requests
        self.slots[index].retries += retries
        self.sums.requests += requests
        self.sums.retries += retries
    }

    mutating func totals(now: UInt64) -> (requests: UInt64, retries: UInt64) {
        self.advance(now)
        return self.sums
    }

    /// Forgets steps that are over. A clock that went back changes nothing.
    private mutating func advance(_ now: UInt64) {
        let current = now / self.step
        guard current > self.last else { return }
        for ahead in 0..<min(current - self.last, UInt64(Self.steps)) {
            let index = Int((self.last + 1 + ahead) % UInt64(Self.steps))
            self.sums.requests -= self.slots[index].requests
            self.sums.retries -= self.slots[index].retries
            self.slots[index] = (0, 0)
        }
        self.last = current
    }
}

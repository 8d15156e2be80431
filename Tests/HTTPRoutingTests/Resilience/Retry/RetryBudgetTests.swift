import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Retry budgets")
struct RetryBudgetTests {
    private func limits(_ change: (inout TulleL7.RetryBudget) -> Void) -> CircuitLimits {
        var budget = TulleL7.RetryBudget()
        change(&budget)
        return CircuitLimits(
            ClusterLab.settings {
                $0.retryBudget = budget
                $0.pool = TulleL7.ConnectionPool()
                // A budget takes its place.
                $0.pool?.maxRetries = 1
            }
        )
    }

    @Test(
        "retries under way are a share of the requests under way, and three in any case",
        arguments: [
            (0, 3), (10, 3), (20, 4), (100, 20),
        ]
    )
    func concurrent(_ requests: Int, _ retries: Int) {
        let limits = self.limits { $0.percent = 20 }
        let requests = (0..<requests).map { index in
            Place(index % 2 == 0 ? limits.admitRequest(now: 0) : limits.admitPending())
        }
        var held: [Place] = []
        for _ in 0..<50 {
            let place = Place(limits.admitRetry(now: 0))
            if place.isTaken { held.append(place) }
        }
        #expect(held.count == retries)
        #expect(limits.numbers.refusedRetries == 50 - retries)
        held.removeLast()
        #expect(Place(limits.admitRetry(now: 0)).isTaken)
        #expect(requests.allSatisfy { $0.isTaken })
    }

    /// Sends requests that all fail for 60 s, each with up to two retries that end at once.
    private func upstream(_ limits: CircuitLimits, perSecond: Int) -> Double {
        var attempts = 0
        for tick in 0..<(60 * perSecond) {
            let now = UInt64(tick * 1000 / perSecond)
            let request = Place(limits.admitRequest(now: now))
            attempts += request.isTaken ? 1 : 0
            for _ in 0..<2 {
                guard Place(limits.admitRetry(now: now)).isTaken else { break }
                attempts += 1
            }
        }
        return Double(attempts) / 60
    }

    @Test("R16: 20 % of 100 requests a second that all fail")
    func share() {
        let limits = self.limits {
            $0.percent = 20
            $0.intervalMilliseconds = 10_000
            $0.minPerSecond = 10
        }
        let rate = self.upstream(limits, perSecond: 100)
        #expect(rate <= 121, "\(rate)")
        #expect(rate > 115, "\(rate)")
    }

    @Test("few requests are retried at the least rate")
    func floor() {
        let limits = self.limits {
            $0.percent = 20
            $0.intervalMilliseconds = 10_000
            $0.minPerSecond = 2
        }
        let rate = self.upstream(limits, perSecond: 4)
        #expect(abs(rate - 6) < 0.2, "\(rate)")
    }

    @Test("what is over no longer counts")
    func slides() {
        let limits = self.limits {
            $0.percent = 50
            $0.intervalMilliseconds = 1000
            $0.minConcurrency = 1
        }
        for _ in 0..<10 { #expect(Place(limits.admitRequest(now: 100)).isTaken) }
        let held = (0..<8).map { _ in Place(limits.admitRetry(now: 100)) }
        #expect(held.count { $0.isTaken } == 5)
        #expect(!Place(limits.admitRetry(now: 900)).isTaken)
        // Neither requests nor retries are left, and those under way are above the least number.
        #expect(!Place(limits.admitRetry(now: 1300)).isTaken)
        for _ in 0..<10 { #expect(Place(limits.admitRequest(now: 1300)).isTaken) }
        #expect(Place(limits.admitRetry(now: 1300)).isTaken)
    }

    @Test("attempts of a request that counted already don't count again")
    func attempts() {
        let limits = self.limits {
            $0.percent = 50
            $0.intervalMilliseconds = 1000
            $0.minPerSecond = 1
        }
        for _ in 0..<10 { #expect(Place(limits.admitRequest(isRetry: true, now: 0)).isTaken) }
        #expect((0..<5).count { _ in Place(limits.admitRetry(now: 0)).isTaken } == 1)
    }

    @Test("without a budget the pool's bound holds")
    func bound() {
        let limits = CircuitLimits(
            ClusterLab.settings {
                $0.pool = TulleL7.ConnectionPool()
                $0.pool?.maxRetries = 2
            }
        )
        let held = (0..<5).map { _ in Place(limits.admitRetry(now: 0)) }
        #expect(held.count { $0.isTaken } == 2)
    }
}

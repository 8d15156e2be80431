import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Slow start")
struct SlowStartTests {
    private static func settings(aggression: UInt32 = 0, minimum: UInt32 = 0) -> TulleL7.SlowStart {
        var settings = TulleL7.SlowStart()
        settings.windowMilliseconds = 60_000
        settings.aggression = aggression
        settings.minimumPercent = minimum
        return settings
    }

    @Test(
        "R5: a new endpoint's share grows",
        arguments: [TulleL7.LoadBalancer.Algorithm.leastRequest, .roundRobin]
    )
    func growth(_ algorithm: TulleL7.LoadBalancer.Algorithm) {
        let cluster = ClusterLab.cluster((0..<3).map { ClusterLab.endpoint($0) }) {
            $0.loadBalancer = ClusterLab.balancer(algorithm) { $0.slowStart = Self.settings() }
        }
        cluster.update(endpoints: (0..<4).map { ClusterLab.endpoint($0) }, now: 100_000)
        let shares = [0, 15_000, 30_000, 45_000, 60_000].map { age in
            Double(cluster.picks(4000, now: 100_000 + age)["e3"] ?? 0) / 4000
        }
        #expect(shares == shares.sorted(), "\(shares)")
        // A tenth of a share beside three whole ones, half of one, and at the end as much as the others.
        for (share, wanted) in zip(shares, [0.1 / 3.1, 0.25 / 3.25, 0.5 / 3.5, 0.75 / 3.75, 0.25]) {
            #expect(abs(share - wanted) < 0.025, "\(shares)")
        }
    }

    @Test("where all are new nothing changes")
    func all() {
        let cluster = ClusterLab.cluster((0..<4).map { ClusterLab.endpoint($0) }) {
            $0.loadBalancer = ClusterLab.balancer(.leastRequest) { $0.slowStart = Self.settings() }
        }
        #expect(cluster.picks(400).values.allSatisfy { abs($0 - 100) <= 1 })
    }

    @Test("the window begins anew when an endpoint becomes ready")
    func ready() {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0), ClusterLab.endpoint(1, isHealthy: false)]) {
            $0.loadBalancer = ClusterLab.balancer(.leastRequest) { $0.slowStart = Self.settings() }
        }
        cluster.update(endpoints: [ClusterLab.endpoint(0), ClusterLab.endpoint(1)], now: 500_000)
        let early = cluster.picks(1100, now: 500_000)["e1"] ?? 0
        #expect(abs(early - 100) < 20, "\(early)")
    }

    @Test("the ramp has the shape that was asked for")
    func shape() throws {
        let linear = try #require(SlowStartRamp(Self.settings()))
        #expect(linear.factor(since: 0, now: 30_000) == 0.5)
        #expect(linear.factor(since: 0, now: 0) == 0.1)
        #expect(linear.factor(since: 0, now: 60_000) == 1)
        #expect(linear.factor(since: 9, now: 0) == 0.1)
        let fast = try #require(SlowStartRamp(Self.settings(aggression: 2000)))
        #expect(abs(fast.factor(since: 0, now: 15_000) - 0.5) < 1e-6)
        let slow = try #require(SlowStartRamp(Self.settings(aggression: 500, minimum: 1)))
        #expect(abs(slow.factor(since: 0, now: 15_000) - 0.0625) < 1e-6)
        #expect(SlowStartRamp(nil) == nil)
        #expect(SlowStartRamp(TulleL7.SlowStart()) == nil)
    }

    @Test(arguments: [
        (0.5, 0.5, 0.70710678), (0.25, 1.5, 0.125), (0.9, 1.0 / 3, 0.96548938), (0.0, 2.0, 0.0), (1.0, 9.0, 1.0),
    ])
    func powers(_ base: Double, _ exponent: Double, _ result: Double) {
        #expect(abs(SlowStartRamp.power(base, exponent) - result) < 1e-6)
    }
}

import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Algorithms")
struct AlgorithmTests {
    @Test("R2: LEAST_REQUEST leaves a slow endpoint alone")
    func slow() throws {
        let cluster = ClusterLab.cluster((0..<3).map { ClusterLab.endpoint($0) })
        // Requests to e0 take ten times as long: 100 steps, others 10; ten requests begin with each step.
        var underWay: [(end: Int, use: UseBox)] = []
        var counts: [String: Int] = [:]
        var random = PickRandom(3)
        for step in 0..<2000 {
            underWay.removeAll { $0.end <= step }
            let endpoint = try #require(cluster.endpoint(random: random.next()))
            counts[endpoint.id, default: 0] += 1
            underWay.append((step + (endpoint.id == "e0" ? 100 : 10), UseBox(endpoint)))
        }
        #expect((counts["e0"] ?? 0) < 2000 / 6, "\(counts)")
        underWay = []
        #expect(cluster.statistics.endpoints.allSatisfy { $0.active == 0 })
    }

    /// Keeps a use in a collection.
    private final class UseBox {
        private let use: EndpointUse
        init(_ endpoint: EndpointHandle) { self.use = endpoint.beginUse() }
    }

    @Test("among two that were drawn the one with fewer active requests is taken")
    func fewer() throws {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0), ClusterLab.endpoint(1)])
        let busy = try #require(cluster.handle("e0"))
        let use = busy.beginUse()
        let counts = cluster.picks(4000)
        // Only drawing the busy one twice takes it.
        #expect(abs((counts["e0"] ?? 0) - 1000) < 120, "\(counts)")
        use.end()
        #expect(busy.active == 0)
    }

    @Test("LEAST_REQUEST follows weights where they differ, and load beside them")
    func weightedLeastRequest() throws {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0, weight: 1), ClusterLab.endpoint(1, weight: 3)])
        let idle = cluster.picks(4000)
        #expect(abs((idle["e1"] ?? 0) - 3000) < 40, "\(idle)")
        let heavy = try #require(cluster.handle("e1"))
        let first = heavy.beginUse()
        let second = heavy.beginUse()
        // Its weight of 3 is that of one now.
        let busy = cluster.picks(4000)
        #expect(abs((busy["e1"] ?? 0) - 2000) < 40, "\(busy)")
        first.end()
        second.end()
    }

    @Test("ROUND_ROBIN takes turns", arguments: [1, 2, 7, 30])
    func turns(_ count: Int) {
        let cluster = ClusterLab.cluster((0..<count).map { ClusterLab.endpoint($0) }) {
            $0.loadBalancer = ClusterLab.balancer(.roundRobin)
        }
        let counts = cluster.picks(count * 10)
        #expect(counts.count == count)
        #expect(counts.values.allSatisfy { $0 == 10 })
    }

    @Test("ROUND_ROBIN gives each its weight in every round")
    func weightedTurns() {
        let cluster = ClusterLab.cluster((0..<4).map { ClusterLab.endpoint($0, weight: UInt32($0 + 1)) }) {
            $0.loadBalancer = ClusterLab.balancer(.roundRobin)
        }
        let counts = cluster.picks(1000)
        for index in 0..<4 { #expect(abs((counts["e\(index)"] ?? 0) - 100 * (index + 1)) <= 1, "\(counts)") }
    }

    @Test("clusters with other seeds begin at other endpoints")
    func offsets() {
        let firsts = (0..<20).compactMap { seed in
            ClusterLab.cluster((0..<10).map { ClusterLab.endpoint($0) }, seed: UInt64(seed)) {
                $0.loadBalancer = ClusterLab.balancer(.roundRobin)
            }.endpoint(random: 1)?.id
        }
        #expect(Set(firsts).count > 4)
    }

    @Test("RANDOM follows weights")
    func alias() {
        let cluster = ClusterLab.cluster((0..<4).map { ClusterLab.endpoint($0, weight: UInt32($0 + 1)) }) {
            $0.loadBalancer = ClusterLab.balancer(.random)
        }
        let counts = cluster.picks(20_000)
        for index in 0..<4 {
            #expect(abs((counts["e\(index)"] ?? 0) - 2000 * (index + 1)) < 200, "\(counts)")
        }
    }

    @Test(
        "a weight of zero takes no traffic",
        arguments: [
            TulleL7.LoadBalancer.Algorithm.leastRequest, .roundRobin, .random, .ringHash, .maglev,
        ]
    )
    func zero(_ algorithm: TulleL7.LoadBalancer.Algorithm) {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0, weight: 0), ClusterLab.endpoint(1, weight: 2)]) {
            $0.loadBalancer = ClusterLab.balancer(algorithm) { $0.tableSize = 101 }
        }
        #expect(cluster.picks(200) == ["e1": 200])
        cluster.update(endpoints: [ClusterLab.endpoint(0, weight: 0)], now: 1)
        #expect(cluster.endpoint(random: 1) == nil)
    }

    @Test("an algorithm of another version of the protocol is the default")
    func unknown() {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0), ClusterLab.endpoint(1)]) {
            $0.loadBalancer = ClusterLab.balancer(TulleL7.LoadBalancer.Algorithm(rawValue: 99))
        }
        #expect(cluster.picks(100).count == 2)
    }
}

import MeshModel
import MeshProtos
import MeshTelemetry
import Synchronization
import Testing

@testable import HTTPRouting

@Suite("Clusters")
struct ClusterStateTests {
    @Test("R28: a subset's endpoints have its labels; an empty one is UH, an unknown one NC")
    func subsets() {
        let endpoints = [
            ClusterLab.endpoint(0, labels: ["version": "v1", "app": "echo"]),
            ClusterLab.endpoint(1, labels: ["version": "v2"]),
            ClusterLab.endpoint(2),
        ]
        func result(_ change: (inout TulleL7.Cluster) -> Void) -> PickResult {
            ClusterLab.cluster(endpoints, change).pick(now: 0, random: 3)
        }
        let first = ClusterLab.cluster(endpoints) { $0.subsetLabels = ["version": "v1"] }
        #expect(first.picks(20) == ["e0": 20])
        let empty = result { $0.subsetLabels = ["version": "v3"] }
        #expect(empty.flags == .noHealthyUpstream)
        let missing = result { $0.missing = true }
        #expect(missing.flags == .noClusterFound)
    }

    @Test("endpoints that are not ready are used only where the service says so")
    func unready() {
        let endpoints = [ClusterLab.endpoint(0, isHealthy: false), ClusterLab.endpoint(1)]
        #expect(ClusterLab.cluster(endpoints).picks(100) == ["e1": 100])
        #expect(ClusterLab.cluster(endpoints) { $0.usesUnready = true }.picks(100).count == 2)
        let panicking = ClusterLab.cluster(endpoints) {
            $0.loadBalancer?.locality = ClusterLab.locality(.none) { $0.panicPercent = 90 }
            $0.outliers = ClusterLab.outliers()
        }
        #expect(panicking.picks(100) == ["e1": 100], "not even in panic")
    }

    @Test("R29: an endpoint that drains gets nothing new, and what is under way stays counted")
    func drain() throws {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0), ClusterLab.endpoint(1)])
        let draining = try #require(cluster.handle("e0"))
        let use = draining.beginUse()
        cluster.update(endpoints: [ClusterLab.endpoint(0, isDraining: true), ClusterLab.endpoint(1)], now: 1)
        #expect(cluster.picks(200) == ["e1": 200])
        #expect(cluster.statistics.endpoints.first?.active == 1)
        cluster.update(endpoints: [ClusterLab.endpoint(1)], now: 2)
        cluster.report(draining, .status(200), now: 3)
        use.end()
        #expect(draining.active == 0)
    }

    @Test("a session stays with its endpoint while that is well, also while it drains")
    func session() throws {
        let cluster = ClusterLab.cluster((0..<5).map { ClusterLab.endpoint($0) }) {
            $0.outliers = ClusterLab.outliers()
        }
        let endpoint = try #require(cluster.handle("e3"))
        let demand = PickDemand(session: endpoint.address)
        #expect(cluster.picks(50, demand) == ["e3": 50])
        #expect(cluster.endpoint(PickDemand(tried: [endpoint], session: endpoint.address), random: 1)?.id != "e3")
        cluster.update(endpoints: (0..<5).map { ClusterLab.endpoint($0, isDraining: $0 == 3) }, now: 1)
        #expect(cluster.picks(50, demand) == ["e3": 50])
        cluster.update(endpoints: (0..<5).map { ClusterLab.endpoint($0) }, now: 2)
        cluster.eject([endpoint])
        #expect(cluster.picks(200, demand)["e3"] == nil)
        cluster.update(endpoints: [ClusterLab.endpoint(0)], now: 3)
        #expect(cluster.picks(50, demand) == ["e0": 50])
    }

    @Test("counters stay with an endpoint's id and address")
    func identity() throws {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0)])
        let before = try #require(cluster.endpoint(random: 0))
        let use = before.beginUse()
        cluster.update(endpoints: [ClusterLab.endpoint(0, weight: 5, labels: ["a": "b"])], now: 1)
        let after = try #require(cluster.endpoint(random: 0))
        #expect(after.isSame(as: before))
        #expect(after.facts.weight == 5)
        #expect(after.active == 1)
        var moved = ClusterLab.endpoint(0)
        moved.address.port = 9090
        cluster.update(endpoints: [moved], now: 2)
        #expect(cluster.endpoint(random: 0)?.active == 0)
        use.end()
        #expect(before.active == 0)
    }

    @Test("an endpoint that discovery tells twice is one")
    func twice() {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0), ClusterLab.endpoint(0), ClusterLab.endpoint(1)])
        #expect(cluster.statistics.total == 2)
    }

    @Test("a cluster without endpoints has none")
    func empty() {
        let cluster = ClusterState(ClusterLab.settings(), place: ClientPlace(), seed: 0)
        #expect(cluster.pick(now: 0, random: 0).flags == .noHealthyUpstream)
        #expect(cluster.statistics.healthy == 0)
        #expect(cluster.tick(now: 0) == nil)
    }

    private final class Tally: Sendable {
        let count = Atomic<Int>(0)
    }

    @Test("threads that choose, report and change at once leave no count behind", .timeLimit(.minutes(1)))
    func threads() async {
        let cluster = ClusterLab.cluster((0..<20).map { ClusterLab.endpoint($0) }) {
            $0.loadBalancer = ClusterLab.balancer(.roundRobin)
            $0.outliers = ClusterLab.outliers { $0.consecutive5xx = 3 }
            $0.pool = TulleL7.ConnectionPool()
            $0.pool?.maxRequests = 3
        }
        let above = Tally()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var random = PickRandom(UInt64(worker))
                    for step in 0..<3000 {
                        guard let place = cluster.limits.admitRequest(now: UInt64(step)) else { continue }
                        if cluster.limits.numbers.requests > 3 { above.count.wrappingAdd(1, ordering: .relaxed) }
                        if let endpoint = cluster.endpoint(now: UInt64(step), random: random.next()) {
                            let use = endpoint.beginUse()
                            let status = random.below(3) == 0 ? 200 : 500
                            cluster.report(endpoint, .status(status), now: UInt64(step))
                            use.end()
                        }
                        place.release()
                    }
                }
            }
            group.addTask {
                for step in 0..<200 {
                    let facts = (0..<20).filter { ($0 + step) % 5 != 0 }.map {
                        ClusterLab.endpoint($0, weight: UInt32(1 + (step + $0) % 3))
                    }
                    cluster.update(endpoints: facts, now: UInt64(step * 15))
                    cluster.tick(now: UInt64(step * 15))
                }
            }
        }
        #expect(above.count.load(ordering: .relaxed) == 0)
        let statistics = cluster.statistics
        #expect(statistics.endpoints.allSatisfy { $0.active == 0 })
        #expect(statistics.limits?.requests == 0)
        #expect(statistics.endpoints.count { $0.priority != nil } > 0)
    }
}

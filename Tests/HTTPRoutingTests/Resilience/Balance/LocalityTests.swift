import MeshModel
import MeshProtos
import MeshTelemetry
import Testing

@testable import HTTPRouting

@Suite("Locality")
struct LocalityTests {
    private static let home = ClientPlace(
        locality: Locality(region: "r1", zone: "z1", subzone: "s1"),
        labels: ["version": "v1"],
        node: "n1",
        network: "net1"
    )

    /// Some endpoints in each locality, ten unless a number is given.
    private func endpoints(_ localities: [String], each: Int = 10) -> [EndpointFacts] {
        localities.enumerated().flatMap { offset, locality in
            (0..<each).map { ClusterLab.endpoint(offset * each + $0, locality: locality) }
        }
    }

    private func shares(_ cluster: ClusterState, picks: Int = 10_000, _ demand: PickDemand = PickDemand()) -> [String:
        Double]
    {
        var shares: [String: Double] = [:]
        let localities = Dictionary(
            cluster.statistics.endpoints.map { ($0.facts.id, $0.facts.locality.description) },
            uniquingKeysWith: { first, _ in first }
        )
        for (id, count) in cluster.picks(picks, demand) {
            shares[localities[id] ?? "", default: 0] += Double(count) / Double(picks)
        }
        return shares
    }

    @Test(
        "R18: a zone whose endpoints fail spills over by the table",
        arguments: [(100, 100), (72, 100), (71, 99), (50, 70), (25, 35), (0, 0)]
    )
    func spill(_ healthyPercent: Int, _ wanted: Int) {
        let cluster = ClusterLab.cluster(self.endpoints(["r1/z1/s1", "r1/z2"], each: 100), place: Self.home) {
            $0.loadBalancer?.locality = ClusterLab.locality(.failover)
            $0.outliers = ClusterLab.outliers()
        }
        let own = cluster.statistics.endpoints.filter { $0.facts.locality.zone == "z1" }.map(\.facts)
        var failed = own.prefix(100 - healthyPercent).map(\.id)
        var random = PickRandom(5)
        while !failed.isEmpty {
            guard let endpoint = cluster.endpoint(random: random.next()) else { break }
            guard let index = failed.firstIndex(of: endpoint.id) else { continue }
            failed.remove(at: index)
            cluster.eject([endpoint])
        }
        #expect(cluster.statistics.ejected == 100 - healthyPercent)
        let share = self.shares(cluster)["r1/z1/s1"] ?? 0
        #expect(abs(share - Double(wanted) / 100) < 0.02, "\(share)")
    }

    @Test(
        "loads follow Envoy's arithmetic",
        arguments: [
            ([(100, 100), (100, 100)], [100, 0]),
            ([(71, 100), (100, 100)], [99, 1]),
            ([(25, 100), (25, 100)], [50, 50]),
            ([(0, 100), (0, 100)], [0, 0]),
            ([(10, 100), (10, 100), (10, 100)], [34, 33, 33]),
            ([(0, 10), (5, 10), (10, 10)], [0, 70, 30]),
        ] as [([(Int, Int)], [Int])]
    )
    func loads(_ counts: [(Int, Int)], _ shares: [Int]) {
        let counts = counts.map { PriorityLoads.Count(healthy: $0.0, total: $0.1) }
        let none = Array(repeating: 0, count: counts.count)
        #expect(PriorityLoads(counts, panicPercent: 0).shares == shares + none)
    }

    @Test("failover prefers subzone, zone, region, then others, and leaves out what is empty")
    func order() throws {
        let all = ["r3/z9", "r2/z1", "r1/z2", "r1/z1/s2", "r1/z1/s1"]
        var left = all
        while let nearest = left.popLast() {
            let cluster = ClusterLab.cluster(self.endpoints(left + [nearest]), place: Self.home) {
                $0.loadBalancer?.locality = ClusterLab.locality(.failover)
            }
            let shares = self.shares(cluster, picks: 300)
            // Two foreign regions are the same.
            let wanted = nearest.hasPrefix("r2") ? ["r2/z1", "r3/z9"] : [nearest]
            #expect(shares.keys.sorted() == wanted.sorted())
            #expect(cluster.statistics.endpoints.contains { $0.priority == 0 })
        }
    }

    @Test("a failover pair puts its region before others")
    func pair() {
        let cluster = ClusterLab.cluster(self.endpoints(["r3/z9", "r2/z1"]), place: Self.home) {
            $0.loadBalancer?.locality = ClusterLab.locality(.failover) {
                var pair = TulleL7.Locality.Failover()
                pair.from = "r1"
                pair.to = "r3"
                $0.failover = [pair]
            }
        }
        #expect(self.shares(cluster, picks: 300).keys.sorted() == ["r3/z9"])
    }

    @Test("R19: places get their shares")
    func distribute() {
        let cluster = ClusterLab.cluster(
            self.endpoints(["r1/z1", "r1/z2", "r1/z3"]),
            place: Self.home
        ) { $0.loadBalancer?.locality = Self.eightyTwenty }
        let shares = self.shares(cluster)
        #expect(abs((shares["r1/z1"] ?? 0) - 0.8) < 0.03)
        #expect(abs((shares["r1/z2"] ?? 0) - 0.2) < 0.03)
        #expect(shares["r1/z3"] == nil)
    }

    private static var eightyTwenty: TulleL7.Locality {
        ClusterLab.locality(.distribute) { locality in
            var rule = TulleL7.Locality.Distribute()
            rule.from = "r1/z1/*"
            rule.to = [("r1/z1/*", 80), ("r1/z2/*", 20)].map { place, percent in
                var share = TulleL7.Locality.Share()
                share.place = place
                share.percent = UInt32(percent)
                return share
            }
            locality.distribute = [rule]
        }
    }

    @Test("shares hold for consistent choices too, and a key has one endpoint")
    func distributeRing() {
        let cluster = ClusterLab.cluster(self.endpoints(["r1/z1", "r1/z2"]), place: Self.home) {
            $0.loadBalancer = ClusterLab.balancer(.ringHash) {
                $0.locality = Self.eightyTwenty
                $0.ringSize = 20_000
            }
        }
        #expect(abs((self.shares(cluster)["r1/z1"] ?? 0) - 0.8) < 0.05)
        #expect(cluster.picks(100, PickDemand(hash: 77)).count == 1)
    }

    @Test("a place whose endpoints fail loses of its share what it can't carry")
    func distributeFailing() {
        let cluster = ClusterLab.cluster(self.endpoints(["r1/z1", "r1/z2"]), place: Self.home) {
            $0.loadBalancer?.locality = Self.eightyTwenty
            $0.outliers = ClusterLab.outliers()
        }
        let handles = cluster.handles()
        cluster.eject((0..<5).compactMap { handles["e\($0)"] })
        // 80 × 1.4 × 0.5 = 56 against 20.
        #expect(abs((self.shares(cluster)["r1/z1"] ?? 0) - 56.0 / 76) < 0.03)
    }

    @Test("a distribution for another place changes nothing")
    func distributeElsewhere() {
        let cluster = ClusterLab.cluster(
            self.endpoints(["r1/z1", "r1/z2", "r1/z3"]),
            place: ClientPlace(locality: Locality(region: "r9"))
        ) { $0.loadBalancer?.locality = Self.eightyTwenty }
        #expect(self.shares(cluster).count == 3)
    }

    @Test("R20: labels in order, and a written value in place of our own")
    func labels() {
        let versions = ["v1", "v2"].enumerated().flatMap { offset, version in
            ["r1/z1", "r2/z1"].enumerated().map { inner, locality in
                ClusterLab.endpoint(offset * 2 + inner, locality: locality, labels: ["version": version])
            }
        }
        func first(_ priority: [String]) -> [String: Int] {
            ClusterLab.cluster(versions, place: Self.home) {
                $0.loadBalancer?.locality = ClusterLab.locality(.priority) { $0.priority = priority }
            }.picks(50)
        }
        #expect(first(["version", "topology.kubernetes.io/region"]) == ["e0": 50])
        #expect(first(["version=v2", "topology.kubernetes.io/region"]) == ["e2": 50])
        #expect(first(["topology.kubernetes.io/region=r2", "version=v2"]) == ["e3": 50])
    }

    @Test("R20: a differing first label comes last of all")
    func labelOrder() {
        let endpoints = [("v2", "r1/z1"), ("v1", "r2/z2"), ("v1", "r1/z2"), ("v1", "r1/z1")].enumerated().map {
            ClusterLab.endpoint($0, locality: $1.1, labels: ["version": $1.0])
        }
        let cluster = ClusterLab.cluster(endpoints, place: Self.home) {
            $0.loadBalancer?.locality = ClusterLab.locality(.priority) {
                $0.priority = ["version", "topology.kubernetes.io/region", "topology.kubernetes.io/zone"]
            }
        }
        #expect(cluster.statistics.endpoints.map(\.priority) == [3, 2, 1, 0])
    }

    @Test("R21: with too few well, all are used")
    func panic() {
        let cluster = ClusterLab.cluster(self.endpoints([""]), place: Self.home) {
            $0.loadBalancer?.locality = ClusterLab.locality(.none) { $0.panicPercent = 50 }
            $0.outliers = ClusterLab.outliers()
        }
        let handles = cluster.handles()
        cluster.eject((0..<5).compactMap { handles["e\($0)"] })
        #expect(cluster.picks(2000).count == 5, "half is enough")
        cluster.eject([handles["e5"]].compactMap { $0 })
        #expect(cluster.statistics.ejected == 6)
        #expect(cluster.picks(2000).count == 10)
    }

    @Test("without a threshold nobody is used who is not well")
    func noPanic() {
        let cluster = ClusterLab.cluster(self.endpoints([""], each: 2), place: Self.home) {
            $0.outliers = ClusterLab.outliers()
        }
        cluster.eject(Array(cluster.handles().values))
        #expect(cluster.statistics.ejected == 2)
        #expect(cluster.pick(now: 0, random: 1).flags == .noHealthyUpstream)
    }

    @Test("when all priorities panic, each endpoint gets as much as another")
    func totalPanic() {
        let counts = [(1, 10), (2, 30)].map { PriorityLoads.Count(healthy: $0.0, total: $0.1) }
        let loads = PriorityLoads(counts, panicPercent: 50)
        #expect(loads.panics == [true, true])
        #expect(loads.shares == [25, 75, 0, 0])
    }

    @Test("a priority does not panic while another carries its traffic")
    func carried() {
        let counts = [(1, 10), (10, 10)].map { PriorityLoads.Count(healthy: $0.0, total: $0.1) }
        let loads = PriorityLoads(counts, panicPercent: 50)
        #expect(loads.panics == [false, false])
        #expect(loads.shares == [14, 86, 0, 0])
    }

    @Test("R22: the same zone only, others when it is empty, without outlier detection")
    func sameZone() {
        let preference = [
            "topology.istio.io/network", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
        ]
        var endpoints = self.endpoints(["r1/z1", "r1/z2", "r2/z1"])
        for index in endpoints.indices { endpoints[index].network = "net1" }
        let cluster = ClusterLab.cluster(endpoints, place: Self.home) {
            $0.loadBalancer?.locality = ClusterLab.locality(.priority) { $0.priority = preference }
        }
        #expect(self.shares(cluster, picks: 300).keys.sorted() == ["r1/z1"])
        for index in endpoints.indices where endpoints[index].locality.zone == "z1" {
            endpoints[index].isHealthy = false
        }
        cluster.update(endpoints: endpoints, now: 1)
        #expect(self.shares(cluster, picks: 300).keys.sorted() == ["r1/z2"])
    }

    @Test("R30: without a zone the region decides")
    func regionOnly() {
        let place = ClientPlace(locality: Locality(region: "r1"))
        let cluster = ClusterLab.cluster(self.endpoints(["r1/z1", "r2/z1"]), place: place) {
            $0.loadBalancer?.locality = ClusterLab.locality(.failover)
        }
        #expect(self.shares(cluster, picks: 300).keys.sorted() == ["r1/z1"])
        let nowhere = ClusterLab.cluster(self.endpoints(["r1/z1", ""])) {
            $0.loadBalancer?.locality = ClusterLab.locality(.failover)
        }
        #expect(self.shares(nowhere, picks: 300).keys.sorted() == [""])
    }

    @Test(arguments: [
        ("r1/z1/*", true), ("r1/z1/s1", true), ("r1/*", true), ("*", true), ("r1", true), ("r1/z2/*", false),
        ("r1/z1/s2", false), ("r2/*", false), ("", true),
    ])
    func patterns(_ pattern: String, _ matches: Bool) {
        #expect(PlacePreference.matches(Self.home.locality, pattern) == matches)
    }
}

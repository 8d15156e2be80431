import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Consistent choices")
struct ConsistentHashTests {
    private static let algorithms: [TulleL7.LoadBalancer.Algorithm] = [.ringHash, .maglev]

    private func cluster(_ endpoints: [EndpointFacts], _ algorithm: TulleL7.LoadBalancer.Algorithm) -> ClusterState {
        ClusterLab.cluster(endpoints) {
            $0.loadBalancer = ClusterLab.balancer(algorithm) { $0.tableSize = 10_007 }
            $0.outliers = ClusterLab.outliers()
        }
    }

    private func places(_ cluster: ClusterState, keys: Int = 4000) -> [String?] {
        (0..<keys).map { key in
            cluster.endpoint(PickDemand(hash: XXHash64.hash("key-\(key)")), random: UInt64(key))?.id
        }
    }

    @Test("a key has one endpoint, whatever is drawn", arguments: algorithms)
    func stable(_ algorithm: TulleL7.LoadBalancer.Algorithm) {
        let cluster = self.cluster((0..<5).map { ClusterLab.endpoint($0) }, algorithm)
        #expect(cluster.picks(200, PickDemand(hash: 12_345)).count == 1)
        #expect(cluster.picks(200).count == 5)
    }

    @Test("keys are spread over endpoints by weight", arguments: algorithms)
    func spread(_ algorithm: TulleL7.LoadBalancer.Algorithm) {
        let cluster = self.cluster([ClusterLab.endpoint(0), ClusterLab.endpoint(1, weight: 3)], algorithm)
        let share = self.places(cluster).count { $0 == "e1" }
        #expect(abs(share - 3000) < 300, "\(share)")
    }

    @Test("R4: an endpoint that goes moves hardly more than its own keys", arguments: algorithms)
    func removal(_ algorithm: TulleL7.LoadBalancer.Algorithm) {
        let all = (0..<10).map { ClusterLab.endpoint($0) }
        let cluster = self.cluster(all, algorithm)
        let before = self.places(cluster)
        cluster.update(endpoints: all.filter { $0.id != "e3" }, now: 1)
        let after = self.places(cluster)
        #expect(!after.contains("e3"))
        let moved = zip(before, after).count { $0 != $1 }
        let own = before.count { $0 == "e3" }
        let others = moved - own
        // A ring moves nothing else; Maglev's table a little.
        #expect(algorithm == .ringHash ? others == 0 : others < before.count / 50, "\(others) of \(before.count)")
        #expect(Double(moved) / Double(before.count) < 0.1 + 0.03, "\(moved)")
        cluster.update(endpoints: all, now: 2)
        #expect(self.places(cluster) == before)
    }

    @Test("an ejected endpoint's keys move, and come back", arguments: algorithms)
    func ejection(_ algorithm: TulleL7.LoadBalancer.Algorithm) throws {
        let cluster = self.cluster((0..<4).map { ClusterLab.endpoint($0) }, algorithm)
        let before = self.places(cluster, keys: 200)
        let demand = PickDemand(hash: XXHash64.hash("key-0"))
        let endpoint = try #require(cluster.endpoint(demand, random: 0))
        cluster.eject([endpoint])
        #expect(cluster.endpoint(demand, random: 0)?.id != endpoint.id)
        cluster.tick(now: 60_000)
        #expect(self.places(cluster, keys: 200) == before)
    }

    @Test("a retry with a key may go to the same endpoint")
    func retry() throws {
        let cluster = self.cluster((0..<4).map { ClusterLab.endpoint($0) }, .ringHash)
        var demand = PickDemand(hash: 99)
        let first = try #require(cluster.endpoint(demand, random: 0))
        demand.tried = [first]
        #expect(cluster.endpoint(demand, random: 1)?.id == first.id)
        demand.hash = nil
        #expect(cluster.endpoint(demand, random: 1)?.id != first.id)
    }

    @Test("a ring has as many entries as asked for, and each endpoint some")
    func ringSize() {
        let even = HashRing(["a", "b", "c"], weights: [1, 1, 1], minimumSize: 1024)
        #expect(even.count == 1536)
        #expect(HashRing(["a", "b", "c"], weights: [1, 1, 1], minimumSize: 10_000).count == 10_002)
        #expect(HashRing(["a", "b"], weights: [1, 2], minimumSize: 3).count == 1536)
        let uneven = HashRing(["a", "b"], weights: [1, 100_000], minimumSize: 1)
        #expect(uneven.count == 100_001)
        let many = HashRing((0..<1000).map(String.init), weights: Array(repeating: 1, count: 1000), minimumSize: 1024)
        #expect(many.count == 65_000)
        let steep = HashRing(["a", "b"], weights: [1, 4_000_000_000], minimumSize: 1024)
        #expect((262_144...262_146).contains(steep.count))
        #expect(HashRing([], weights: [], minimumSize: 8).place(of: 1) == nil)
    }

    @Test("Maglev's table is full, even and of a prime size")
    func maglevSize() {
        let names = (0..<7).map { "10.0.0.\($0):80" }
        let table = MaglevTable(names, weights: Array(repeating: 1, count: 7), size: 100)
        #expect(table.count == 101)
        var counts = Array(repeating: 0, count: 7)
        for key in 0..<101 { if let place = table.place(of: UInt64(key)) { counts[place] += 1 } }
        #expect(counts.allSatisfy { (14...15).contains($0) }, "\(counts)")
        let steep = MaglevTable(["a", "b", "c"], weights: [1, 100, 1], size: 10_007)
        let heavy = (0..<10_007).count { steep.place(of: UInt64($0)) == 1 }
        #expect(abs(heavy - 9811) < 5, "\(heavy)")
        #expect(MaglevTable([], weights: [], size: 5).place(of: 1) == nil)
        #expect(MaglevTable.size(for: .max) == MaglevTable.maximumSize)
        #expect(MaglevTable.size(for: 0) == 2)
    }
}

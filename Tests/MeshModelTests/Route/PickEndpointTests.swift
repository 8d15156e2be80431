import Testing

@testable import MeshModel

@Suite struct PickEndpointTests {
    private static let vip = Mesh.socket("240.240.0.1:80")

    private static func source(_ locality: Locality, network: String = "n1") -> Workload {
        Mesh.workload("shell", "10.9.9.9") {
            $0.network = network
            $0.locality = locality
        }
    }

    private func picked(
        _ endpoints: [Workload],
        _ balancing: LoadBalancing,
        from source: Workload,
        draws: Int = 200
    ) -> [String: Int] {
        let service = Mesh.service {
            $0.loadBalancing = balancing
            $0.vips = [NetworkAddress(network: source.network, ip: Self.vip.ip)]
        }
        let mesh = Mesh.snapshot(endpoints, [service])
        var random = SeededGenerator(state: 7)
        var counts: [String: Int] = [:]
        for _ in 0..<draws {
            let decision = mesh.routeOutbound(to: Self.vip, from: source, random: &random)
            guard case .tunnel(let route) = decision else { continue }
            counts[route.workload.name, default: 0] += 1
        }
        return counts
    }

    private static let endpoints: [Workload] = [
        Mesh.endpoint("match", "10.0.0.1") {
            $0.network = "n1"
            $0.locality = Locality(region: "r", zone: "z")
        },
        Mesh.endpoint("almost", "10.0.0.2") {
            $0.network = "n1"
            $0.locality = Locality(region: "r", zone: "other")
        },
        Mesh.endpoint("nowhere", "10.0.0.3") { $0.network = "n1" },
        Mesh.endpoint("far", "10.0.0.4") {
            $0.network = "n2"
            $0.locality = Locality(region: "r", zone: "z")
        },
        Mesh.endpoint("mute") {
            $0.network = "n1"
            $0.locality = Locality(region: "r", zone: "z")
        },
    ]

    private static let preference: [LoadBalancing.Scope] = [.network, .region, .zone]

    @Test func failoverTakesTheNearestGroup() {
        let failover = LoadBalancing(mode: .failover, preference: Self.preference)
        func names(_ locality: Locality) -> Set<String> {
            Set(self.picked(Self.endpoints, failover, from: Self.source(locality)).keys)
        }
        #expect(names(Locality(region: "r", zone: "z")) == ["match"])
        #expect(names(Locality(region: "r", zone: "y")) == ["match", "almost"])
        #expect(names(Locality(region: "q", zone: "z")) == ["match", "almost", "nowhere"])
        let rest = Self.endpoints.filter { $0.name != "match" }
        let next = self.picked(rest, failover, from: Self.source(Locality(region: "r", zone: "z")))
        #expect(Set(next.keys) == ["almost"])
    }

    @Test func strictTakesFullMatchesOnly() {
        let strict = LoadBalancing(mode: .strict, preference: Self.preference)
        let here = self.picked(Self.endpoints, strict, from: Self.source(Locality(region: "r", zone: "z")))
        #expect(Set(here.keys) == ["match"])
        #expect(self.picked(Self.endpoints, strict, from: Self.source(Locality(region: "q", zone: "z"))).isEmpty)
    }

    @Test func withoutAModeEveryEndpointOfTheNetworkCounts() {
        let counts = self.picked(Self.endpoints, LoadBalancing(), from: Self.source(Locality(region: "r", zone: "z")))
        #expect(Set(counts.keys) == ["match", "almost", "nowhere"])
    }

    @Test func capacityIsTheWeight() throws {
        let endpoints = [
            Mesh.endpoint("one", "10.0.0.1"), Mesh.endpoint("three", "10.0.0.2") { $0.capacity = 3 },
            Mesh.endpoint("zero", "10.0.0.3") { $0.capacity = 0 },
        ]
        let source = Mesh.workload("shell", "10.9.9.9")
        let counts = self.picked(endpoints, LoadBalancing(), from: source, draws: 4000)
        #expect(counts["zero"] == nil)
        #expect(abs(try #require(counts["three"]) - 3000) < 200)
    }

    @Test func theLargestCapacitiesDoNotOverflow() {
        let endpoints = (1...9).map { number in
            Mesh.endpoint("e\(number)", "10.0.0.\(number)") { $0.capacity = .max }
        }
        let counts = self.picked(endpoints, LoadBalancing(), from: Mesh.workload("shell", "10.9.9.9"))
        #expect(counts.values.reduce(0, +) == 200)
    }
}

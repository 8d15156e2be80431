import Testing

@testable import MeshModel

@Suite struct EndpointDrawTests {
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
        let mesh = Mesh.snapshot(endpoints + Self.gateways, [service])
        var random = SeededGenerator(state: 7)
        var counts: [String: Int] = [:]
        for _ in 0..<draws {
            let decision = mesh.routeOutbound(to: Self.vip, from: source, random: &random)
            guard let route = decision.routes.first else { continue }
            counts[route.workload.name, default: 0] += 1
        }
        return counts
    }

    private static let endpoints: [Workload] = [
        Mesh.endpoint("match", "10.0.0.1") {
            $0.network = "n1"
            $0.networkGateway = EndpointDrawTests.gateway("10.1.0.1", "n1")
            $0.locality = Locality(region: "r", zone: "z")
        },
        Mesh.endpoint("almost", "10.0.0.2") {
            $0.network = "n1"
            $0.networkGateway = EndpointDrawTests.gateway("10.1.0.1", "n1")
            $0.locality = Locality(region: "r", zone: "other")
        },
        Mesh.endpoint("nowhere", "10.0.0.3") {
            $0.network = "n1"
            $0.networkGateway = EndpointDrawTests.gateway("10.1.0.1", "n1")
        },
        Mesh.endpoint("far", "10.0.0.4") {
            $0.network = "n2"
            $0.networkGateway = EndpointDrawTests.gateway("10.2.0.1", "n2")
            $0.locality = Locality(region: "r", zone: "z")
        },
        Mesh.endpoint("mute") {
            $0.network = "n1"
            $0.locality = Locality(region: "r", zone: "z")
        },
    ]

    private static let gateways = [("10.1.0.1", "n1"), ("10.2.0.1", "n2")].map { address, network in
        Mesh.workload("gateway-\(network)", address) { $0.network = network }
    }

    private static func gateway(_ address: String, _ network: String) -> GatewayAddress {
        let destination = NetworkAddress(network: network, ip: Mesh.ip(address))
        return GatewayAddress(destination: .address(destination), hbonePort: 15009)
    }

    private static let preference: [LoadBalancing.Scope] = [.network, .region, .zone]

    @Test("35: failover takes the nearest group")
    func failoverTakesTheNearestGroup() {
        let failover = LoadBalancing(mode: .failover, preference: Self.preference)
        func names(_ locality: Locality) -> Set<String> {
            Set(self.picked(Self.endpoints, failover, from: Self.source(locality)).keys)
        }
        #expect(names(Locality(region: "r", zone: "z")) == ["match"])
        #expect(names(Locality(region: "r", zone: "y")) == ["match", "almost"])
        #expect(names(Locality(region: "q", zone: "z")) == ["match", "almost", "nowhere"])
        func names(_ network: String, _ locality: Locality) -> Set<String> {
            Set(self.picked(Self.endpoints, failover, from: Self.source(locality, network: network)).keys)
        }
        #expect(names("n9", Locality(region: "q", zone: "q")) == ["match", "almost", "nowhere", "far"])
        #expect(names("n9", Locality(region: "r", zone: "z")) == ["match", "far"])
        let rest = Self.endpoints.filter { $0.name != "match" }
        let next = self.picked(rest, failover, from: Self.source(Locality(region: "r", zone: "z")))
        #expect(Set(next.keys) == ["almost"])
    }

    @Test("33, 34: strict takes full matches only")
    func strictTakesFullMatchesOnly() {
        let strict = LoadBalancing(mode: .strict, preference: Self.preference)
        let here = self.picked(Self.endpoints, strict, from: Self.source(Locality(region: "r", zone: "z")))
        #expect(Set(here.keys) == ["match"])
        #expect(self.picked(Self.endpoints, strict, from: Self.source(Locality(region: "q", zone: "z"))).isEmpty)
    }

    @Test("35: without a mode every endpoint that can be reached counts")
    func withoutAModeEveryEndpointCounts() {
        let source = Self.source(Locality(region: "r", zone: "z"))
        let counts = self.picked(Self.endpoints, LoadBalancing(), from: source)
        #expect(Set(counts.keys) == ["match", "almost", "nowhere", "far"])
        let stranded = Mesh.endpoint("stranded", "10.0.0.5") { $0.network = "n3" }
        #expect(self.picked(Self.endpoints + [stranded], LoadBalancing(), from: source)["stranded"] == nil)
    }

    @Test("46: capacity is the weight among the best")
    func capacityIsTheWeight() throws {
        let endpoints = [
            Mesh.endpoint("one", "10.0.0.1"), Mesh.endpoint("three", "10.0.0.2") { $0.capacity = 3 },
            Mesh.endpoint("zero", "10.0.0.3") { $0.capacity = 0 },
        ]
        let source = Mesh.workload("shell", "10.9.9.9")
        let counts = self.picked(endpoints, LoadBalancing(), from: source, draws: 4000)
        #expect(counts["zero"] == nil)
        #expect(abs(try #require(counts["three"]) - 3000) < 200)
    }

    /// The names in the order in which they would be tried.
    private func order(
        _ endpoints: [Workload],
        _ balancing: LoadBalancing = LoadBalancing(),
        from source: Workload = Mesh.workload("shell", "10.9.9.9"),
        seed: UInt64 = 1,
        failed: Set<String> = [],
        load: @escaping (String) -> Int = { _ in 0 }
    ) -> [String] {
        let service = Mesh.service {
            $0.loadBalancing = balancing
            $0.vips = [NetworkAddress(network: source.network, ip: Self.vip.ip)]
        }
        var random = SeededGenerator(state: seed)
        let mesh = Mesh.snapshot(endpoints + Self.gateways, [service])
        let uids = Set(endpoints.filter { failed.contains($0.name) }.map(\.uid))
        let decision = mesh.routeOutbound(to: Self.vip, from: source, random: &random) {
            EndpointStanding(connections: load($0), failedLately: uids.contains($0))
        }
        return decision.routes.map(\.workload.name)
    }

    @Test("31: what failed a moment ago is tried when nothing else is left, wherever it stands", arguments: 0..<10)
    func failedLately(_ seed: UInt64) {
        let many = (1...3).map { Mesh.endpoint("e\($0)", "10.0.0.\($0)") }
        let names = self.order(many, seed: seed, failed: ["e1", "e2"])
        #expect(names.first == "e3")
        #expect(Set(names) == ["e1", "e2", "e3"])
        #expect(Set(self.order(many, seed: seed, failed: ["e1", "e2", "e3"])).count == 3)
        let failover = LoadBalancing(mode: .failover, preference: Self.preference)
        let source = Self.source(Locality(region: "r", zone: "z"))
        let far = self.order(Self.endpoints, failover, from: source, seed: seed, failed: ["match"])
        #expect(far == ["almost", "nowhere", "far"])
        let strict = LoadBalancing(mode: .strict, preference: Self.preference)
        #expect(self.order(Self.endpoints, strict, from: source, seed: seed, failed: ["match"]) == ["match"])
    }

    @Test("31: other endpoints follow in the order of preference, at most three in all, none twice", arguments: 0..<10)
    func candidates(_ seed: UInt64) {
        let many = (1...9).map { Mesh.endpoint("e\($0)", "10.0.0.\($0)") }
        let names = self.order(many, seed: seed)
        #expect(names.count == 3)
        #expect(Set(names).count == 3)
        let failover = LoadBalancing(mode: .failover, preference: Self.preference)
        let source = Self.source(Locality(region: "r", zone: "z"))
        #expect(self.order(Self.endpoints, failover, from: source, seed: seed) == ["match", "almost", "nowhere"])
        let strict = LoadBalancing(mode: .strict, preference: Self.preference)
        #expect(self.order(Self.endpoints, strict, from: source, seed: seed) == ["match"])
    }

    @Test("of two equals the one with fewer connections for its capacity is taken", arguments: 0..<10)
    func leastLoaded(_ seed: UInt64) {
        let pair = [Mesh.endpoint("idle", "10.0.0.1"), Mesh.endpoint("busy", "10.0.0.2")]
        let busy = pair[1].uid
        #expect(self.order(pair, seed: seed) { $0 == busy ? 1 : 0 } == ["idle", "busy"])
        let unequal = [Mesh.endpoint("small", "10.0.0.1"), Mesh.endpoint("large", "10.0.0.2") { $0.capacity = 4 }]
        let large = unequal[1].uid
        #expect(self.order(unequal, seed: seed) { $0 == large ? 3 : 1 } == ["large", "small"])
        #expect(self.order(unequal, seed: seed) { $0 == large ? 5 : 1 } == ["small", "large"])
        #expect(self.order(pair, seed: seed) { $0 == busy ? .max : -1 } == ["idle", "busy"])
    }

    @Test("load matters less than rank")
    func rankBeforeLoad() {
        let failover = LoadBalancing(mode: .failover, preference: Self.preference)
        let match = Self.endpoints[0].uid
        let source = Self.source(Locality(region: "r", zone: "z"))
        #expect(self.order(Self.endpoints, failover, from: source) { $0 == match ? 9_000 : 0 }.first == "match")
    }

    @Test("15: a local endpoint that falls ill is replaced by the remote one, through its gateway")
    func failsOverToAnotherNetwork() throws {
        let failover = LoadBalancing(mode: .failover, preference: Self.preference)
        let service = Mesh.service {
            $0.loadBalancing = failover
            $0.vips = [NetworkAddress(network: "n1", ip: Self.vip.ip)]
        }
        let pair = [Self.endpoints[0], Self.endpoints[3]]
        var mesh = Mesh.snapshot(pair + Self.gateways, [service])
        let source = Self.source(Locality())
        var random = SeededGenerator(state: 3)
        let first = mesh.routeOutbound(to: Self.vip, from: source, random: &random).routes
        #expect(first.first?.authority == "10.0.0.1:8080")
        var change = MeshChange()
        change.workloads = [pair[0]]
        change.workloads[0].isHealthy = false
        mesh.apply(change)
        let second = mesh.routeOutbound(to: Self.vip, from: source, random: &random).routes
        #expect(second.map { "\($0.address)" } == ["10.2.0.1:15009"])
        #expect(try #require(second.first).nested != nil)
    }

    @Test func theLargestCapacitiesDoNotOverflow() {
        let endpoints = (1...9).map { number in
            Mesh.endpoint("e\(number)", "10.0.0.\(number)") { $0.capacity = .max }
        }
        let counts = self.picked(endpoints, LoadBalancing(), from: Mesh.workload("shell", "10.9.9.9"))
        #expect(counts.values.reduce(0, +) == 200)
    }
}

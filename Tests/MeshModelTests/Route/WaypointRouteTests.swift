import Testing

@testable import MeshModel

@Suite struct WaypointRouteTests {
    private static let shell = Mesh.workload("shell", "10.0.0.5")
    private static let front = NamespacedHostname(namespace: "shop", hostname: "front.shop.mesh.internal")
    private static let byName = GatewayAddress(destination: .hostname(front), hbonePort: 15008)

    private static func byAddress(_ address: String, network: String = "") -> GatewayAddress {
        let destination = NetworkAddress(network: network, ip: Mesh.ip(address))
        return GatewayAddress(destination: .address(destination), hbonePort: 15008)
    }

    /// A task of the waypoint.
    private static func waypoint(
        _ address: String,
        _ name: String = "front",
        change: (inout Workload) -> Void = { _ in }
    ) -> Workload {
        Mesh.workload(name, address) {
            $0.identity = Mesh.id("front")
            $0.services[self.front] = [ServicePort(port: 15008, targetPort: 15008)]
            change(&$0)
        }
    }

    /// The waypoint's service.
    private static func service(change: (inout Service) -> Void = { _ in }) -> Service {
        Mesh.service("front", "240.240.0.99") {
            $0.ports = [ServicePort(port: 15008, targetPort: 15008)]
            change(&$0)
        }
    }

    private func route(
        _ destination: String,
        in mesh: MeshSnapshot,
        from source: Workload = shell,
        seed: UInt64 = 1
    ) -> OutboundDecision {
        var random = SeededGenerator(state: seed)
        return mesh.routeOutbound(to: Mesh.socket(destination), from: source, random: &random)
    }

    private func expectWaypoint(_ decision: OutboundDecision, authority: String, at address: String) throws {
        let route = try #require(decision.routes.first)
        #expect("\(route.address)" == "\(address):15008")
        #expect(route.authority == authority)
        #expect(route.tunnel?.expectedIdentities.contains(Mesh.id("front")) == true)
        #expect(route.workload.identity == Mesh.id("front"))
        #expect(route.waypoint != nil)
    }

    @Test("19: a workload's waypoint gets the workload's address", arguments: [true, false])
    func workloadWaypoint(_ isNamed: Bool) throws {
        let gateway = isNamed ? Self.byName : Self.byAddress("10.0.0.20")
        let echo = Mesh.endpoint("echo", "10.0.0.9") { $0.waypoint = gateway }
        let mesh = Mesh.snapshot([echo, Self.waypoint("10.0.0.20")], [Self.service(), Mesh.service()])
        let decision = self.route("10.0.0.9:8080", in: mesh)
        try self.expectWaypoint(decision, authority: "10.0.0.9:8080", at: "10.0.0.20")
        #expect(decision.routes.first?.service == nil)
        // Asked for as an endpoint of its service, it is the service's waypoint that counts.
        #expect(self.route("240.240.0.1:80", in: mesh).routes.first?.authority == "10.0.0.9:8080")
    }

    @Test("20: a waypoint of another family still works")
    func otherFamily() throws {
        let echo = Mesh.endpoint("echo", "fd00::9") { $0.waypoint = Self.byName }
        let mesh = Mesh.snapshot([echo, Self.waypoint("10.0.0.20")], [Self.service()])
        try self.expectWaypoint(self.route("[fd00::9]:80", in: mesh), authority: "[fd00::9]:80", at: "10.0.0.20")
        let dual = Self.waypoint("10.0.0.20") { $0.addresses.append(Mesh.ip("fd00::20")) }
        let decision = self.route("[fd00::9]:80", in: Mesh.snapshot([echo, dual], [Self.service()]))
        #expect(decision.routes.first.map { "\($0.address)" } == "[fd00::20]:15008")
    }

    @Test(
        "21: a service's waypoint gets the address that was asked for",
        arguments: ["240.240.0.1:80", "240.240.0.1:81"]
    )
    func serviceWaypoint(_ destination: String) throws {
        let service = Mesh.service { $0.waypoint = Self.byName }
        let mesh = Mesh.snapshot(
            [Mesh.endpoint("echo", "10.0.0.9"), Self.waypoint("10.0.0.20")],
            [service, Self.service { $0.subjectAltNames = [Mesh.id("also")] }]
        )
        let decision = self.route(destination, in: mesh)
        try self.expectWaypoint(decision, authority: destination, at: "10.0.0.20")
        let route = try #require(decision.routes.first)
        #expect(route.service == service)
        #expect(route.tunnel?.expectedIdentities == [Mesh.id("also"), Mesh.id("front")])
    }

    @Test("a service that was asked for by name is named to the waypoint by its virtual address, else by its name")
    func nameAsked() throws {
        func authority(_ vips: [NetworkAddress]) -> String? {
            let service = Mesh.service {
                $0.waypoint = Self.byName
                $0.vips = vips
            }
            let mesh = Mesh.snapshot([Self.waypoint("10.0.0.20")], [service, Self.service()])
            var random = SeededGenerator(state: 1)
            return mesh.routeOutbound(host: "orders.shop", port: 80, from: Self.shell, random: &random)
                .routes.first?.authority
        }
        let six = NetworkAddress(network: "", ip: Mesh.ip("2001:2::1"))
        let four = NetworkAddress(network: "", ip: Mesh.ip("240.240.0.1"))
        let foreign = NetworkAddress(network: "n2", ip: Mesh.ip("240.240.0.7"))
        #expect(authority([foreign, six, four]) == "240.240.0.1:80")
        #expect(authority([six]) == "[2001:2::1]:80")
        #expect(authority([foreign]) == "orders.shop.mesh.internal:80")
        #expect(authority([]) == "orders.shop.mesh.internal:80")
    }

    @Test("27: a passthrough service with a waypoint goes to the waypoint")
    func passthrough() throws {
        let service = Mesh.service {
            $0.waypoint = Self.byName
            $0.loadBalancing.mode = .passthrough
        }
        let mesh = Mesh.snapshot([Self.waypoint("10.0.0.20")], [service, Self.service()])
        try self.expectWaypoint(self.route("240.240.0.1:80", in: mesh), authority: "240.240.0.1:80", at: "10.0.0.20")
    }

    @Test("32: a waypoint that can't be used is never bypassed")
    func failsClosed() {
        let sick = Self.waypoint("10.0.0.20") { $0.isHealthy = false }
        let mute = Self.waypoint("10.0.0.20") { $0.addresses = [] }
        let undeclared = Self.service { $0.ports = [ServicePort(port: 80, targetPort: 80)] }
        let portless = Self.waypoint("10.0.0.20") { $0.services[Self.front] = [] }
        let cases: [([Workload], [Service], GatewayAddress)] = [
            ([], [], Self.byName), ([], [Self.service()], Self.byName), ([sick], [Self.service()], Self.byName),
            ([mute], [Self.service()], Self.byName), ([portless], [undeclared], Self.byName),
            ([], [], Self.byAddress("10.0.0.20")),
            ([Self.waypoint("10.0.0.20")], [], Self.byAddress("10.0.0.20", network: "n2")),
        ]
        for (workloads, services, gateway) in cases {
            let echo = Mesh.endpoint("echo", "10.0.0.9") { $0.waypoint = gateway }
            let orders = Mesh.service { $0.waypoint = gateway }
            let mesh = Mesh.snapshot(workloads + [echo], services + [orders])
            for destination in ["240.240.0.1:80", "10.0.0.9:80"] {
                #expect(self.route(destination, in: mesh).refusal == .waypointUnavailable)
            }
        }
    }

    @Test("39: a waypoint need not declare the port where its application is told of the target")
    func applicationTunnel() throws {
        let told = Self.waypoint("10.0.0.20") {
            $0.services[Self.front] = []
            $0.applicationTunnel = .init(usesProxyProtocol: true, port: 15088)
        }
        let service = Self.service { $0.ports = [] }
        let orders = Mesh.service { $0.waypoint = Self.byName }
        let mesh = Mesh.snapshot([told], [service, orders])
        try self.expectWaypoint(self.route("240.240.0.1:80", in: mesh), authority: "240.240.0.1:80", at: "10.0.0.20")
    }

    @Test("a waypoint is reached by a tunnel, whatever its workload says of itself")
    func alwaysTunnelled() throws {
        let plain = Self.waypoint("10.0.0.20") { $0.tunnel = .none }
        let mesh = Mesh.snapshot([plain], [Self.service(), Mesh.service { $0.waypoint = Self.byName }])
        try self.expectWaypoint(self.route("240.240.0.1:80", in: mesh), authority: "240.240.0.1:80", at: "10.0.0.20")
    }

    @Test("31: all of a waypoint's workloads are candidates")
    func candidates() {
        let waypoints = (1...5).map { Self.waypoint("10.0.1.\($0)", "front-\($0)") }
        let mesh = Mesh.snapshot(waypoints, [Self.service(), Mesh.service { $0.waypoint = Self.byName }])
        let routes = self.route("240.240.0.1:80", in: mesh).routes
        #expect(Set(routes.map(\.address)).count == 3)
        #expect(routes.allSatisfy { $0.authority == "240.240.0.1:80" })
    }

    @Test("a waypoint's own connections do not come back to it")
    func waypointAsClient() throws {
        let front = Self.waypoint("10.0.0.20")
        let echo = Mesh.endpoint("echo", "10.0.0.9") { $0.waypoint = Self.byName }
        let orders = Mesh.service { $0.waypoint = Self.byName }
        let mesh = Mesh.snapshot([front, echo], [Self.service(), orders])
        for destination in ["240.240.0.1:80", "10.0.0.9:8080"] {
            #expect(self.route(destination, in: mesh, from: front).routes.first?.authority == "10.0.0.9:8080")
        }
        // Who has its identity and another address, or its address and another identity, is not the waypoint.
        let twin = Self.waypoint("10.0.0.21", "twin")
        let thief = Mesh.workload("thief", "10.0.0.20")
        for stranger in [twin, thief] {
            #expect(self.route("10.0.0.9:8080", in: mesh, from: stranger).routes.first?.waypoint == Self.byName)
        }
    }

    // MARK: Weights

    private static func weighted(_ weights: [(String, UInt32)], single: GatewayAddress? = nil) -> Service {
        Mesh.service {
            $0.waypoint = single
            $0.weightedWaypoints = weights.map { WeightedWaypoint(gateway: self.byAddress($0.0), weight: $0.1) }
        }
    }

    private static let pair = [
        Mesh.workload("a", "10.0.0.20"), Mesh.workload("b", "10.0.0.21"), Mesh.workload("c", "10.0.0.22"),
    ]

    @Test("38: weighted waypoints are drawn by weight, weight 0 never")
    func weights() {
        let service = Self.weighted([("10.0.0.20", 75), ("10.0.0.21", 25), ("10.0.0.22", 0)])
        let mesh = Mesh.snapshot(Self.pair, [service])
        var counts: [String: Int] = [:]
        for seed in 0..<2_000 {
            let routes = self.route("240.240.0.1:80", in: mesh, seed: UInt64(seed)).routes
            #expect(!routes.contains { $0.workload.name == "c" })
            counts[routes.first?.workload.name ?? "", default: 0] += 1
        }
        #expect(counts.keys.sorted() == ["a", "b"])
        #expect(abs((counts["a"] ?? 0) - 1_500) < 120)
    }

    @Test("38: without a weight the single waypoint stands", arguments: [[], [("10.0.0.21", UInt32(0))]])
    func noWeights(_ weights: [(String, UInt32)]) {
        let service = Self.weighted(weights, single: Self.byAddress("10.0.0.20"))
        let mesh = Mesh.snapshot(Self.pair, [service])
        #expect(self.route("240.240.0.1:80", in: mesh).routes.map(\.workload.name) == ["a"])
    }

    @Test("an unusable waypoint gives way to another of the set, never to the endpoint", arguments: 0..<10)
    func weightedFallback(_ seed: UInt64) {
        let service = Self.weighted([("10.9.9.9", 1_000), ("10.0.0.21", 1)])
        let mesh = Mesh.snapshot(Self.pair, [service])
        #expect(self.route("240.240.0.1:80", in: mesh, seed: seed).routes.map(\.workload.name) == ["b"])
        let unusable = Mesh.snapshot([], [service])
        #expect(self.route("240.240.0.1:80", in: unusable, seed: seed).refusal == .waypointUnavailable)
    }

    @Test func theLargestWeightsDoNotOverflow() {
        let service = Self.weighted([("10.0.0.20", .max), ("10.0.0.21", .max), ("10.0.0.22", .max)])
        #expect(self.route("240.240.0.1:80", in: Mesh.snapshot(Self.pair, [service])).routes.count == 3)
    }
}

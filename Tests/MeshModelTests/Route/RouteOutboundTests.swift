import Testing

@testable import MeshModel

@Suite struct RouteOutboundTests {
    static let shell = Mesh.workload("shell", "10.0.0.5")

    private func route(_ destination: String, in mesh: MeshSnapshot, from: Workload = shell) -> OutboundDecision {
        var random = SeededGenerator(state: 1)
        return mesh.routeOutbound(to: Mesh.socket(destination), from: from, random: &random)
    }

    private func route(host: String, _ port: UInt16 = 80, in mesh: MeshSnapshot) -> OutboundDecision {
        var random = SeededGenerator(state: 1)
        return mesh.routeOutbound(host: host, port: port, from: Self.shell, random: &random)
    }

    private func refusal(_ decision: OutboundDecision) -> RefusalCode? { decision.refusal }

    private func tunnel(_ decision: OutboundDecision) -> OutboundRoute? {
        decision.routes.first { $0.tunnel != nil }
    }

    @Test("11: an unknown address passes through, untouched")
    func unknownAddressesPassThrough() {
        #expect(self.route("1.1.1.1:443", in: Mesh.snapshot()) == .passthrough(Mesh.socket("1.1.1.1:443")))
        #expect(self.route("[::ffff:1.1.1.1]:1", in: Mesh.snapshot()) == .passthrough(Mesh.socket("1.1.1.1:1")))
    }

    @Test("17: a virtual address leads through a tunnel to an endpoint")
    func aVirtualAddressLeadsThroughATunnelToAnEndpoint() throws {
        let echo = Mesh.endpoint("echo", "10.0.0.9")
        let service = Mesh.service { $0.subjectAltNames = [Mesh.id("also")] }
        let mesh = Mesh.snapshot([echo], [service])
        let route = try #require(self.tunnel(self.route("240.240.0.1:80", in: mesh)))
        #expect("\(route.address)" == "10.0.0.9:15008")
        #expect(route.authority == "10.0.0.9:8080")
        #expect(route.tunnel?.expectedIdentities == [Mesh.id("also"), Mesh.id("echo")])
        #expect(route.waypoint == nil)
        #expect(route.workload == echo)
        #expect(route.service == service)
    }

    @Test(
        "names of a service",
        arguments: [
            "orders.shop", "orders.shop.mesh.internal", "ORDERS.Shop.mesh.internal.", "orders.shop.", "240.240.0.1",
        ]
    )
    func names(_ host: String) throws {
        let mesh = Mesh.snapshot([Mesh.endpoint("echo", "10.0.0.9")], [Mesh.service()])
        #expect(try #require(self.tunnel(self.route(host: host, in: mesh))).authority == "10.0.0.9:8080")
    }

    @Test(
        "names that are not the mesh's",
        arguments: [
            "orders", "orders.attic", "example.com", "", ".", "..", "orders.shop..", "shop/orders.shop",
            "orders.shop.mesh.internal.x", "*", "é.shop",
        ]
    )
    func unknownNames(_ host: String) {
        let mesh = Mesh.snapshot([Mesh.endpoint("echo", "10.0.0.9")], [Mesh.service()])
        #expect(self.route(host: host, in: mesh) == .unknownHost)
    }

    @Test func anAddressAsNamePassesThrough() {
        #expect(self.route(host: "1.1.1.1", 443, in: Mesh.snapshot()) == .passthrough(Mesh.socket("1.1.1.1:443")))
        #expect(self.route(host: "2001:db8::1", 1, in: Mesh.snapshot()) == .passthrough(Mesh.socket("[2001:db8::1]:1")))
    }

    @Test("17: a workload's address keeps its port", arguments: ["", "node-1"])
    func aWorkloadAddressKeepsItsPort(_ node: String) throws {
        let echo = Mesh.endpoint("echo", "10.0.0.9") { $0.node = node }
        let mesh = Mesh.snapshot([echo], [Mesh.service()])
        let shell = Mesh.workload("shell", "10.0.0.5") { $0.node = "node-1" }
        let route = try #require(self.tunnel(self.route("10.0.0.9:9999", in: mesh, from: shell)))
        #expect("\(route.address)" == "10.0.0.9:15008")
        #expect(route.authority == "10.0.0.9:9999")
        #expect(route.tunnel?.expectedIdentities == [Mesh.id("echo")])
        #expect(route.service == nil)
    }

    @Test("16: a workload without tunnel is reached in plain TCP", arguments: ["", "node-1"])
    func aWorkloadWithoutTunnelIsReachedInPlainTCP(_ node: String) {
        let shell = Mesh.workload("shell", "10.0.0.5") { $0.node = "node-1" }
        let plain = Mesh.endpoint("plain", "10.0.0.9") {
            $0.tunnel = .none
            $0.node = node
        }
        func expected(_ port: UInt16, _ service: Service?) -> OutboundDecision {
            let address = HopAddress(host: .ip(Mesh.ip("10.0.0.9")), port: port)
            return .forward([OutboundRoute(address: address, passage: .plain, workload: plain, service: service)])
        }
        let mesh = Mesh.snapshot([plain], [Mesh.service()])
        #expect(self.route("240.240.0.1:80", in: mesh, from: shell) == expected(8080, Mesh.service()))
        #expect(self.route("10.0.0.9:5432", in: mesh, from: shell) == expected(5432, nil))
    }

    @Test("31: a tunnel is never followed by plain TCP to another endpoint", arguments: 0..<20)
    func noDowngrade(_ seed: UInt64) throws {
        let endpoints = [
            Mesh.endpoint("plain", "10.0.0.1") { $0.tunnel = .none }, Mesh.endpoint("one", "10.0.0.2"),
            Mesh.endpoint("two", "10.0.0.3"),
        ]
        var random = SeededGenerator(state: seed)
        let mesh = Mesh.snapshot(endpoints, [Mesh.service()])
        let routes = mesh.routeOutbound(to: Mesh.socket("240.240.0.1:80"), from: Self.shell, random: &random).routes
        let firstTunnel = try #require(routes.firstIndex { $0.isProtected })
        #expect(routes[firstTunnel...].allSatisfy { $0.isProtected })
        #expect(routes.filter(\.isProtected).count == 2)
    }

    @Test("47: a port that the service does not declare is refused with a reason")
    func anUndeclaredPortIsRefused() {
        let mesh = Mesh.snapshot([Mesh.endpoint("echo", "10.0.0.9")], [Mesh.service()])
        #expect(
            self.route("240.240.0.1:81", in: mesh)
                == .refuse(
                    .portNotDeclared,
                    detail: "service shop/orders.shop.mesh.internal has no port 81; it declares 80"
                )
        )
        #expect(self.refusal(self.route(host: "orders.shop", 8080, in: mesh)) == .portNotDeclared)
    }

    @Test("12, 22, 36: no endpoint to use is refused, never passed through")
    func noEndpoint() {
        let sick = Mesh.endpoint("sick", "10.0.0.9") { $0.isHealthy = false }
        let weightless = Mesh.endpoint("zero", "10.0.0.9") { $0.capacity = 0 }
        let remote = Mesh.endpoint("far", "10.0.0.9") { $0.network = "n2" }
        let mute = Mesh.endpoint("mute")
        for (workloads, code) in [
            ([], RefusalCode.noHealthyEndpoint), ([sick], .noHealthyEndpoint), ([weightless], .noHealthyEndpoint),
            ([mute], .noHealthyEndpoint), ([remote], .gatewayUnavailable),
        ] {
            let mesh = Mesh.snapshot(workloads, [Mesh.service()])
            #expect(self.refusal(self.route("240.240.0.1:80", in: mesh)) == code)
            #expect(self.refusal(self.route(host: "orders.shop", in: mesh)) == code)
        }
        let all = Mesh.snapshot([sick], [Mesh.service { $0.loadBalancing.allowsUnhealthy = true }])
        #expect(self.tunnel(self.route("240.240.0.1:80", in: all)) != nil)
    }

    @Test("27: a passthrough service keeps the destination")
    func passthroughServicesKeepTheDestination() {
        let mesh = Mesh.snapshot([], [Mesh.service { $0.loadBalancing.mode = .passthrough }])
        #expect(self.route("240.240.0.1:81", in: mesh) == .passthrough(Mesh.socket("240.240.0.1:81")))
        #expect(self.route(host: "orders.shop", in: mesh) == .unknownHost)
    }

    @Test("23, 39: which port an endpoint is reached at")
    func targetPorts() {
        func authority(_ own: UInt16?, _ service: UInt16, tunnelPort: UInt16? = nil) -> String? {
            let echo = Mesh.endpoint("echo", "10.0.0.9") {
                $0.services[Mesh.orders] = own.map { [ServicePort(port: 80, targetPort: $0)] } ?? []
                $0.applicationTunnel = tunnelPort.map { .init(usesProxyProtocol: true, port: $0) }
            }
            let mesh = Mesh.snapshot([echo], [Mesh.service { $0.ports = [ServicePort(port: 80, targetPort: service)] }])
            return self.tunnel(self.route("240.240.0.1:80", in: mesh))?.authority
        }
        #expect(authority(9000, 8080) == "10.0.0.9:9000")
        #expect(authority(nil, 8080) == "10.0.0.9:8080")
        #expect(authority(0, 8080) == "10.0.0.9:8080")
        #expect(authority(9000, 0) == "10.0.0.9:9000")
        #expect(authority(nil, 0) == nil)
        #expect(authority(nil, 0, tunnelPort: 15088) == "10.0.0.9:80")
    }

    @Test("25, 26: which address an endpoint is reached at")
    func addresses() {
        func authority(_ addresses: [String], _ families: Service.Families, asked: String = "240.240.0.1") -> String? {
            let echo = Mesh.endpoint("echo") { $0.addresses = addresses.map(Mesh.ip) }
            let service = Mesh.service {
                $0.families = families
                $0.vips = ["240.240.0.1", "2001:2::1"].map { NetworkAddress(network: "", ip: Mesh.ip($0)) }
            }
            let target = SocketAddress(ip: Mesh.ip(asked), port: 80)
            return self.tunnel(self.route("\(target)", in: Mesh.snapshot([echo], [service])))?.authority
        }
        #expect(authority(["10.0.0.9", "fd00::9"], .automatic) == "10.0.0.9:8080")
        #expect(authority(["10.0.0.9", "fd00::9"], .automatic, asked: "2001:2::1") == "[fd00::9]:8080")
        #expect(authority(["10.0.0.9"], .automatic, asked: "2001:2::1") == "10.0.0.9:8080")
        #expect(authority(["10.0.0.9", "fd00::9"], .v6Only) == "[fd00::9]:8080")
        #expect(authority(["10.0.0.9", "fd00::9"], .v4Only, asked: "2001:2::1") == "10.0.0.9:8080")
        #expect(authority(["10.0.0.9", "fd00::9"], .dual, asked: "2001:2::1") == "[fd00::9]:8080")
        #expect(authority(["10.0.0.9"], .dual, asked: "2001:2::1") == "10.0.0.9:8080")
        #expect(authority(["10.0.0.9"], .v6Only) == nil)
        #expect(
            self.refusal(
                self.route(
                    "240.240.0.1:80",
                    in: Mesh.snapshot(
                        [Mesh.endpoint("echo", "10.0.0.9")],
                        [Mesh.service { $0.families = .v6Only }]
                    )
                )
            ) == .noUsableAddress
        )
    }

    @Test("25: a workload that is asked for by one of its addresses is reached at that one")
    func keepsTheAddressAskedFor() {
        let twin = Mesh.endpoint("twin", "10.0.0.8", "10.0.0.9", "fd00::9")
        // Its own address is a virtual address of its service as well, as a ServiceEntry may say.
        let service = Mesh.service { $0.vips.append(NetworkAddress(network: "", ip: Mesh.ip("10.0.0.9"))) }
        let mesh = Mesh.snapshot([twin], [service])
        #expect(self.tunnel(self.route("10.0.0.9:80", in: mesh))?.authority == "10.0.0.9:8080")
        #expect(self.tunnel(self.route("10.0.0.8:80", in: mesh))?.authority == "10.0.0.8:80")
        #expect(self.tunnel(self.route("[fd00::9]:80", in: mesh))?.authority == "[fd00::9]:80")
    }

    @Test("an endpoint without address is found by its name")
    func hostnames() throws {
        func address(_ families: Service.Families, asked: String) throws -> HopAddress {
            let named = Mesh.endpoint("db") {
                $0.hostname = "db.example.org"
                $0.tunnel = .none
            }
            let service = Mesh.service {
                $0.families = families
                $0.vips = ["240.240.0.1", "2001:2::1"].map { NetworkAddress(network: "", ip: Mesh.ip($0)) }
            }
            let mesh = Mesh.snapshot([named], [service])
            return try #require(self.route(asked, in: mesh).routes.first).address
        }
        func named(_ prefersV4: Bool?) -> HopAddress {
            HopAddress(host: .name("db.example.org", prefersV4: prefersV4), port: 8080)
        }
        #expect(try address(.automatic, asked: "240.240.0.1:80") == named(true))
        #expect(try address(.automatic, asked: "[2001:2::1]:80") == named(false))
        #expect(try address(.v6Only, asked: "240.240.0.1:80") == named(false))
        #expect("\(try address(.v4Only, asked: "[2001:2::1]:80"))" == "db.example.org:8080")
        let tunnelled = Mesh.endpoint("db") { $0.hostname = "db.example.org" }
        let route = try #require(
            self.route(host: "orders.shop", in: Mesh.snapshot([tunnelled], [Mesh.service()])).routes.first
        )
        #expect(route.address == HopAddress(host: .name("db.example.org", prefersV4: nil), port: 15008))
        #expect(route.tunnel?.authority(at: Mesh.ip("192.0.2.7")) == "192.0.2.7:8080")
    }

    @Test("a service without a virtual address is reached by its name")
    func headless() {
        let mesh = Mesh.snapshot([Mesh.endpoint("echo", "10.0.0.9")], [Mesh.service("orders", nil)])
        #expect(self.tunnel(self.route(host: "orders.shop", in: mesh))?.authority == "10.0.0.9:8080")
        let passing = Mesh.service("orders", nil) { $0.loadBalancing.mode = .passthrough }
        #expect(self.route(host: "orders.shop", in: Mesh.snapshot([], [passing])) == .unknownHost)
    }

    @Test("24: a workload of the host's network is reached through its service only")
    func hostNetworkWorkloadsAreReachedThroughTheirServiceOnly() {
        let echo = Mesh.endpoint("echo", "10.0.0.9") { $0.usesHostNetwork = true }
        let mesh = Mesh.snapshot([echo], [Mesh.service()])
        #expect(self.tunnel(self.route("240.240.0.1:80", in: mesh)) != nil)
        #expect(self.route("10.0.0.9:80", in: mesh) == .passthrough(Mesh.socket("10.0.0.9:80")))
    }

    @Test("18: the client's own waypoint and gateway change nothing")
    func theClientsOwnWaypointDoesNotMatter() {
        let mesh = Mesh.snapshot([Mesh.endpoint("echo", "10.0.0.9")], [Mesh.service()])
        let gateway = GatewayAddress(destination: .hostname(Mesh.orders), hbonePort: 15008)
        let guarded = Mesh.workload("shell", "10.0.0.5") {
            $0.waypoint = gateway
            $0.networkGateway = gateway
        }
        for destination in ["240.240.0.1:80", "10.0.0.9:80", "1.1.1.1:443"] {
            let expected = self.route(destination, in: mesh)
            #expect(self.route(destination, in: mesh, from: guarded) == expected)
        }
    }

    @Test("a service's exact address wins over a workload's, a workload's over a block")
    func overlaps() {
        let echo = Mesh.endpoint("echo", "10.0.0.9")
        let block = Mesh.service("block", nil) {
            $0.ranges = [NetworkRange(network: "", base: Mesh.ip("10.0.0.0"), prefixLength: 24)]
        }
        let exact = Mesh.service("orders", "10.0.0.9")
        #expect(self.route("10.0.0.9:80", in: Mesh.snapshot([echo], [exact, block])).routes.first?.service == exact)
        let inside = self.route("10.0.0.9:80", in: Mesh.snapshot([echo], [block])).routes.first
        #expect(inside?.workload == echo)
        #expect(inside?.service == nil)
        #expect(self.refusal(self.route("10.0.0.7:80", in: Mesh.snapshot([echo], [block]))) == .noHealthyEndpoint)
    }

    @Test func networksAreApart() {
        let mesh = Mesh.snapshot([Mesh.endpoint("echo", "10.0.0.9")], [Mesh.service()])
        let stranger = Mesh.workload("stranger", "10.0.0.5") { $0.network = "n2" }
        for destination in ["240.240.0.1:80", "10.0.0.9:80"] {
            let decision = self.route(destination, in: mesh, from: stranger)
            #expect(decision == .passthrough(Mesh.socket(destination)))
        }
    }
}

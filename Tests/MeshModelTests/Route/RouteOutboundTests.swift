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

    private func refusal(_ decision: OutboundDecision) -> RefusalCode? {
        guard case .refuse(let code, _) = decision else { return nil }
        return code
    }

    private func tunnel(_ decision: OutboundDecision) -> TunnelRoute? {
        guard case .tunnel(let route) = decision else { return nil }
        return route
    }

    @Test func unknownAddressesPassThrough() {
        #expect(self.route("1.1.1.1:443", in: Mesh.snapshot()) == .passthrough(Mesh.socket("1.1.1.1:443")))
        #expect(self.route("[::ffff:1.1.1.1]:1", in: Mesh.snapshot()) == .passthrough(Mesh.socket("1.1.1.1:1")))
    }

    @Test func aVirtualAddressLeadsThroughATunnelToAnEndpoint() throws {
        let echo = Mesh.endpoint("echo", "10.0.0.9")
        let service = Mesh.service { $0.subjectAltNames = [Mesh.id("also")] }
        let mesh = Mesh.snapshot([echo], [service])
        let route = try #require(self.tunnel(self.route("240.240.0.1:80", in: mesh)))
        #expect(route.destination == Mesh.socket("10.0.0.9:15008"))
        #expect(route.authority == "10.0.0.9:8080")
        #expect(route.expectedIdentities == [Mesh.id("also"), Mesh.id("echo")])
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

    @Test func aWorkloadAddressKeepsItsPort() throws {
        let mesh = Mesh.snapshot([Mesh.endpoint("echo", "10.0.0.9")], [Mesh.service()])
        let route = try #require(self.tunnel(self.route("10.0.0.9:9999", in: mesh)))
        #expect(route.destination == Mesh.socket("10.0.0.9:15008"))
        #expect(route.authority == "10.0.0.9:9999")
        #expect(route.expectedIdentities == [Mesh.id("echo")])
        #expect(route.service == nil)
    }

    @Test func aWorkloadWithoutTunnelIsReachedInPlainTCP() {
        let plain = Mesh.endpoint("plain", "10.0.0.9") { $0.tunnel = .none }
        let mesh = Mesh.snapshot([plain], [Mesh.service()])
        let expected = DirectRoute(destination: Mesh.socket("10.0.0.9:8080"), workload: plain, service: Mesh.service())
        #expect(self.route("240.240.0.1:80", in: mesh) == .direct(expected))
        let direct = DirectRoute(destination: Mesh.socket("10.0.0.9:5432"), workload: plain, service: nil)
        #expect(self.route("10.0.0.9:5432", in: mesh) == .direct(direct))
    }

    @Test func anUndeclaredPortIsRefused() {
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

    @Test("no endpoint to use is refused, never passed through")
    func noEndpoint() {
        let sick = Mesh.endpoint("sick", "10.0.0.9") { $0.isHealthy = false }
        let weightless = Mesh.endpoint("zero", "10.0.0.9") { $0.capacity = 0 }
        let named = Mesh.endpoint("named") { $0.hostname = "db.example.org" }
        let remote = Mesh.endpoint("far", "10.0.0.9") { $0.network = "n2" }
        let mute = Mesh.endpoint("mute")
        for (workloads, code) in [
            ([], RefusalCode.noHealthyEndpoint), ([sick], .noHealthyEndpoint), ([weightless], .noHealthyEndpoint),
            ([mute], .noHealthyEndpoint), ([named], .endpointNeedsDNS), ([remote], .networkGatewayUnsupported),
        ] {
            let mesh = Mesh.snapshot(workloads, [Mesh.service()])
            #expect(self.refusal(self.route("240.240.0.1:80", in: mesh)) == code)
            #expect(self.refusal(self.route(host: "orders.shop", in: mesh)) == code)
        }
        let all = Mesh.snapshot([sick], [Mesh.service { $0.loadBalancing.allowsUnhealthy = true }])
        #expect(self.tunnel(self.route("240.240.0.1:80", in: all)) != nil)
    }

    @Test func waypointsAreNeverBypassed() {
        let waypoint = GatewayAddress(destination: .hostname(Mesh.orders), hbonePort: 15008)
        let echo = Mesh.endpoint("echo", "10.0.0.9") { $0.waypoint = waypoint }
        let mesh = Mesh.snapshot([echo], [Mesh.service { $0.waypoint = waypoint }])
        #expect(self.refusal(self.route("240.240.0.1:80", in: mesh)) == .waypointUnsupported)
        #expect(self.refusal(self.route(host: "orders.shop", in: mesh)) == .waypointUnsupported)
        #expect(self.refusal(self.route("10.0.0.9:80", in: mesh)) == .waypointUnsupported)
        let weighted = Mesh.service {
            $0.weightedWaypoints = [WeightedWaypoint(gateway: waypoint, weight: 1)]
            $0.loadBalancing.mode = .passthrough
        }
        #expect(
            self.refusal(self.route("240.240.0.1:80", in: Mesh.snapshot([], [weighted]))) == .waypointUnsupported
        )
    }

    @Test func passthroughServicesKeepTheDestination() {
        let mesh = Mesh.snapshot([], [Mesh.service { $0.loadBalancing.mode = .passthrough }])
        #expect(self.route("240.240.0.1:81", in: mesh) == .passthrough(Mesh.socket("240.240.0.1:81")))
        #expect(self.route(host: "orders.shop", in: mesh) == .unknownHost)
    }

    @Test("which port an endpoint is reached at")
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

    @Test("which address an endpoint is reached at")
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

    @Test func hostNetworkWorkloadsAreReachedThroughTheirServiceOnly() {
        let echo = Mesh.endpoint("echo", "10.0.0.9") { $0.usesHostNetwork = true }
        let mesh = Mesh.snapshot([echo], [Mesh.service()])
        #expect(self.tunnel(self.route("240.240.0.1:80", in: mesh)) != nil)
        #expect(self.route("10.0.0.9:80", in: mesh) == .passthrough(Mesh.socket("10.0.0.9:80")))
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

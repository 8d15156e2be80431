import Testing

@testable import MeshModel

/// Routes into another network.
@Suite struct GatewayRouteTests {
    private static let shell = Mesh.workload("shell", "10.0.0.5")
    private static let ingress = NamespacedHostname(namespace: "edge", hostname: "ingress.edge.mesh.internal")

    private static func gateway(_ address: String = "10.2.0.1", network: String = "n2") -> GatewayAddress {
        let destination = NetworkAddress(network: network, ip: Mesh.ip(address))
        return GatewayAddress(destination: .address(destination), hbonePort: 15009)
    }

    /// The gateway's own workload.
    private static let doorman = Mesh.workload("doorman", "10.2.0.1", namespace: "edge") { $0.network = "n2" }

    private static func far(_ name: String = "far", change: (inout Workload) -> Void = { _ in }) -> Workload {
        Mesh.endpoint(name, "10.0.0.9") {
            $0.network = "n2"
            $0.networkGateway = self.gateway()
            change(&$0)
        }
    }

    private func route(_ destination: String = "240.240.0.1:80", in mesh: MeshSnapshot) -> OutboundDecision {
        var random = SeededGenerator(state: 1)
        return mesh.routeOutbound(to: Mesh.socket(destination), from: Self.shell, random: &random)
    }

    @Test("13: an endpoint of another network is reached through its gateway, by the service's name")
    func gatewayByAddress() throws {
        let mesh = Mesh.snapshot([Self.far(), Self.doorman], [Mesh.service()])
        let decision = self.route(in: mesh)
        #expect(decision.routes.count == 1)
        let route = try #require(decision.routes.first)
        #expect("\(route.address)" == "10.2.0.1:15009")
        let hops = try #require(route.nested)
        #expect(hops.outer.authority == .fixed("orders.shop.mesh.internal:80"))
        #expect(hops.outer.expectedIdentities == [Mesh.id("doorman", "edge")])
        #expect(hops.inner.authority == .fixed("orders.shop.mesh.internal:80"))
        #expect(hops.inner.expectedIdentities == [Mesh.id("far")])
        #expect(route.workload.name == "far")
        #expect(route.peer == Self.doorman.uid)
        #expect(route.service == Mesh.service())
        #expect(route.waypoint == nil)
    }

    @Test("13: a service's own names decide who may answer in the other network")
    func innerIdentities() throws {
        let named = Mesh.service { $0.subjectAltNames = [Mesh.id("also")] }
        let one = try #require(self.route(in: Mesh.snapshot([Self.far(), Self.doorman], [named])).routes.first)
        #expect(one.nested?.inner.expectedIdentities == [Mesh.id("also")])
        // Without names it is those who are known to back it over there: its gateway chooses among them.
        let local = Mesh.endpoint("near", "10.0.0.8") { $0.isHealthy = false }
        let mesh = Mesh.snapshot([Self.far(), Self.far("other"), local, Self.doorman], [Mesh.service()])
        let two = try #require(self.route(in: mesh).routes.first)
        #expect(two.nested?.inner.expectedIdentities == [Mesh.id("far"), Mesh.id("other")])
        #expect(self.route(in: mesh).routes.count == 1, "both lead through the same gateway to the same name")
    }

    @Test("14: a gateway that is a service is reached at the port its endpoint maps")
    func gatewayByName() throws {
        let named = GatewayAddress(destination: .hostname(Self.ingress), hbonePort: 15008)
        let far = Self.far { $0.networkGateway = named }
        let doorman = Mesh.workload("doorman", "10.2.0.1", namespace: "edge") {
            $0.network = "n2"
            $0.services[Self.ingress] = [ServicePort(port: 15008, targetPort: 15010)]
        }
        let service = Mesh.service("ingress", nil, namespace: "edge") {
            $0.ports = [ServicePort(port: 15008, targetPort: 15009)]
            $0.subjectAltNames = [Mesh.id("porter", "edge")]
        }
        let route = try #require(
            self.route(in: Mesh.snapshot([far, doorman], [service, Mesh.service()])).routes.first
        )
        #expect("\(route.address)" == "10.2.0.1:15010")
        #expect(route.nested?.outer.expectedIdentities == [Mesh.id("porter", "edge"), Mesh.id("doorman", "edge")])
        // Unlike a waypoint it must declare the port.
        let undeclared = Mesh.service("ingress", nil, namespace: "edge") { $0.ports = [] }
        let refused = self.route(in: Mesh.snapshot([far, doorman], [undeclared, Mesh.service()]))
        #expect(refused.refusal == .gatewayUnavailable)
    }

    @Test("14: a gateway that is a workload is found by its host name, and by DNS")
    func gatewayByHostname() throws {
        let name = NamespacedHostname(namespace: "edge", hostname: "lb.example.org")
        let far = Self.far { $0.networkGateway = GatewayAddress(destination: .hostname(name), hbonePort: 15009) }
        let balancer = Mesh.workload("lb", namespace: "edge") {
            $0.network = "n2"
            $0.hostname = "lb.example.org"
        }
        let route = try #require(self.route(in: Mesh.snapshot([far, balancer], [Mesh.service()])).routes.first)
        #expect(route.address == HopAddress(host: .name("lb.example.org", prefersV4: nil), port: 15009))
        #expect(route.nested?.outer.expectedIdentities == [Mesh.id("lb", "edge")])
    }

    @Test("12: without a gateway into its network an endpoint is refused, never passed through or dialled")
    func noGateway() {
        let stranded = Self.far { $0.networkGateway = nil }
        let missing = self.route(in: Mesh.snapshot([stranded], [Mesh.service()]))
        #expect(missing.refusal == .gatewayUnavailable)
        #expect(missing.refusalDetail?.contains("in other networks that name no gateway") == true)
        let unknown = self.route(in: Mesh.snapshot([Self.far()], [Mesh.service()]))
        #expect(unknown.refusal == .gatewayUnavailable)
        #expect(unknown.refusalDetail == "network gateway n2/10.2.0.1:15009 is not known")
    }

    @Test("36: an endpoint of another network needs no address of its own")
    func noAddress() throws {
        let far = Self.far { $0.addresses = [] }
        let route = try #require(self.route(in: Mesh.snapshot([far, Self.doorman], [Mesh.service()])).routes.first)
        #expect("\(route.address)" == "10.2.0.1:15009")
    }

    @Test("a plain endpoint of another network is reached through two tunnels all the same")
    func plainEndpoint() throws {
        let far = Self.far { $0.tunnel = .none }
        let route = try #require(self.route(in: Mesh.snapshot([far, Self.doorman], [Mesh.service()])).routes.first)
        #expect(route.nested != nil)
    }

    // MARK: Waypoints in another network

    private static let front = NamespacedHostname(namespace: "shop", hostname: "front.shop.mesh.internal")
    private static let waypoint = GatewayAddress(destination: .hostname(front), hbonePort: 15008)

    private static func waypointTask(_ change: (inout Workload) -> Void = { _ in }) -> Workload {
        Mesh.workload("front", "10.0.0.20") {
            $0.network = "n2"
            $0.networkGateway = self.gateway()
            $0.services[self.front] = [ServicePort(port: 15008, targetPort: 15008)]
            change(&$0)
        }
    }

    @Test("a waypoint in another network is reached through its gateway, by the service's name")
    func waypointBehindAGateway() throws {
        let front = Mesh.service("front", nil) { $0.ports = [ServicePort(port: 15008, targetPort: 15008)] }
        let orders = Mesh.service {
            $0.waypoint = Self.waypoint
            $0.subjectAltNames = [Mesh.id("also")]
        }
        let mesh = Mesh.snapshot([Self.waypointTask(), Self.doorman], [front, orders])
        let route = try #require(self.route(in: mesh).routes.first)
        #expect("\(route.address)" == "10.2.0.1:15009")
        #expect(route.nested?.inner.authority == .fixed("orders.shop.mesh.internal:80"))
        #expect(route.nested?.inner.expectedIdentities == [Mesh.id("also"), Mesh.id("front")])
        #expect(route.waypoint == Self.waypoint)
        // A workload's address means nothing over there.
        let echo = Mesh.endpoint("echo", "10.0.0.7") { $0.waypoint = Self.waypoint }
        let guarded = Mesh.snapshot([Self.waypointTask(), Self.doorman, echo], [front])
        #expect(self.route("10.0.0.7:80", in: guarded).refusal == .waypointUnavailable)
        let stranded = Self.waypointTask { $0.networkGateway = nil }
        #expect(
            self.route(in: Mesh.snapshot([stranded, Self.doorman], [front, orders])).refusal == .waypointUnavailable
        )
    }
}

import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("A change costs a waypoint's configuration only what depends on it")
struct RouteIncrementTests {
    /// A hundred services, of which each routes to the next.
    private static func mesh() throws -> RouteMesh {
        var mesh = try RouteMesh()
        var delta = MeshDelta()
        for number in 0..<100 {
            delta.services.append(Facts.service("s\(number)"))
            delta.workloads.append(Facts.task(UInt32(number + 1), of: "s\(number)"))
            delta.resources += try RouteMesh.read(self.route(number, to: (number + 1) % 100))
        }
        mesh.mesh.apply(delta)
        return mesh
    }

    private static func route(_ number: Int, to next: Int) -> String {
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: r\(number), namespace: shop}
        spec:
          parentRefs: [{group: '', kind: Service, name: s\(number)}]
          rules: [{backendRefs: [{name: s\(next), port: 80}]}]
        """
    }

    private static func rule(_ host: String, _ spec: String) -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: d, namespace: shop}
        spec: {host: \(host), \(spec)}
        """
    }

    private static func policy(_ target: String, in namespace: String = "shop") -> String {
        """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: p, namespace: \(namespace)}
        spec: {targetRefs: [\(target)], rules: [{}]}
        """
    }

    @Test("by numbers: what is compiled, and what is sent")
    func counted() throws {
        var mesh = try Self.mesh()
        let gateway = "{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}"
        func measure(
            _ name: String,
            compiled: Int,
            sent: [String],
            _ change: (inout RouteMesh) throws -> CompiledChange
        ) throws {
            let before = mesh.mesh.compiler.counts.routeEncodings
            let result = try change(&mesh)
            #expect(mesh.mesh.compiler.counts.routeEncodings - before == compiled, "\(name)")
            let waypoint = result.waypoints[RouteMesh.owner]
            let names = (waypoint?.routes.changed.map(\.name) ?? []) + (waypoint?.settings.changed.map(\.name) ?? [])
            #expect(
                names.map { $0.split(separator: "/")[1].split(separator: ".")[0] } == sent.map { $0[...] },
                "\(name)"
            )
        }
        try measure("a task", compiled: 0, sent: []) { $0.mesh.add(Facts.task(1, of: "s0") { $0.isHealthy = false }) }
        try measure("a new task", compiled: 0, sent: []) { $0.mesh.add(Facts.task(999, of: "s0")) }
        try measure("a route", compiled: 1, sent: ["s5"]) { try $0.declare(Self.route(5, to: 7)) }
        try measure("the same route", compiled: 0, sent: []) { try $0.declare(Self.route(5, to: 7)) }
        try measure("a service: it and who routes to it", compiled: 2, sent: ["s0", "s1"]) {
            $0.mesh.add(Facts.service("s1") { $0.ports[0].appProtocol = .http2 })
        }
        try measure("a rule: its service and who routes to it", compiled: 2, sent: ["s10", "s9"]) {
            try $0.declare(Self.rule("s10", "trafficPolicy: {loadBalancer: {simple: RANDOM}}"))
        }
        try measure("a policy of a service", compiled: 1, sent: ["s3"]) {
            try $0.declare(Self.policy("{kind: Service, name: s3}"))
        }
        try measure("one of the waypoint", compiled: 104, sent: []) { mesh in
            var change = try mesh.declare(Self.policy(gateway))
            #expect(change.waypoints[RouteMesh.owner]?.routes.changed.count == 102, "s3 has it already")
            change.waypoints = [:]
            return change
        }
        try measure("a policy of another namespace", compiled: 0, sent: []) {
            try $0.declare(Self.policy("{kind: Service, name: s3}", in: "back"))
        }
        try measure("a label that nobody reads", compiled: 0, sent: []) {
            $0.mesh.declare(Declare.namespace("other", ["team": "red"]))
        }
    }

    @Test("what goes is removed: services, bindings, waypoints")
    func removal() throws {
        var mesh = try RouteMesh()
        let names = ["cart", "orders", "pay"].map { "shop/\($0).shop.mesh.internal" }
        var change = mesh.mesh.apply(MeshDelta(removedServices: [Facts.key("pay")]))
        #expect(change.waypoints[RouteMesh.owner]?.routes.removed == [names[2]])
        change = mesh.mesh.add(Facts.service("cart") { $0.waypoint = WaypointChoice.none })
        #expect(change.waypoints[RouteMesh.owner]?.routes.removed == [names[0]])
        change = mesh.mesh.remove(Declare.waypoint())
        #expect(change.waypoints[RouteMesh.owner]?.routes.removed == [names[1]])
        #expect(change.waypoints[RouteMesh.owner]?.settings.removed == ["shop/waypoint"])
        #expect(mesh.mesh.compiler.l7.routes.isEmpty)
        #expect(mesh.mesh.compiler.l7.bound.isEmpty)
        change = mesh.mesh.declare(Declare.waypoint())
        #expect(change.waypoints[RouteMesh.owner]?.routes.changed.map(\.name) == [names[1]])
        #expect(change.waypoints[RouteMesh.owner]?.settings.changed.map(\.name) == ["shop/waypoint"])
    }

    @Test("52: a canary gets the same routes, and its own policies")
    func canary() throws {
        let gateway = "{group: gateway.networking.k8s.io, kind: Gateway, name: next}"
        var mesh = try RouteMesh(
            Self.policy(gateway) + "\n---\n" + Self.route(0, to: 0).replacing("s0", with: "orders")
        )
        mesh.mesh.declare(Declare.waypoint("next"))
        mesh.mesh.add(
            Facts.service {
                $0.labels = ["istio.io/use-waypoint": "waypoint", "istio.io/use-waypoint-canary": "next"]
                $0.annotations = ["istio.io/use-waypoint-canary-weight": "10"]
            }
        )
        let next = WaypointIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "next")
        #expect(try mesh.table() == ["/ > 1 orders"])
        #expect(try mesh.routes().security == nil)
        #expect(try mesh.routes(owner: next).ports == mesh.routes().ports)
        #expect(try mesh.routes(owner: next).security?.policies.map(\.name) == ["p"])
    }

    @Test("whose a waypoint's configuration is, the Gateway says, not its instances")
    func identity() throws {
        var mesh = try RouteMesh()
        mesh.mesh.add(
            Facts.task(1, of: nil) { facts in
                facts.labels = ["gateway.networking.k8s.io/gateway-name": "waypoint"]
                facts.serviceAccount = "thief"
            }
        )
        #expect(try mesh.routes().hostname == "orders.shop.mesh.internal")
        #expect(mesh.mesh.compiler.l7.routes[Facts.key("orders")]?.keys.map(\.serviceAccount) == ["waypoint"])
        let change = try mesh.declare(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: waypoint, namespace: shop, annotations: {gateway.istio.io/service-account: other}}
            spec:
              gatewayClassName: istio-waypoint
              addresses: [{type: Hostname, value: waypoint.example}]
              listeners: [{name: mesh, port: 15008, protocol: HBONE}]
            """
        )
        let other = WaypointIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "other")
        #expect(change.waypoints[other]?.routes.changed.count == 3)
        #expect(change.waypoints[RouteMesh.owner]?.routes.removed.count == 3)
        #expect(change.waypoints[RouteMesh.owner]?.settings.removed == ["shop/waypoint"])
    }

    @Test("whatever happened before, the same bytes come out")
    func order() throws {
        let resources = try (0..<10).flatMap { try RouteMesh.read(Self.route($0, to: 9 - $0)) }
        let services = (0..<10).map { Facts.service("s\($0)") }
        var together = try RouteMesh()
        together.mesh.apply(MeshDelta(services: services, resources: resources))
        var apart = try RouteMesh()
        for resource in resources.reversed() { apart.mesh.declare(resource) }
        for service in services {
            apart.mesh.add(service)
            apart.mesh.apply(MeshDelta(removedServices: [service.key]))
            apart.mesh.add(service)
        }
        #expect(together.mesh.compiler.l7.routes == apart.mesh.compiler.l7.routes)
        #expect(together.mesh.compiler.statuses == apart.mesh.compiler.statuses)
    }
}

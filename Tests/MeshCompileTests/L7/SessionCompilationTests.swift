import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Sessions of routes and destinations")
struct SessionCompilationTests {
    private static func route(_ session: String) -> String {
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: r, namespace: shop}
        spec:
          parentRefs: [{group: '', kind: Service, name: orders}]
          rules: [{\(session)backendRefs: [{name: cart, port: 80}]}]
        ---

        """
    }

    private static func policy(_ session: String, name: String = "p", created: String = "2026-01-01T00:00:00Z")
        -> String
    {
        """
        apiVersion: gateway.networking.x-k8s.io/v1alpha1
        kind: XBackendTrafficPolicy
        metadata: {name: \(name), namespace: shop, creationTimestamp: '\(created)'}
        spec:
          targetRefs: [{group: '', kind: Service, name: cart}]
          \(session)
        ---

        """
    }

    @Test("keys go where sessions are kept, each service's own, and go when none are")
    func keys() throws {
        var mesh = try RouteMesh(Self.route("sessionPersistence: {}, "))
        #expect(
            try mesh.routes().sessionKeys.map { String(decoding: $0, as: UTF8.self) } == [
                "new shop/orders.shop.mesh.internal", "old shop/orders.shop.mesh.internal",
            ]
        )
        #expect(try mesh.routes("cart").sessionKeys.isEmpty)
        #expect(try mesh.action().session?.name == "tulle-session")
        try mesh.declare(Self.route(""))
        #expect(try mesh.routes().sessionKeys.isEmpty)
    }

    @Test("XBackendTrafficPolicy: the oldest that has one, for all who send requests to the service")
    func policies() throws {
        let text =
            Self.policy("sessionPersistence: {type: Header, sessionName: X-Cart, idleTimeout: 10m}")
            + Self.policy("sessionPersistence: {sessionName: newer}", name: "a", created: "2026-02-01T00:00:00Z")
            + Self.policy("retryConstraint: {}", name: "b", created: "2025-02-01T00:00:00Z")
        var mesh = try RouteMesh(Self.route("") + text)
        let name = "outbound|80||cart.shop.mesh.internal"
        for service in ["orders", "cart"] {
            let session = try #require(try mesh.cluster(name, of: service).session)
            #expect(session.header)
            #expect(session.name == "X-Cart")
            #expect(session.idleTimeoutMilliseconds == 600_000)
            #expect(session.path.isEmpty)
            #expect(try mesh.routes(service).sessionKeys.count == 2)
        }
        #expect(try mesh.cluster("outbound|80||orders.shop.mesh.internal").session == nil)
        #expect(try mesh.routes("pay").sessionKeys.isEmpty)
        let gone = try #require(try RouteMesh.read(Self.policy("sessionPersistence: {}")).first)
        mesh.mesh.remove(gone)
        #expect(try mesh.cluster(name).session?.name == "newer")
    }

    @Test("other keys go to those who keep sessions, with the next compilation, and to nobody else")
    func rekeyed() throws {
        var mesh = try RouteMesh(Self.route("sessionPersistence: {}, "))
        mesh.mesh.compiler.rekey { key in [Array("newest \(key)".utf8)] }
        let change = mesh.mesh.apply(MeshDelta())
        #expect(change.waypoints.values.flatMap { $0.routes.changed.map(\.name) } == ["shop/orders.shop.mesh.internal"])
        #expect(change.addresses.changed.isEmpty && change.policies.changed.isEmpty)
        #expect(
            try mesh.routes().sessionKeys.map { String(decoding: $0, as: UTF8.self) } == [
                "newest shop/orders.shop.mesh.internal"
            ]
        )
        #expect(mesh.mesh.apply(MeshDelta()).isEmpty)
    }
}

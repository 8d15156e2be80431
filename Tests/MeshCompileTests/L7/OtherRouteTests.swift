import MeshConfig
import MeshProtos
import Testing

@testable import MeshCompile

@Suite("GRPCRoutes, TCPRoutes and TLSRoutes as a waypoint gets them")
struct OtherRouteTests {
    private static func route(
        _ kind: String,
        _ spec: String,
        version: String = "v1",
        name: String = "r",
        created: String = "2026-01-01T00:00:00Z"
    ) -> String {
        """
        apiVersion: gateway.networking.k8s.io/\(version)
        kind: \(kind)
        metadata: {name: \(name), namespace: shop, creationTimestamp: '\(created)'}
        spec:
          parentRefs: [{group: '', kind: Service, name: orders}]
          \(spec)
        ---

        """
    }

    private static let grpc = """
        rules:
            - matches: [{method: {service: a.B}}]
              backendRefs: [{name: cart, port: 9000}]
            - matches: [{method: {service: a.B, method: C}}, {method: {method: D}}]
              backendRefs: [{name: pay, port: 9000}, {name: nobody, port: 1}]
            - matches: [{headers: [{name: Kind, value: x}]}]
              backendRefs: [{name: cart, port: 9000}]
        """

    @Test("methods are paths; a backend that is not there makes UNAVAILABLE, and what matches none UNIMPLEMENTED")
    func grpcRoutes() throws {
        let mesh = try RouteMesh(Self.route("GRPCRoute", Self.grpc))
        #expect(
            try mesh.table(9000) == [
                "=/a.B/C > 1 pay:9000, 1 503", "/a.B/* > 1 cart:9000", "~/[^/]+/D > 1 pay:9000, 1 503",
                "kind:x > 1 cart:9000",
            ]
        )
        #expect(try mesh.port(9000)?.grpcOnly == true)
        #expect(try mesh.port(9000)?.actions.first?.origin == "GRPCRoute/shop/r")
    }

    @Test("of HTTPRoute and GRPCRoute the older kind counts")
    func conflict() throws {
        let http = Self.route(
            "HTTPRoute",
            "rules: [{backendRefs: [{name: cart, port: 80}]}]",
            name: "h",
            created: "2025-01-01T00:00:00Z"
        )
        let mesh = try RouteMesh(Self.route("GRPCRoute", Self.grpc) + http)
        #expect(try mesh.table(9000) == ["/ > 1 cart"])
        #expect(try mesh.port(9000)?.grpcOnly == false)
        #expect(mesh.condition(.accepted, of: "GRPCRoute/shop/r") == "false Conflicted")
        #expect(mesh.condition(.accepted, of: "HTTPRoute/shop/h") == "true Accepted")
    }

    @Test("99: weights of TCPRoute and TLSRoute")
    func streams() throws {
        let tcp = Self.route(
            "TCPRoute",
            """
            rules:
                - backendRefs:
                    - {name: cart, port: 5000, weight: 3}
                    - {name: pay, port: 5000}
                    - {name: nobody, port: 1}
            """,
            version: "v1alpha2"
        )
        let tls = Self.route(
            "TLSRoute",
            """
            hostnames: ['*.example.com', a.example.com]
              rules: [{backendRefs: [{name: cart, port: 443, weight: 9}, {name: pay, port: 443}]}]
            """
        )
        let mesh = try RouteMesh(tcp + tls)
        #expect(
            try mesh.port(5000)?.tcp.map { $0.clusters.map(RouteText.backend) } == [
                ["3 cart:5000", "1 pay:5000", "1 500"]
            ]
        )
        #expect(try mesh.port(5000)?.tcp.first?.name == "shop/r/0")
        #expect(try mesh.port(443)?.tls.map(\.names) == [["a.example.com"], ["*.example.com"]])
        #expect(try mesh.port(443)?.tls.first?.clusters.map(RouteText.backend) == ["9 cart:443", "1 pay:443"])
        #expect(try mesh.port(80) == nil, "a port of HTTP takes none")
    }
}

import MeshConfig
import Testing

@Suite("Analysis of what waypoints carry out")
struct TrafficRulesTests {
    private static let bound = AnalysisFacts(services: [Make.service(waypoint: "shop/waypoint")])

    @Test("TUL0208: a provider must be declared")
    func providers() {
        let custom = Make.policy(
            .init(
                targetRefs: [.init(group: "", kind: "Service", name: "web")],
                action: .custom,
                provider: "opa",
                rules: [Make.to { $0.paths = ["/a"] }]
            )
        )
        #expect(codes([custom], Self.bound) == [.providerUnknown])
        let telemetry = Make.resource(
            "t",
            .route(
                .telemetry,
                [
                    "tracing": [["providers": [["name": "spans"]]]],
                    "accessLogging": [["providers": [["name": "envoy"]]]],
                ]
            )
        )
        #expect(codes([telemetry], Self.bound) == [.providerUnknown])
        let mesh = Make.resource(
            "default",
            .meshConfig(.init(traffic: ["extensionProviders": [["name": "opa"], ["name": "spans"]]]))
        )
        #expect(codes([custom, telemetry, mesh], Self.bound).isEmpty)
    }

    @Test("TUL0307: a route is attached to a service of its own namespace")
    func parents() {
        let facts = AnalysisFacts(services: [Make.service(in: "other", waypoint: "other/waypoint")])
        let parent: ConfigValue = ["kind": "Service", "name": "web", "namespace": "other"]
        #expect(codes([Make.httpRoute([], parent: parent)], facts) == [.routeParentUnsupported])
    }

    @Test("TUL0308: a subset must be declared")
    func subsets() {
        let route: ConfigValue = ["route": [["destination": ["host": "web", "subset": "v1"]]]]
        #expect(codes([Make.virtualService([route])], Self.bound) == [.subsetUnknown])
        func rule(_ host: String, _ subset: String) -> DeclaredResource {
            Make.resource(
                "d",
                .route(.destinationRule, ["host": .string(host), "subsets": [["name": .string(subset)]]])
            )
        }
        for host in ["web", "web.shop.mesh.internal"] {
            #expect(codes([Make.virtualService([route]), rule(host, "v1")], Self.bound).isEmpty, "\(host)")
        }
        #expect(codes([Make.virtualService([route]), rule("web", "v2")], Self.bound) == [.subsetUnknown])
    }

    @Test("TUL0309: a service has HTTPRoutes or GRPCRoutes")
    func kinds() {
        let parent: ConfigValue = ["kind": "Service", "name": "web"]
        let grpc = Make.resource("g", .route(.grpcRoute, ["parentRefs": [parent], "rules": []]))
        #expect(codes([Make.httpRoute([]), grpc], Self.bound) == [.routeKindsMixed])
        let port: ConfigValue = ["kind": "Service", "name": "web", "port": 9000]
        let other = Make.resource("g", .route(.grpcRoute, ["parentRefs": [port], "rules": []]))
        #expect(codes([Make.httpRoute([]), other], Self.bound).isEmpty)
    }
}

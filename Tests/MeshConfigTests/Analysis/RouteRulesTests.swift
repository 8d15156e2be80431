import MeshConfig
import Testing

@Suite("Analysis of routes")
struct RouteRulesTests {
    private static let bound = AnalysisFacts(services: [Make.service(waypoint: "shop/waypoint")])
    private static let free = AnalysisFacts(services: [Make.service()])

    @Test("TUL0301: a parent must be there")
    func parents() {
        #expect(codes([Make.httpRoute([])], AnalysisFacts()) == [.routeParentMissing])
        #expect(codes([Make.httpRoute([])], Self.bound).isEmpty)
        #expect(codes([Make.httpRoute([])]).isEmpty, "without a mesh nobody knows what ECS has")
        let entry: ConfigValue = ["kind": "ServiceEntry", "name": "pay", "group": "networking.istio.io"]
        #expect(codes([Make.httpRoute([], parent: entry)]) == [.routeParentMissing])
        let gateway: ConfigValue = ["name": "waypoint"]
        #expect(codes([Make.httpRoute([], parent: gateway)]) == [.routeParentMissing])
        let own = codes([Make.httpRoute([], parent: gateway), Make.waypoint(), Make.bound()])
        #expect(own == [.routeParentUnsupported], "TUL0307: it takes no routes of its own")
        let other: ConfigValue = ["kind": "Service", "name": "web", "namespace": "other"]
        #expect(codes([Make.httpRoute([], parent: other)], Self.bound) == [.routeParentMissing])
        #expect(codes([Make.virtualService([], host: "gone")], Self.bound) == [.routeParentMissing])
    }

    @Test("TUL0302: only a waypoint carries out routes")
    func waypoint() {
        #expect(codes([Make.httpRoute([])], Self.free) == [.routeWithoutWaypoint])
        #expect(codes([Make.httpRoute([]), Make.bound(), Make.waypoint()], Self.free).isEmpty)
        for host in ["web", "web.shop", "web.shop.mesh.internal"] {
            #expect(codes([Make.virtualService([], host: host)], Self.free) == [.routeWithoutWaypoint])
            #expect(codes([Make.virtualService([], host: host)], Self.bound).isEmpty)
        }
        #expect(codes([Make.virtualService([], gateways: ["ingress"])], Self.free).isEmpty)
        #expect(codes([Make.virtualService([], gateways: ["ingress", "mesh"])], Self.free) == [.routeWithoutWaypoint])
    }

    @Test(
        "TUL0303: in a VirtualService the first match wins",
        arguments: [
            ([[:], ["match": [["uri": ["exact": "/a"]]]]], true),
            ([["match": [["uri": ["prefix": "/"]]]], ["match": [["method": ["exact": "GET"]]]]], true),
            ([["match": [["uri": ["prefix": "/a"]]]], ["match": [["uri": ["exact": "/a/b"]]]]], true),
            ([["match": [["uri": ["prefix": "/a"]]]], ["match": [["uri": ["prefix": "/ab"], "port": 80]]]], true),
            ([["match": [["uri": ["exact": "/a"]]]], ["match": [["uri": ["prefix": "/a"]]]]], false),
            ([["match": [["uri": ["prefix": "/a"], "port": 80]]], ["match": [["uri": ["prefix": "/a"]]]]], false),
            ([["match": [["uri": ["regex": "/a.*"]]]], ["match": [["uri": ["exact": "/a"]]]]], false),
            (
                [["match": [["headers": ["x": ["exact": "1"]]]]], ["match": [["headers": ["x": ["exact": "2"]]]]]],
                false
            ),
            (
                [
                    ["match": [["headers": ["x": [:]]]]],
                    ["match": [["headers": ["x": ["exact": "2"], "y": ["exact": "1"]]]]],
                ],
                true
            ),
            (
                [["match": [["uri": ["exact": "/a"], "ignoreUriCase": "x"]]], ["match": [["uri": ["exact": "/a"]]]]],
                false
            ),
            ([["match": [["uri": ["exact": "/a"]]]], [:]], false),
        ] as [([ConfigValue], Bool)]
    )
    func virtualService(_ rules: [ConfigValue], _ isShadowed: Bool) {
        #expect(codes([Make.virtualService(rules)], Self.bound) == (isShadowed ? [.routeMatchShadowed] : []))
    }

    @Test("TUL0303 names rules and matches")
    func shadowMessages() {
        let whole = Make.virtualService([[:], ["match": [["uri": ["exact": "/a"]], ["uri": ["exact": "/b"]]]]])
        #expect(
            Analyzer.findings(in: [whole], facts: Self.bound).map(\.message)
                == ["rule 2 is never reached: rule 1 takes all that it matches"]
        )
        let part = Make.virtualService([
            ["match": [["uri": ["prefix": "/a"]]]], ["match": [["uri": ["exact": "/b"]], ["uri": ["exact": "/a"]]]],
        ])
        #expect(
            Analyzer.findings(in: [part], facts: Self.bound).map(\.message)
                == ["match 2 of rule 2 is never reached: rule 1 takes all of it"]
        )
    }

    @Test("TUL0303: in an HTTPRoute the more specific match wins, so only equal ones shadow")
    func httpRoute() {
        func rule(_ path: String, _ type: String? = "PathPrefix") -> ConfigValue {
            var fields: [String: ConfigValue] = ["value": .string(path)]
            if let type { fields["type"] = .string(type) }
            return ["matches": [["path": .map(fields)]]]
        }
        #expect(codes([Make.httpRoute([rule("/"), rule("/a")])], Self.bound).isEmpty)
        #expect(codes([Make.httpRoute([rule("/a"), rule("/a", nil)])], Self.bound) == [.routeMatchShadowed])
        #expect(codes([Make.httpRoute([[:], rule("/")])], Self.bound) == [.routeMatchShadowed])
        #expect(codes([Make.httpRoute([rule("/a"), rule("/a", "Exact")])], Self.bound).isEmpty)
        let headers: ConfigValue = ["matches": [["headers": [["name": "X", "value": "1"]]]]]
        let lower: ConfigValue = ["matches": [["headers": [["name": "x", "value": "1", "type": "Exact"]]]]]
        #expect(codes([Make.httpRoute([headers, lower])], Self.bound) == [.routeMatchShadowed])
        #expect(codes([Make.httpRoute([headers, [:]])], Self.bound).isEmpty)
    }

    @Test("TUL0304 and TUL0305: a DestinationRule needs its host, and a waypoint that carries it out")
    func destinationRules() {
        func rule(_ host: String) -> DeclaredResource {
            Make.resource("dr", .route(.destinationRule, ["host": .string(host)]))
        }
        #expect(codes([rule("gone")], Self.bound) == [.destinationHostUnknown])
        #expect(codes([rule("gone")]).isEmpty)
        #expect(codes([rule("web.shop.mesh.internal")], Self.bound).isEmpty)
        #expect(codes([rule("web")], Self.free) == [.destinationWithoutWaypoint])
        #expect(codes([rule("*.shop.mesh.internal")], Self.free).isEmpty)
        #expect(codes([rule("*.example.com")], Self.free) == [.destinationHostUnknown])
        #expect(codes([rule("pay.example.com"), Make.entry()]) == [.destinationWithoutWaypoint])
    }

    @Test("TUL0306: backends must be there")
    func backends() {
        func route(_ backend: ConfigValue) -> DeclaredResource { Make.httpRoute([["backendRefs": [backend]]]) }
        #expect(codes([route(["name": "web", "port": 80])], Self.bound).isEmpty)
        #expect(codes([route(["name": "v2", "port": 80])], Self.bound) == [.routeBackendMissing])
        #expect(codes([route(["name": "v2", "port": 80])]).isEmpty)
        let host: ConfigValue = ["kind": "Hostname", "group": "networking.istio.io", "name": "web.shop.mesh.internal"]
        #expect(codes([route(host)], Self.bound).isEmpty)
        let rules: [ConfigValue] = [["route": [["destination": ["host": "v2"]], ["destination": ["host": "web"]]]]]
        #expect(codes([Make.virtualService(rules)], Self.bound) == [.routeBackendMissing])
    }
}

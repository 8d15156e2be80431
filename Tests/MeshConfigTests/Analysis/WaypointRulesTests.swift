import MeshConfig
import Testing

@Suite("Analysis of waypoints")
struct WaypointRulesTests {
    private static let mesh: [DeclaredResource] = [Make.bound(), Make.waypoint(), Make.entry()]

    @Test("a sound mesh has no findings")
    func sound() {
        #expect(codes(Self.mesh).isEmpty)
        #expect(codes([]).isEmpty)
        #expect(codes(Self.mesh, AnalysisFacts(services: [Make.service(waypoint: "shop/waypoint")])).isEmpty)
    }

    @Test("TUL0101: a waypoint that nobody declares")
    func missing() throws {
        #expect(codes([Make.bound()]) == [.waypointMissing])
        #expect(codes([Make.bound(to: "other"), Make.waypoint()]) == [.waypointMissing, .waypointUnused])
        #expect(codes([Make.bound(in: "elsewhere"), Make.waypoint()]).first == .waypointMissing)
        let entry = Make.entry(labels: ["istio.io/use-waypoint": "gone"])
        let found = try #require(Analyzer.findings(in: [entry, Make.namespace("shop")]).first)
        #expect(found.key?.description == "ServiceEntry/shop/pay")
        #expect(
            found.description.hasPrefix(
                "Error [TUL0101] (ServiceEntry shop/pay mesh.yaml:1) the label istio.io/use-waypoint names the "
                    + "waypoint shop/gone"
            )
        )
        #expect(codes([Make.bound(to: "none")]).isEmpty)
    }

    @Test("TUL0102: a waypoint of another namespace must allow ours")
    func attachment() {
        func mesh(_ allowed: Declared.Gateway.RouteNamespaces) -> [DeclaredResource] {
            [
                Make.bound(in: "infra"), Make.namespace("infra"),
                Make.waypoint(
                    in: "infra",
                    listeners: [.init(name: "mesh", port: 15008, protocol: "HBONE", allowedNamespaces: allowed)]
                ),
            ]
        }
        #expect(codes(mesh(.same)) == [.waypointRefusesNamespace])
        #expect(codes(mesh(.all)).isEmpty)
        #expect(codes(mesh(.selector(.init(matchLabels: ["team": "shop"])))) == [.waypointRefusesNamespace])
        let ours = Declared.LabelSelector(matchLabels: ["kubernetes.io/metadata.name": "shop"])
        #expect(codes(mesh(.selector(ours))).isEmpty)
    }

    @Test("TUL0103: a waypoint takes tunnels on port 15008, or the PROXY protocol")
    func listener() {
        func mesh(_ listeners: [Declared.Gateway.Listener]) -> [DeclaredResource] {
            [Make.bound(), Make.waypoint(listeners: listeners)]
        }
        #expect(codes(mesh([])) == [.waypointListenerWrong])
        #expect(codes(mesh([.init(name: "http", port: 80, protocol: "HTTP")])) == [.waypointListenerWrong])
        #expect(codes(mesh([.init(name: "mesh", port: 15009, protocol: "HBONE")])) == [.waypointListenerWrong])
        #expect(codes(mesh([.init(name: "p", port: 15088, protocol: "istio.io/PROXY")])).isEmpty)
    }

    @Test("TUL0104: a waypoint that nobody uses, neither by label nor by tag")
    func unused() {
        #expect(codes([Make.waypoint(), Make.namespace("shop")]) == [.waypointUnused])
        #expect(codes([Make.waypoint(for: "none"), Make.namespace("shop")]).isEmpty)
        let facts = AnalysisFacts(services: [Make.service(waypoint: "shop/waypoint")])
        #expect(codes([Make.waypoint(), Make.namespace("shop")], facts).isEmpty)
        let others = AnalysisFacts(services: [Make.service(waypoint: "shop/other")])
        #expect(codes([Make.waypoint(), Make.namespace("shop")], others) == [.waypointUnused])
    }

    @Test("TUL0105: a waypoint must be for what names it")
    func traffic() {
        func mesh(_ traffic: String?) -> [DeclaredResource] {
            [
                Make.namespace("shop"), Make.waypoint(for: traffic),
                Make.entry(labels: ["istio.io/use-waypoint": "waypoint"]),
            ]
        }
        #expect(codes(mesh("workload")) == [.waypointTypeMismatch])
        #expect(codes(mesh("all")).isEmpty)
        #expect(codes(mesh(nil)).isEmpty)
        let workload = Make.resource(
            "vm",
            labels: ["istio.io/use-waypoint": "waypoint"],
            .workloadEntry(.init(address: "10.0.0.1"))
        )
        #expect(codes([Make.namespace("shop"), Make.waypoint(), workload]) == [.waypointTypeMismatch])
    }

    @Test("TUL0106: another gateway is no waypoint")
    func gatewayClass() {
        #expect(codes([Make.bound(), Make.waypoint(className: "istio-east-west")]) == [.waypointClassWrong])
        #expect(codes([Make.bound(), Make.waypoint(className: "tulle-waypoint")]).isEmpty)
    }

    @Test("codes are unique and sorted, and what is found comes gravest first")
    func order() {
        let raw = FindingCode.allCases.map(\.rawValue)
        #expect(Set(raw).count == raw.count)
        #expect(raw == raw.sorted())
        #expect(FindingCode.Severity.info < .warning && FindingCode.Severity.warning < .error)
        let found = Analyzer.findings(in: [Make.waypoint(), Make.namespace("other"), Make.bound(to: "gone")])
        #expect(found.map(\.code.severity) == found.map(\.code.severity).sorted(by: >))
        #expect(found == Analyzer.findings(in: [Make.bound(to: "gone"), Make.namespace("other"), Make.waypoint()]))
    }
}

import AWSClient
import MeshConfig
import Testing

@testable import TulleCLI

@Suite("tulle analyze")
struct AnalyzeTests {
    private static let bound = """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            istio.io/use-waypoint: gone
        """

    private static func local(_ text: String) -> LocalConfiguration {
        LocalConfiguration([ConfigurationInput(name: "mesh.yaml", text: text)])
    }

    @Test("findings have istioctl's line format, and name file and line")
    func offline() {
        let report = AnalysisReport(Analyzer.findings(in: Self.local("# first\n" + Self.bound).resources))
        #expect(
            report.text == """
                Error [TUL0101] (Namespace shop mesh.yaml:2) the label istio.io/use-waypoint names the waypoint \
                shop/gone, which is not declared; connections are refused until it is
                """
        )
        #expect(report.reaches(.error) && report.reaches(.info))
        #expect(
            report.json[0] == [
                "code": "TUL0101", "level": "error",
                "message": .string(report.findings[0].message), "documentationUrl": "docs/analysis.md#tul0101",
                "origin": "Namespace/shop", "reference": "mesh.yaml:2",
            ]
        )
        #expect(AnalysisReport([]).text == "nothing found")
        #expect(!AnalysisReport([]).reaches(.info))
    }

    @Test(
        "findings can be left out by code, kind and name",
        arguments: [
            ("TUL0101=Namespace shop", true), ("*=namespace *", true), ("TUL0102=Namespace shop", false),
            ("TUL0101=Gateway shop", false), ("TUL0101=Namespace shop.other", false),
        ]
    )
    func suppression(_ text: String, _ isGone: Bool) throws {
        let suppression = try #require(AnalysisReport.Suppression(text))
        let findings = Analyzer.findings(in: Self.local(Self.bound).resources)
        #expect(AnalysisReport(findings, suppressed: [suppression]).findings.isEmpty == isGone)
    }

    @Test("other words are no suppression", arguments: ["", "TUL0101", "TUL0101=Namespace", "TUL0101=a b c"])
    func noSuppression(_ text: String) {
        #expect(AnalysisReport.Suppression(text) == nil)
    }

    @Test("a threshold hides what is less grave")
    func threshold() {
        let findings = Analyzer.findings(
            in: Self.local(
                """
                apiVersion: gateway.networking.k8s.io/v1
                kind: Gateway
                metadata: {name: w, namespace: shop}
                spec:
                  gatewayClassName: istio-waypoint
                  listeners:
                  - {name: mesh, port: 15008, protocol: HBONE}
                """
            ).resources
        )
        #expect(findings.map(\.code) == [.waypointUnused])
        #expect(AnalysisReport(findings, atLeast: .warning).findings.isEmpty)
        #expect(!AnalysisReport(findings).reaches(.warning))
    }

    @Test("a live mesh is read with its places, and files stand in for what they replace")
    func live() async throws {
        var routes = MeshFixtures.routes
        routes["GET /v1/resources"] = [
            "items": [
                [
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": ["name": "shop", "labels": ["istio.io/use-waypoint": "lost"]],
                    "status": ["state": "accepted", "origin": ["file": "a/shop.yaml", "line": 7]],
                ],
                [
                    "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
                    "metadata": ["name": "db", "namespace": "data"], "spec": ["host": "db.data.mesh.internal"],
                    "status": ["state": "accepted", "origin": ["file": "-", "line": 1]],
                ],
                ["kind": "Odd", "metadata": ["name": "x"]],
            ]
        ]
        try await FakeControlPlane.run(routes) { admin, _ in
            let roles = [AnalysisFacts.Role(arn: "arn:r", user: "service web of cluster c1")]
            let whole = try await AnalyzeCommand.findings(LocalConfiguration([]), roles: roles, admin)
            // The DestinationRule's namespace is not declared, and its service has no waypoint.
            #expect(
                whole.map(\.code)
                    == [.waypointMissing, .roleUnbound, .destinationWithoutWaypoint, .namespaceUndeclared]
            )
            #expect(whole[0].origin?.description == "a/shop.yaml:7")
            let local = Self.local(Self.bound.replacing("gone", with: "waypoint"))
            let replaced = try await AnalyzeCommand.findings(local, roles: [], admin)
            #expect(replaced[0].message.contains("shop/waypoint"))
            #expect(replaced[0].origin?.description == "mesh.yaml:1")
        }
    }

    @Test("facts of the mesh: waypoints by name, ports of workloads by their services")
    func facts() throws {
        let facts = AnalysisFacts(MeshFixtures.view)
        let web = try #require(facts.services.first { $0.name == "web" })
        #expect(web.waypoint == "shop/waypoint")
        #expect(web.ports == [80])
        #expect(facts.services.first { $0.name == "db" }?.addresses == ["10.1.0.0/24"])
        let workload = try #require(facts.workloads.first { $0.name == "web-1" })
        #expect(workload.ports == [8080])
        #expect(workload.labels == nil)
        #expect(workload.services == ["shop/web.shop.mesh.internal"])
    }

    @Test("the catalogue lists every code")
    func catalogue() {
        let lines = AnalysisReport.catalogue.split(separator: "\n")
        #expect(lines.count == FindingCode.allCases.count + 1)
        #expect(lines[1] == "TUL0101  error    a waypoint that is referred to is not declared")
    }
}

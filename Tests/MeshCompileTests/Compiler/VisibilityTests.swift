import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Who may see a ServiceEntry")
struct VisibilityTests {
    private typealias Row = (
        rules: [Declared.MeshConfig.VisibilityRule], fallback: Declared.MeshConfig.Visibility, exportTo: [String],
        expected: String?
    )

    @Test("32: the first rule that selects the namespace decides, else the default; the entry may narrow it")
    func table() throws {
        func rule(_ value: String?, _ visibility: Declared.MeshConfig.Visibility)
            -> Declared.MeshConfig.VisibilityRule
        {
            .init(namespaceSelector: .init(matchLabels: value.map { ["team": $0] } ?? [:]), visibility: visibility)
        }
        let rows: [Row] = [
            ([], .public, [], "Public"), ([], .namespace, [], "Namespace"), ([], .none, [], nil),
            ([rule("red", .namespace)], .public, [], "Namespace"), ([rule("blue", .namespace)], .public, [], "Public"),
            ([rule("red", .public), rule(nil, .none)], .namespace, [], "Public"),
            ([rule(nil, .none), rule("red", .public)], .public, [], nil),
            ([], .public, ["."], "Namespace"), ([], .public, ["~"], nil), ([], .public, ["*"], "Public"),
            ([], .namespace, ["*"], "Namespace"), ([], .namespace, ["~"], nil),
            ([], .public, [".", "attic"], "Public"),
        ]
        for row in rows {
            let entry = Declare.entry(["a.example"]) {
                $0.exportTo = row.exportTo
                $0.resolution = .dns
            }
            let mesh = TestMesh(
                Declare.namespace("shop", ["team": "red"]),
                entry,
                Declare.mesh {
                    $0.visibilityRules = row.rules
                    $0.defaultVisibility = row.fallback
                }
            )
            let condition = mesh.condition(.visibilityApplied, of: entry)
            #expect(condition?.isTrue == (row.expected != nil), "\(row)")
            #expect(condition?.reason == row.expected ?? "None", "\(row)")
            if let expected = row.expected {
                let visibility = try mesh.service("shop/a.example").visibility
                #expect(visibility == (expected == "Public" ? .everywhere : .ownNamespace), "\(row)")
            } else {
                #expect(mesh.compiler.addressResources.isEmpty, "\(row)")
            }
        }
    }

    @Test("32: a label of the namespace hides its entries and shows them again")
    func labelEdit() throws {
        let config = Declare.mesh {
            $0.visibilityRules = [
                .init(namespaceSelector: .init(matchLabels: ["hide": "yes"]), visibility: .none)
            ]
        }
        var mesh = TestMesh(Declare.entry(["a.example"]), Declare.entry(["b.example"], in: "attic"), config)
        let hidden = mesh.declare(Declare.namespace("shop", ["hide": "yes"]))
        #expect(hidden.addresses.removed == ["shop/a.example"])
        #expect(hidden.addresses.changed.isEmpty)
        let shown = mesh.remove(Declare.namespace("shop"))
        #expect(shown.addresses.changed.map(\.name) == ["shop/a.example"])
    }

    @Test("33: what only its namespace sees is not bound to a waypoint elsewhere, only to one of its own")
    func waypoints() throws {
        let other = Declare.waypoint(
            in: "attic",
            listeners: [.init(name: "mesh", port: 15008, protocol: "HBONE", allowedNamespaces: .all)]
        )
        func entry(_ exportTo: [String], in namespace: String) -> DeclaredResource {
            Declare.entry(
                ["a.example"],
                labels: ["istio.io/use-waypoint": "waypoint", "istio.io/use-waypoint-namespace": namespace]
            ) { $0.exportTo = exportTo }
        }
        var mesh = TestMesh(other, Declare.waypoint())
        mesh.declare(entry([], in: "attic"))
        #expect(TestMesh.name(try mesh.service("shop/a.example").waypoint) == "attic/waypoint.example")
        mesh.declare(entry(["."], in: "attic"))
        #expect(try mesh.service("shop/a.example").waypoint == nil)
        #expect(
            mesh.condition(.waypointBound, of: entry([], in: ""))?.reason == "CrossNamespaceWaypointForbidden"
        )
        mesh.declare(entry(["."], in: "shop"))
        #expect(TestMesh.name(try mesh.service("shop/a.example").waypoint) == "shop/waypoint.example")
    }
}

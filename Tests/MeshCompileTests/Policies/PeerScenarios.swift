import MeshConfig

extension PolicyScenario {
    private typealias D = Declare

    private static let app = ["app": "echo"]
    /// All but those without an identity.
    private static let proven = "abcdfhi"

    /// PeerAuthentication, level by level.
    static let peers: [PolicyScenario] = [
        PolicyScenario("56: mesh strict", proven, [D.peer(.strict, in: D.root)]),
        PolicyScenario("56: mesh permissive", "abcdefghi", [D.peer(.permissive, in: D.root)]),
        PolicyScenario("56: namespace strict", proven, [D.peer(.strict)]),
        PolicyScenario("56: another namespace strict", "abcdefghi", [D.peer(.strict, in: "attic")]),
        PolicyScenario("56: workload strict", proven, [D.peer(.strict, selector: app)]),
        PolicyScenario("56: another workload strict", "abcdefghi", [D.peer(.strict, selector: ["app": "x"])]),
        PolicyScenario(
            "56: mesh strict, namespace permissive",
            "abcdefghi",
            [
                D.peer(.strict, in: D.root), D.peer(.permissive),
            ]
        ),
        PolicyScenario(
            "56: mesh strict, workload permissive",
            "abcdefghi",
            [
                D.peer(.strict, in: D.root), D.peer(.permissive, selector: app),
            ]
        ),
        PolicyScenario(
            "56: mesh permissive, workload strict",
            proven,
            [
                D.peer(.permissive, in: D.root), D.peer(.strict, selector: app),
            ]
        ),
        PolicyScenario("56: DISABLE is PERMISSIVE", "abcdefghi", [D.peer(.strict, in: D.root), D.peer(.disable)]),
        PolicyScenario("56: UNSET inherits from the mesh", proven, [D.peer(.strict, in: D.root), D.peer(.unset)]),
        PolicyScenario(
            "56: UNSET inherits through two levels",
            proven,
            [
                D.peer(.strict, in: D.root), D.peer(.unset), D.peer(.unset, selector: app, name: "own"),
            ]
        ),
        PolicyScenario(
            "56: UNSET inherits from the namespace",
            "abcdefghi",
            [
                D.peer(.strict, in: D.root), D.peer(.permissive), D.peer(.unset, selector: app, name: "own"),
            ]
        ),
        PolicyScenario(
            "56: the oldest of a namespace wins",
            proven,
            [
                D.peer(.permissive, name: "a", created: 2), D.peer(.strict, name: "b", created: 1),
            ]
        ),
        PolicyScenario(
            "56: of equally old ones the first by name",
            "abcdefghi",
            [
                D.peer(.strict, name: "b"), D.peer(.permissive, name: "a"),
            ]
        ),
        PolicyScenario(
            "56: the oldest of the mesh wins",
            proven,
            [
                D.peer(.permissive, in: D.root, name: "a", created: 2),
                D.peer(.strict, in: D.root, name: "b", created: 1),
            ]
        ),
        PolicyScenario(
            "56: the oldest that selects wins",
            proven,
            [
                D.peer(.permissive, selector: app, name: "a", created: 2),
                D.peer(.strict, selector: ["tier": "back"], name: "b", created: 1),
            ]
        ),
        PolicyScenario(
            "56: a selector in the root means nothing",
            "abcdefghi",
            [
                D.peer(.strict, selector: app, in: D.root)
            ]
        ),
        PolicyScenario(
            "56: strict port under permissive",
            "abcdefhi",
            [
                D.peer(.permissive, selector: app, ports: [9090: .strict])
            ]
        ),
        PolicyScenario(
            "56: strict port under nothing",
            "abcdefhi",
            [
                D.peer(.unset, selector: app, ports: [9090: .strict, 7: .permissive])
            ]
        ),
        PolicyScenario(
            "56: permissive port under strict",
            "abcdfghi",
            [
                D.peer(.strict, selector: app, ports: [9090: .permissive])
            ]
        ),
        PolicyScenario(
            "56: disabled port under a strict mesh",
            "abcdfghi",
            [
                D.peer(.strict, in: D.root), D.peer(.unset, selector: app, ports: [9090: .disable], name: "own"),
            ]
        ),
        PolicyScenario(
            "56: permissive port under a strict namespace",
            "abcdfghi",
            [
                D.peer(.strict), D.peer(.unset, selector: app, ports: [9090: .permissive], name: "own"),
            ]
        ),
        PolicyScenario(
            "56: two permissive ports under strict",
            "abcdefghi",
            [
                D.peer(.strict, selector: app, ports: [9090: .permissive, 8080: .disable])
            ]
        ),
        PolicyScenario(
            "56: a permissive and a strict port under strict",
            "abcdfghi",
            [
                D.peer(.strict, selector: app, ports: [9090: .permissive, 8080: .strict])
            ]
        ),
        PolicyScenario(
            "56: strict port under strict",
            proven,
            [
                D.peer(.strict, selector: app, ports: [9090: .strict])
            ]
        ),
        PolicyScenario(
            "56: permissive port under permissive",
            "abcdefghi",
            [
                D.peer(.permissive, selector: app, ports: [9090: .permissive])
            ]
        ),
        PolicyScenario(
            "56: an UNSET port inherits",
            proven,
            [
                D.peer(.strict, selector: app, ports: [9090: .unset])
            ]
        ),
        PolicyScenario(
            "56: an UNSET port beside a permissive one",
            "abcdefhi",
            [
                D.peer(.strict, selector: app, ports: [9090: .unset, 8080: .permissive])
            ]
        ),
        PolicyScenario(
            "60: strict with ALLOW for anybody",
            proven,
            [
                D.peer(.strict, in: D.root), D.policy(.allow, [.init()]),
            ]
        ),
        PolicyScenario(
            "60: permissive with ALLOW by namespace",
            "abdfh",
            [
                D.peer(.permissive, in: D.root), D.policy(.allow, [D.from { $0.namespaces = ["shop"] }]),
            ]
        ),
        PolicyScenario(
            "56: a workload of the root namespace",
            proven,
            [
                D.peer(.strict, in: D.root), D.peer(.permissive),
            ]
        ).inNamespace(D.root),
        PolicyScenario(
            "56: a workload of another namespace",
            proven,
            [
                D.peer(.strict, in: D.root), D.peer(.permissive),
            ]
        ).inNamespace("attic"),
    ]
}

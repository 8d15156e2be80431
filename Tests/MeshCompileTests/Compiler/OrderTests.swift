import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("The same mesh gives the same bytes")
struct OrderTests {
    /// A mesh where nearly everything depends on something else.
    private struct World {
        var workloads: [WorkloadFacts]
        var services: [ServiceFacts]
        var resources: [DeclaredResource]

        init(_ generator: inout SeededGenerator) {
            let spaces = ["shop", "bank", "attic"]
            self.services = spaces.flatMap { space in
                ["orders", "cart", "waypoint"].map { name in
                    Facts.service(name, in: space) {
                        if name == "cart" { $0.labels = ["istio.io/use-waypoint": "waypoint"] }
                    }
                }
            }
            self.workloads = (1...30).map { number in
                let space = spaces.randomElement(using: &generator) ?? "shop"
                let name = ["orders", "cart", "waypoint"].randomElement(using: &generator) ?? "cart"
                return Facts.task(UInt32(number), of: name, in: space) {
                    $0.network = number % 7 == 0 ? "far" : nil
                    $0.portsByName = ["https": UInt16(number)]
                    $0.refusesPlain = number % 5 == 0
                }
            }
            let all = Declared.Gateway.Listener(
                name: "mesh",
                port: 15008,
                protocol: "HBONE",
                allowedNamespaces: .selector(.init(matchLabels: ["open": "yes"]))
            )
            self.resources = [
                Declare.mesh {
                    $0.allowsWaypoints = true
                    $0.visibilityRules = [
                        .init(namespaceSelector: .init(matchLabels: ["open": "no"]), visibility: .namespace)
                    ]
                },
                Declare.namespace("shop", ["istio.io/use-waypoint": "waypoint", "open": "yes"]),
                Declare.namespace("bank", ["open": "no"]),
                Declare.waypoint(in: "shop", audience: "all", addresses: [], listeners: [all]),
                Declare.waypoint(in: "bank", addresses: [.ip("10.0.0.99")]),
                Declare.eastWest("far", .ip("192.0.2.1")), Declare.eastWest("far", .ip("192.0.2.2"), name: "two"),
                Declare.entry(["a.example"], name: "one", created: 3) { $0.resolution = .dns },
                Declare.entry(["a.example", "b.example"], name: "two", created: 2) {
                    $0.workloadSelector = .init(matchLabels: ["app": "orders"])
                },
                Declare.entry(["a.example"], name: "three", in: "bank", created: 1) {
                    $0.endpoints = [.init(address: "192.0.2.7")]
                },
                Declare.entry(["c.example"], name: "four", in: "attic") { $0.addresses = ["198.51.100.0/24"] },
                Declare.machine("10.1.0.1", labels: ["app": "orders"]) { $0.network = "far" },
                Declare.peer(.strict, in: Declare.root),
                Declare.peer(.permissive, in: "bank"),
                Declare.peer(.unset, selector: ["app": "cart"], ports: [80: .permissive], name: "ports"),
                Declare.policy(.deny, [.init()], selector: ["app": "cart"], in: Declare.root),
                Declare.policy(.allow, [Declare.from { $0.namespaces = ["shop"] }], in: "bank"),
                Declare.resource(
                    .authorizationPolicy(.init(targetRefs: [.init(group: "", kind: "Service", name: "cart")])),
                    "targets"
                ),
            ]
        }

        /// Everything in one delta, shuffled.
        func delta(_ generator: inout SeededGenerator) -> MeshDelta {
            MeshDelta(
                workloads: self.workloads.shuffled(using: &generator),
                services: self.services.shuffled(using: &generator),
                resources: self.resources.shuffled(using: &generator)
            )
        }
    }

    private func expectSame(_ one: TestMesh, _ other: TestMesh, _ text: String) {
        #expect(one.compiler.addressResources == other.compiler.addressResources, "\(text)")
        #expect(one.compiler.policyResources == other.compiler.policyResources, "\(text)")
        #expect(one.compiler.statuses == other.compiler.statuses, "\(text)")
        #expect(one.compiler.findings == other.compiler.findings, "\(text)")
    }

    @Test("47: in any order", arguments: 0..<20)
    func anyOrder(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let world = World(&generator)
        var one = TestMesh()
        var other = TestMesh()
        one.apply(world.delta(&generator))
        other.apply(world.delta(&generator))
        self.expectSame(one, other, "seed \(seed)")
    }

    @Test("whatever happened before: edits one by one, with detours, lead where all at once does", arguments: 0..<60)
    func anyHistory(_ seed: UInt64) {
        var generator = SeededGenerator(seed: 100 + seed)
        let world = World(&generator)
        // Virtual addresses depend on history by design; here a name always has the same.
        var walked = TestMesh { _, addresses in addresses.isByName = true }
        var direct = walked
        var steps: [MeshDelta] = []
        for facts in world.workloads {
            var odd = facts
            odd.labels = ["app": "nobody"]
            odd.services = [:]
            odd.network = "far"
            steps += [MeshDelta(workloads: [odd]), MeshDelta(removedWorkloads: [facts.uid])]
        }
        for facts in world.services {
            var odd = facts
            odd.labels = ["istio.io/use-waypoint": "none"]
            odd.isCanonical = false
            steps += [MeshDelta(services: [odd]), MeshDelta(removedServices: [facts.key])]
        }
        for resource in world.resources {
            var odd = resource
            odd.metadata.created += 5
            odd.metadata.labels["istio.io/use-waypoint"] = "other"
            odd.metadata.annotations = [:]
            steps += [MeshDelta(resources: [odd]), MeshDelta(removedResources: [resource.key])]
            steps.append(MeshDelta(resources: [resource]))
        }
        for step in steps.shuffled(using: &generator) { walked.apply(step) }
        for facts in world.workloads.shuffled(using: &generator) { walked.add(facts) }
        for facts in world.services.shuffled(using: &generator) { walked.add(facts) }
        for resource in world.resources.shuffled(using: &generator) { walked.declare(resource) }
        direct.apply(world.delta(&generator))
        self.expectSame(walked, direct, "seed \(seed)")
        // What was handed out adds up to what there is.
        #expect(walked.catalog.resources(of: XDSTypes.address).count == direct.compiler.addressResources.count)
        #expect(
            walked.catalog.resources(of: XDSTypes.address)
                == direct.compiler.addressResources.values.sorted { $0.name < $1.name }
        )
        #expect(
            walked.catalog.resources(of: XDSTypes.authorization)
                == direct.compiler.policyResources.values.sorted { $0.name < $1.name }
        )
        // Every policy that is listed is there.
        for uid in direct.compiler.workloads.keys {
            let listed = (try? direct.workload(uid).authorizationPolicies) ?? []
            #expect(listed.allSatisfy { direct.compiler.policyResources[$0] != nil }, "\(uid): \(listed)")
        }
        walked.apply(
            MeshDelta(
                removedWorkloads: world.workloads.map(\.uid).shuffled(using: &generator),
                removedServices: world.services.map(\.key).shuffled(using: &generator),
                removedResources: world.resources.map(\.key).shuffled(using: &generator)
            )
        )
        #expect(walked.compiler.isEmpty, "seed \(seed): something is left behind")
        #expect(walked.catalog.resources(of: XDSTypes.address).isEmpty)
        #expect(walked.catalog.resources(of: XDSTypes.authorization).isEmpty)
    }
}

extension MeshCompiler {
    /// Whether nothing is remembered of anything.
    var isEmpty: Bool {
        let counts: [Int] = [
            self.input.workloads.count, self.input.services.count, self.input.resources.count,
            self.policySet.policies.count, self.targetPolicies.count, self.claims.count, self.winners.count,
            self.namespacesByHostname.count, self.canonicalEntries.count, self.namesByEntry.count,
            self.entriesByNamespace.count,
            self.selectors.count, self.servicesByNamespace.count, self.servicesByName.count,
            self.chosenAddresses.count, self.holders.count, self.services.count, self.nodes.count, self.refusers.count,
            self.nodesByResource.count, self.index.count, self.workloadsByNetwork.count, self.memberships.count,
            self.endpoints.count, self.bindings.count, self.workloads.count, self.waypoints.count,
            self.networkGateways.count, self.gatewaysByNetwork.count, self.dependentServices.count,
            self.dependentWorkloads.count, self.serviceFindings.count, self.workloadFindings.count,
            self.policyConditions.count, self.addressResources.count, self.policyResources.count,
            self.statuses.count,
        ]
        return counts.allSatisfy { $0 == 0 }
    }
}

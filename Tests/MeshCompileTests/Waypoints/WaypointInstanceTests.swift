import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Instances of waypoints, canaries, and policies for waypoints")
struct WaypointInstanceTests {
    private let use = ["istio.io/use-waypoint": "waypoint"]
    private let service = "shop/orders.shop.mesh.internal"

    @Test("12: an instance has no waypoint, and without a ztunnel ends tunnels itself")
    func instance() throws {
        var mesh = TestMesh(Declare.namespace("shop", self.use), Declare.waypoint(audience: "all"))
        mesh.add(
            Facts.task(1) { $0.labels[MeshKeys.gatewayName] = "waypoint" },
            Facts.task(2, of: "waypoint") { $0.tunnel = .none },
            Facts.task(3)
        )
        for uid in ["t1", "t2"] {
            #expect(try mesh.workload(uid).waypoint == nil)
            #expect(try mesh.workload(uid).applicationTunnel == nil)
            #expect(try mesh.workload(uid).tunnelProtocol == .hbone)
        }
        #expect(try mesh.workload("t1").nativeTunnel == false, "its ztunnel does")
        #expect(try mesh.workload("t2").nativeTunnel)
        #expect(try mesh.workload("t3").waypoint != nil)
        mesh.remove(Declare.waypoint())
        #expect(try mesh.workload("t2").nativeTunnel == false, "an ordinary workload now")
    }

    @Test(
        "12: how an instance behind a ztunnel is told the target",
        arguments: [
            (nil, nil), ("NONE", nil), ("PROXY", 15_088), ("PROXY/15099", 15_099), ("PROXY/x", nil), ("proxy", nil),
            ("PROXY/1/2", nil),
        ] as [(String?, UInt32?)]
    )
    func applicationTunnel(_ binding: String?, _ port: UInt32?) throws {
        let waypoint = Declare.waypoint(
            binding: binding,
            listeners: [.init(name: "p", port: 15_088, protocol: "istio.io/PROXY")]
        )
        var mesh = TestMesh(waypoint)
        mesh.add(Facts.task(1, of: "waypoint"))
        let tunnel = try mesh.workload("t1").applicationTunnel
        #expect(tunnel?.port == port)
        #expect((tunnel?.proto == .proxy) == (port != nil))
    }

    @Test("12: without a port in the annotation and without such a listener the port stays open")
    func applicationTunnelWithoutPort() throws {
        var mesh = TestMesh(Declare.waypoint(binding: "PROXY"))
        mesh.add(Facts.task(1, of: "waypoint"))
        #expect(try mesh.workload("t1").applicationTunnel?.port == 0)
    }

    // MARK: Canaries

    private typealias Row = (
        name: String, canary: String?, weight: String?, isOfNamespace: Bool, weights: [UInt32], message: String
    )

    @Test("44: a canary takes its share where both are there and the weight is one")
    func canary() throws {
        let rows: [Row] = [
            ("split", "second", "10", false, [90, 10], "10% to shop/second"),
            ("of the namespace", "second", "25", true, [75, 25], "25% to shop/second"),
            ("nothing", "second", "0", false, [100, 0], "0%"), ("all", "second", "100", false, [0, 100], "100%"),
            ("too much", "second", "101", false, [], "CanaryInvalidWeight"),
            ("no number", "second", "ten", false, [], "CanaryInvalidWeight"),
            ("no weight", "second", nil, false, [], "CanaryInvalidWeight"),
            ("the same", "waypoint", "10", false, [], "CanarySameAsPrimary"),
            ("missing", "third", "10", false, [], "canary not used: WaypointIsNotReady"),
            ("wrong kind", "workloads", "10", false, [], "canary not used: UnsupportedTrafficType"),
            ("none", "none", "10", false, [], "bound to"), ("no canary", nil, nil, false, [], "bound to"),
        ]
        for row in rows {
            let labels = self.use.merging(row.canary.map { ["istio.io/use-waypoint-canary": $0] } ?? [:]) { $1 }
            let annotations = row.weight.map { ["istio.io/use-waypoint-canary-weight": $0] } ?? [:]
            let entry = Declare.entry(
                ["a.example"],
                labels: row.isOfNamespace ? [:] : labels,
                annotations: row.isOfNamespace ? [:] : annotations
            )
            let mesh = TestMesh(
                Declare.namespace(
                    "shop",
                    row.isOfNamespace ? labels : [:],
                    annotations: row.isOfNamespace ? annotations : [:]
                ),
                Declare.waypoint(),
                Declare.waypoint("second", addresses: [.hostname("second.example")]),
                Declare.waypoint("workloads", audience: "workload"),
                entry
            )
            let service = try mesh.service("shop/a.example")
            #expect(TestMesh.name(service.waypoint) == "shop/waypoint.example", "older clients: \(row.name)")
            #expect(service.weightedWaypoints.map(\.weight) == row.weights, "\(row.name)")
            let names = service.weightedWaypoints.map { TestMesh.name($0.destination) }
            #expect(names == (row.weights.isEmpty ? [] : ["shop/waypoint.example", "shop/second.example"]))
            let condition = mesh.condition(.waypointBound, of: entry)
            #expect(condition?.isTrue == true)
            #expect(condition?.message.contains(row.message) == true, "\(condition?.message ?? "")")
        }
    }

    @Test("44: a canary that is not there yet takes its share when it is")
    func canaryLater() throws {
        let labels = self.use.merging(["istio.io/use-waypoint-canary": "second"]) { $1 }
        var mesh = TestMesh(Declare.waypoint())
        mesh.add(
            Facts.service {
                $0.labels = labels
                $0.annotations = ["istio.io/use-waypoint-canary-weight": "10"]
            }
        )
        #expect(try mesh.service(self.service).weightedWaypoints.isEmpty)
        #expect(mesh.compiler.findings.isEmpty)
        mesh.declare(Declare.waypoint("second", addresses: [.hostname("second.example")]))
        #expect(try mesh.service(self.service).weightedWaypoints.count == 2)
    }

    // MARK: Policies

    @Test("58: who is bound to a waypoint, also by a service, lets its identities through and nobody else")
    func implicitPolicy() throws {
        var mesh = TestMesh(
            Declare.mesh { $0.allowsWaypoints = true },
            Declare.waypoint(),
            Declare.waypoint("direct", audience: "workload", addresses: [.hostname("d.example")])
        )
        mesh.add(Facts.service { $0.labels = self.use }, Facts.service("cart"))
        mesh.add(
            Facts.task(1),
            Facts.task(2, of: "cart"),
            Facts.task(3, of: "cart") { $0.labels["istio.io/use-waypoint"] = "direct" },
            Facts.task(8, of: "waypoint") { $0.serviceAccount = "w1" },
            Facts.task(9, of: "waypoint") { $0.serviceAccount = "w2" }
        )
        let key = "shop/istio_allow_waypoint_shop_waypoint"
        #expect(try mesh.workload("t1").authorizationPolicies == [key])
        #expect(try mesh.workload("t2").authorizationPolicies == [])
        #expect(try mesh.workload("t3").authorizationPolicies == ["shop/istio_allow_waypoint_shop_direct"])
        #expect(try mesh.workload("t8").authorizationPolicies == [])
        let policy = try mesh.policy(key)
        #expect(policy.action == .allow)
        #expect(policy.scope == .workloadSelector)
        let principals = policy.rules.first?.clauses.first?.matches.first?.principals.map(\.kind)
        #expect(
            principals == [.exact("cluster.local/ns/shop/sa/w1"), .exact("cluster.local/ns/shop/sa/w2")]
        )
        #expect(try mesh.policy("shop/istio_allow_waypoint_shop_direct").rules.isEmpty, "nobody is it yet")

        let change = mesh.apply(MeshDelta(removedWorkloads: ["t9"]))
        #expect(change.policies.changed.map(\.name) == [key])
        mesh.declare(Declare.mesh { $0.allowsWaypoints = false })
        #expect(mesh.compiler.policyResources.isEmpty)
        #expect(try mesh.workload("t1").authorizationPolicies == [])
    }

    @Test("59: a policy with targets says whether each of them has a waypoint")
    func targets() throws {
        func policy(_ targets: [(String, String)], in namespace: String = "shop") -> DeclaredResource {
            let spec = Declare.Policy(targetRefs: targets.map { .init(group: "", kind: $0.0, name: $0.1) })
            return Declare.resource(.authorizationPolicy(spec), "p", in: namespace)
        }
        let rows: [([(String, String)], String, String, Bool)] = [
            ([("Service", "orders")], "shop", "Accepted", true),
            ([("Service", "cart")], "shop", "AncestorNotBound", false),
            ([("Service", "orders")], "attic", "TargetNotFound", false),
            ([("ServiceEntry", "bound")], "shop", "Accepted", true),
            ([("ServiceEntry", "free")], "shop", "AncestorNotBound", false),
            ([("ServiceEntry", "gone")], "shop", "TargetNotFound", false),
            ([("Gateway", "waypoint")], "shop", "Accepted", true),
            ([("Gateway", "unready")], "shop", "TargetNotFound", false),
            ([("GatewayClass", "istio-waypoint")], Declare.root, "Accepted", true),
            ([("GatewayClass", "istio-waypoint")], "shop", "Invalid", false),
            ([("GatewayClass", "nginx")], Declare.root, "Invalid", false),
            ([("Pod", "x")], "shop", "Invalid", false),
            ([("Service", "orders"), ("Service", "cart")], "shop", "PartiallyInvalid", false),
            ([("Service", "gone"), ("Service", "cart")], "shop", "Invalid", false),
            ([("Service", "orders"), ("Gateway", "waypoint")], "shop", "Accepted", true),
        ]
        for (targets, namespace, reason, isTrue) in rows {
            let resource = policy(targets, in: namespace)
            // The policy first: its status follows what comes later.
            var mesh = TestMesh(resource)
            mesh.declare(
                Declare.waypoint(),
                Declare.waypoint("unready", addresses: []),
                Declare.entry(["a.example"], name: "bound", labels: self.use),
                Declare.entry(["b.example"], name: "free")
            )
            mesh.add(Facts.service { $0.labels = self.use }, Facts.service("cart"))
            let condition = mesh.condition(.waypointAccepted, of: resource)
            #expect(condition?.reason == reason, "\(targets)")
            #expect(condition?.isTrue == isTrue, "\(targets)")
            #expect(mesh.condition(.ztunnelAccepted, of: resource) == nil)
            #expect(mesh.compiler.policyResources.isEmpty)
        }
    }

    @Test("59: another root namespace is another answer, and moves mesh-wide policies")
    func rootNamespace() throws {
        let spec = Declare.Policy(targetRefs: [.init(group: "", kind: "GatewayClass", name: "tulle-waypoint")])
        let resource = Declare.resource(.authorizationPolicy(spec), "p", in: "ops")
        var mesh = TestMesh(resource, Declare.policy(.deny, [], in: "ops", name: "d"), Declare.peer(.strict, in: "ops"))
        mesh.add(Facts.task(1))
        #expect(mesh.condition(.waypointAccepted, of: resource)?.reason == "Invalid")
        #expect(try mesh.policy("ops/d").scope == .namespace)
        #expect(try mesh.workload("t1").authorizationPolicies == [])
        let change = mesh.declare(Declare.mesh { $0.rootNamespace = "ops" })
        #expect(mesh.condition(.waypointAccepted, of: resource)?.reason == "Accepted")
        #expect(try mesh.policy("ops/d").scope == .everywhere)
        #expect(change.policies.removed == ["tulle-system/istio_converted_static_strict"])
        #expect(try mesh.workload("t1").authorizationPolicies == ["ops/istio_converted_static_strict"])
    }

    @Test("54: statuses of policies are told when they change, and when the policy is gone")
    func statusChanges() {
        let policy = Declare.policy(.audit, [])
        var mesh = TestMesh()
        #expect(mesh.declare(policy).statuses[policy.key]?.first?.isTrue == false)
        #expect(mesh.declare(policy).statuses.isEmpty)
        #expect(mesh.declare(Declare.policy(.deny, [])).statuses[policy.key]?.first?.isTrue == true)
        #expect(mesh.remove(policy).statuses[policy.key] == [])
    }

    @Test("parts of a PeerAuthentication that mean nothing are reported")
    func peerFindings() {
        let mesh = TestMesh(
            Declare.peer(.strict, ports: [80: .permissive], name: "ports"),
            Declare.peer(.strict, selector: ["a": "b"], in: Declare.root, name: "root"),
            Declare.peer(.strict, selector: ["a": "b"], ports: [80: .permissive], name: "good")
        )
        #expect(mesh.compiler.findings.map(\.code) == [.withoutEffect, .withoutEffect])
    }
}

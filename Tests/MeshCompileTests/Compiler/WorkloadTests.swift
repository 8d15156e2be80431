import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Workloads of the platform")
struct WorkloadTests {
    @Test("1, 2: a workload that is not ready is sent as unhealthy, and one that is gone is removed")
    func health() throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1) { $0.isHealthy = false })
        #expect(try mesh.workload("t1").status == .unhealthy)
        mesh.add(Facts.task(1))
        #expect(try mesh.workload("t1").status == .healthy)
        let change = mesh.apply(MeshDelta(removedWorkloads: ["t1"]))
        #expect(change.addresses.removed == ["t1"])
        #expect(mesh.compiler.addressResources.isEmpty)
    }

    @Test("every field has its place")
    func fields() throws {
        var mesh = TestMesh { settings, _ in settings.trustDomain = "example.org" }
        mesh.add(
            Facts.task(1) {
                $0.node = "fargate/1"
                $0.locality = Locality(region: "eu-west-1", zone: "eu-west-1b", subzone: "rack")
                $0.capacity = 3
                $0.serviceAccount = "clerk"
            }
        )
        let workload = try mesh.workload("t1")
        #expect(workload.uid == "t1")
        #expect(workload.name == "t1")
        #expect(workload.namespace == "shop")
        #expect(workload.addresses == [[10, 0, 0, 1]])
        #expect(workload.trustDomain == "example.org")
        #expect(workload.serviceAccount == "clerk")
        #expect(workload.node == "fargate/1")
        #expect(workload.locality?.subzone == "rack")
        #expect(workload.capacity?.value == 3)
        #expect(workload.workloadType == .pod)
        #expect(workload.workloadName == "orders")
        #expect(workload.networkMode == .standard)
    }

    @Test("37: a workload comes with each of its services and with its node, for those who follow one of them")
    func parents() throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1, of: nil))
        #expect(mesh.compiler.addressResources["t1"]?.parents == [])
        let further = [Facts.key("orders"): [ServicePort(port: 80, targetPort: 8080)], Facts.key("cart"): []]
        mesh.add(
            Facts.task(1) {
                $0.node = "fargate/1"
                $0.services = further
            }
        )
        #expect(
            mesh.compiler.addressResources["t1"]?.parents
                == ["shop/cart.shop.mesh.internal", "shop/orders.shop.mesh.internal", "node:fargate/1"]
        )
        mesh.add(Facts.service())
        #expect(mesh.compiler.addressResources["shop/orders.shop.mesh.internal"]?.parents == [])
    }

    static let names: [([String: String], String, String)] = [
        ([:], "orders", "latest"), (["app": "a"], "a", "latest"),
        (["app": "a", "app.kubernetes.io/name": "b", "version": "1"], "b", "1"),
        (
            ["app": "a", "app.kubernetes.io/name": "b", "service.istio.io/canonical-name": "c", "version": "1"], "c",
            "1"
        ),
        (["app.kubernetes.io/version": "2", "version": "1"], "orders", "2"),
        (["service.istio.io/canonical-revision": "3", "app.kubernetes.io/version": "2"], "orders", "3"),
        (["app": ""], "orders", "latest"),
    ]

    @Test("4: canonical name and revision come from labels in order, then from the workload's name", arguments: names)
    func canonical(_ labels: [String: String], _ name: String, _ revision: String) throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1) { $0.labels = labels })
        #expect(try mesh.workload("t1").canonicalName == name)
        #expect(try mesh.workload("t1").canonicalRevision == revision)
        mesh.add(
            Facts.task(1) {
                $0.labels = labels
                $0.canonicalName = "own"
                $0.canonicalRevision = "42"
            }
        )
        #expect(try mesh.workload("t1").canonicalName == "own")
        #expect(try mesh.workload("t1").canonicalRevision == "42")
    }

    @Test("5, 6: a workload lists each service that it backs with its own ports, sorted by key")
    func services() throws {
        var mesh = TestMesh()
        mesh.add(
            Facts.task(1) {
                $0.services[Facts.key("cart")] = [
                    ServicePort(port: 81, targetPort: 9090, appProtocol: .grpc)
                ]
                $0.services[Facts.key("empty")] = []
            }
        )
        let workload = try mesh.workload("t1")
        #expect(TestMesh.ports(workload.services["shop/orders.shop.mesh.internal"]?.ports) == ["80>8080"])
        #expect(TestMesh.ports(workload.services["shop/cart.shop.mesh.internal"]?.ports) == ["81>9090"])
        #expect(workload.services["shop/cart.shop.mesh.internal"]?.ports.first?.appProtocol == .grpc)
        #expect(workload.services["shop/empty.shop.mesh.internal"]?.ports == [])
    }

    @Test("9: a workload in its host's network has that mode and its services, and is not found by address")
    func hostNetwork() throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1) { $0.usesHostNetwork = true })
        #expect(try mesh.workload("t1").networkMode == .hostNetwork)
        #expect(try mesh.workload("t1").services.count == 1)
        #expect(mesh.compiler.addressResources["t1"]?.aliases == [])
    }

    @Test("10: locality is the workload's own, and none where nothing is known")
    func locality() throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1), Facts.task(2) { $0.locality.zone = "b" })
        #expect(try mesh.workload("t1").locality == nil)
        #expect(try mesh.workload("t2").locality?.zone == "b")
    }

    @Test("11: with a ztunnel HBONE, by itself native HBONE, else none")
    func tunnel() throws {
        var mesh = TestMesh()
        mesh.add(
            Facts.task(1),
            Facts.task(2) { $0.tunnel = .none },
            Facts.task(3) { $0.hasNativeTunnel = true }
        )
        #expect(try mesh.workload("t1").tunnelProtocol == .hbone)
        #expect(try mesh.workload("t1").nativeTunnel == false)
        #expect(try mesh.workload("t2").tunnelProtocol == IstioWorkload.TunnelProtocol.none)
        #expect(try mesh.workload("t3").nativeTunnel)
    }

    @Test("13, 23: both addresses of a workload are its names, until it is gone")
    func dualStack() throws {
        var mesh = TestMesh()
        let six = try #require(IPAddress(parsing: "2001:db8::7"))
        mesh.add(Facts.task(1) { $0.addresses.append(six) })
        #expect(try mesh.workload("t1").addresses.map(\.count) == [4, 16])
        #expect(mesh.compiler.addressResources["t1"]?.aliases == ["/10.0.0.1", "/2001:db8::7"])
        mesh.apply(MeshDelta(removedWorkloads: ["t1"]))
        #expect(mesh.catalog.count(of: XDSTypes.address) == 0)
    }

    @Test("14: a workload that moves to another network is found there only")
    func network() throws {
        var mesh = TestMesh { settings, _ in settings.network = "vpc-1" }
        mesh.add(Facts.task(1))
        #expect(try mesh.workload("t1").network == "vpc-1")
        #expect(mesh.compiler.addressResources["t1"]?.aliases == ["vpc-1/10.0.0.1"])
        mesh.add(Facts.task(1) { $0.network = "vpc-2" })
        #expect(try mesh.workload("t1").network == "vpc-2")
        #expect(mesh.compiler.addressResources["t1"]?.aliases == ["vpc-2/10.0.0.1"])
    }

    @Test("15: the cluster is ours unless another saw the workload")
    func cluster() throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1), Facts.task(2) { $0.clusterID = "eks" })
        #expect(try mesh.workload("t1").clusterID == "ecs-prod")
        #expect(try mesh.workload("t2").clusterID == "eks")
    }

    @Test("16: an address that moves to another workload leads there")
    func reuse() throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1))
        let heir = Facts.task(2) { $0.addresses = [IPAddress(v4: 10 << 24 | 1)] }
        let change = mesh.apply(MeshDelta(workloads: [heir], removedWorkloads: ["t1"]))
        #expect(change.addresses.removed == ["t1"])
        #expect(change.addresses.changed.map(\.name) == ["t2"])
        #expect(change.addresses.changed.first?.aliases == ["/10.0.0.1"])
    }

    @Test("17, 55: a policy that comes later is listed by whom it selects, and sent before")
    func policyLater() throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1), Facts.task(2, of: "cart"))
        let change = mesh.declare(
            Declare.policy(.deny, [.init()], selector: ["app": "orders"], name: "own"),
            Declare.policy(.allow, [.init()], name: "namespace-wide"),
            Declare.policy(.allow, [.init()], in: Declare.root, name: "mesh-wide")
        )
        #expect(change.policies.changed.map(\.name) == ["shop/namespace-wide", "shop/own", "tulle-system/mesh-wide"])
        #expect(change.addresses.changed.map(\.name) == ["t1"])
        #expect(try mesh.workload("t1").authorizationPolicies == ["shop/own"])
        #expect(try mesh.workload("t2").authorizationPolicies == [])
        let gone = mesh.remove(Declare.policy(.deny, [], name: "own"))
        #expect(gone.policies.removed == ["shop/own"])
        #expect(try mesh.workload("t1").authorizationPolicies == [])
    }

    @Test("56, 57: an owner who wants plain connections refused has it so, whatever else is declared")
    func refusesPlain() throws {
        let strict = "\(Declare.root)/\(PeerModes.strictName)"
        let lenient = Declare.peer(.permissive, selector: ["app": "orders"])
        var mesh = TestMesh()
        let change = mesh.add(Facts.task(1) { $0.refusesPlain = true }, Facts.task(2))
        #expect(change.policies.changed.map(\.name) == [strict])
        #expect(try mesh.workload("t1").authorizationPolicies == [strict])
        #expect(try mesh.workload("t2").authorizationPolicies == [])
        mesh.declare(lenient)
        mesh.remove(lenient)
        #expect(try mesh.workload("t1").authorizationPolicies == [strict])
        mesh.declare(Declare.peer(.strict))
        #expect(try mesh.workload("t1").authorizationPolicies == [strict], "once")
        mesh.remove(Declare.peer(.strict))
        #expect(mesh.add(Facts.task(1)).policies.removed == [strict])
        #expect(try mesh.workload("t1").authorizationPolicies == [])
    }

    @Test("names and defaults that everybody knows are left out")
    func elided() throws {
        var mesh = TestMesh()
        mesh.add(Facts.task(1, of: nil))
        #expect(try mesh.workload("t1").trustDomain == "")
        #expect(try mesh.workload("t1").serviceAccount == "")
        #expect(try mesh.workload("t1").capacity == nil)
    }
}

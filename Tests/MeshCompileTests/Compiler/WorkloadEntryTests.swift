import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("WorkloadEntries")
struct WorkloadEntryTests {
    private let uid = "ecs-prod/networking.istio.io/WorkloadEntry/shop/vm"

    @Test("18: labels of the metadata and of the entry are one, and policies select by both")
    func labels() throws {
        var mesh = TestMesh(
            Declare.machine("10.0.1.1", labels: ["tier": "back", "app": "old"]) { $0.labels = ["app": "vm"] },
            Declare.policy(.deny, [.init()], selector: ["app": "vm", "tier": "back"], name: "both"),
            Declare.policy(.deny, [.init()], selector: ["app": "old"], name: "overridden")
        )
        #expect(try mesh.workload(self.uid).authorizationPolicies == ["shop/both"])
        #expect(try mesh.workload(self.uid).canonicalName == "vm")
        #expect(try mesh.workload(self.uid).name == "vm")
        #expect(try mesh.workload(self.uid).workloadName == "vm")
        #expect(try mesh.workload(self.uid).clusterID == "ecs-prod")
        #expect(mesh.remove(Declare.machine("")).addresses.removed == [self.uid])
    }

    @Test("18: ServiceEntries of its namespace select it, and its own ports count")
    func selected() throws {
        let mesh = TestMesh(
            Declare.machine("10.0.1.1", labels: ["app": "vm"]) { $0.ports = ["https": 8443] },
            Declare.machine("10.0.1.2", name: "plain", labels: ["app": "vm"]),
            Declare.machine("10.0.1.3", in: "attic", labels: ["app": "vm"]),
            Declare.entry(["vm.example"]) { entry in
                entry.workloadSelector = .init(matchLabels: ["app": "vm"])
                entry.ports.append(.init(number: 80, name: "http", targetPort: 8080))
            }
        )
        let ports = try mesh.workload(self.uid).services["shop/vm.example"]?.ports
        #expect(TestMesh.ports(ports) == ["443>8443", "80>8080"])
        let plain = try mesh.workload("ecs-prod/networking.istio.io/WorkloadEntry/shop/plain")
        #expect(TestMesh.ports(plain.services["shop/vm.example"]?.ports) == ["443>443", "80>8080"])
        #expect(try mesh.workload("ecs-prod/networking.istio.io/WorkloadEntry/attic/vm").services.isEmpty)
    }

    @Test("19: a host name, and no address in another network with its gateway by address or by name")
    func addresses() throws {
        var mesh = TestMesh(
            Declare.machine("db.example.com"),
            Declare.machine("", name: "far") { $0.network = "far" },
            Declare.machine("10.0.1.3", name: "near") { $0.network = "near" },
            Declare.machine("unix:/run/x", name: "local")
        )
        #expect(try mesh.workload(self.uid).hostname == "db.example.com")
        #expect(try mesh.workload(self.uid).addresses.isEmpty)
        let far = "ecs-prod/networking.istio.io/WorkloadEntry/shop/far"
        #expect(try mesh.workload(far).networkGateway == nil)
        let change = mesh.declare(
            Declare.eastWest("far", .ip("192.0.2.9")),
            Declare.eastWest("near", .hostname("gw.example.com"))
        )
        #expect(TestMesh.name(try mesh.workload(far).networkGateway) == "far/192.0.2.9")
        let near = "ecs-prod/networking.istio.io/WorkloadEntry/shop/near"
        #expect(TestMesh.name(try mesh.workload(near).networkGateway) == "gateways/gw.example.com")
        #expect(mesh.compiler.addressResources.keys.contains { $0.hasSuffix("/local") } == false)
        #expect(
            change.addresses.changed.map(\.name) == [
                "NetworkGateway/far/192.0.2.9/15008", "NetworkGateway/near/gw.example.com/15008", far, near,
            ]
        )
    }

    @Test("20: weight and locality, and an edit sends that one only")
    func edit() throws {
        var mesh = TestMesh(
            Declare.machine("10.0.1.1") {
                $0.weight = 7
                $0.locality = "eu-west-1/eu-west-1b/rack/3"
                $0.serviceAccount = "db"
            },
            Declare.machine("10.0.1.2", name: "other") { $0.locality = "eu-west-1" }
        )
        #expect(try mesh.workload(self.uid).capacity?.value == 7)
        #expect(try mesh.workload(self.uid).locality?.region == "eu-west-1")
        #expect(try mesh.workload(self.uid).locality?.zone == "eu-west-1b")
        #expect(try mesh.workload(self.uid).locality?.subzone == "rack/3")
        #expect(try mesh.workload(self.uid).serviceAccount == "db")
        let change = mesh.declare(Declare.machine("10.0.1.1") { $0.weight = 8 })
        #expect(change.addresses.changed.map(\.name) == [self.uid])
        #expect(change.addresses.removed.isEmpty)
    }

    @Test("11: the tunnel label makes it speak HBONE by itself")
    func tunnel() throws {
        let mesh = TestMesh(
            Declare.machine("10.0.1.1") { $0.labels = ["networking.istio.io/tunnel": "http"] },
            Declare.machine("10.0.1.2", name: "plain")
        )
        #expect(try mesh.workload(self.uid).tunnelProtocol == .hbone)
        #expect(try mesh.workload(self.uid).nativeTunnel)
        let plain = try mesh.workload("ecs-prod/networking.istio.io/WorkloadEntry/shop/plain")
        #expect(plain.tunnelProtocol == IstioWorkload.TunnelProtocol.none)
    }
}

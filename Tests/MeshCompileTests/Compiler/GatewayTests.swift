import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("Ways into other networks")
struct GatewayTests {
    @Test("19: the oldest of several gateways is used, and the next when it goes")
    func oldest() throws {
        let young = Declare.eastWest("far", .ip("192.0.2.1"), name: "a", created: 2)
        let old = Declare.eastWest("far", .ip("192.0.2.2"), name: "b", created: 1, class: "istio-remote")
        var mesh = TestMesh(young, old)
        mesh.add(Facts.task(1) { $0.network = "far" }, Facts.task(2))
        #expect(TestMesh.name(try mesh.workload("t1").networkGateway) == "far/192.0.2.2")
        #expect(try mesh.workload("t2").networkGateway == nil)
        let change = mesh.remove(old)
        #expect(TestMesh.name(try mesh.workload("t1").networkGateway) == "far/192.0.2.1")
        #expect(change.addresses.removed == ["NetworkGateway/far/192.0.2.2/15008"])
        #expect(change.addresses.changed.map(\.name) == ["t1"])
        mesh.remove(young)
        #expect(try mesh.workload("t1").networkGateway == nil)
    }

    @Test("a gateway is a workload itself, with its identity, and two of one address are one")
    func gatewayWorkload() throws {
        let one = Declare.eastWest("far", .ip("192.0.2.1"), name: "a")
        let two = Declare.eastWest("far", .ip("192.0.2.1"), name: "b", created: 1)
        var mesh = TestMesh(one, two)
        let workload = try mesh.workload("NetworkGateway/far/192.0.2.1/15008")
        #expect(workload.addresses == [[192, 0, 2, 1]])
        #expect(workload.network == "far")
        #expect(workload.tunnelProtocol == .hbone)
        #expect(workload.nativeTunnel)
        #expect(workload.namespace == "gateways")
        mesh.remove(one)
        #expect(try mesh.workload("NetworkGateway/far/192.0.2.1/15008").serviceAccount == "b")
        mesh.remove(two)
        #expect(mesh.compiler.addressResources.isEmpty)
    }

    static let broken: [(String, DeclaredResource)] = [
        ("no address", Declare.eastWest("far", nil)),
        ("no HBONE", Declare.eastWest("far", .ip("192.0.2.1"), protocol: "TLS")),
        ("TLS passes through", Declare.eastWest("far", .ip("192.0.2.1"), tlsMode: "Passthrough")),
        ("no network", Declare.eastWest("", .ip("192.0.2.1"))), ("no IP", Declare.eastWest("far", .ip("x"))),
    ]

    @Test("a gateway that can't take tunnels is not used, and says so", arguments: broken)
    func unusable(_ name: String, _ gateway: DeclaredResource) throws {
        var mesh = TestMesh(gateway)
        mesh.add(Facts.task(1) { $0.network = "far" })
        #expect(try mesh.workload("t1").networkGateway == nil)
        #expect(mesh.condition(.accepted, of: gateway)?.isTrue == true)
        #expect(mesh.condition(.programmed, of: gateway)?.reason == "AddressNotAssigned")
    }

    @Test("a gateway of a class that nobody knows is not accepted")
    func unknownClass() {
        let gateway = Declare.eastWest("far", .ip("192.0.2.1"), class: "nginx")
        let mesh = TestMesh(gateway)
        #expect(mesh.condition(.accepted, of: gateway)?.isTrue == false)
        #expect(mesh.compiler.addressResources.isEmpty)
    }

    @Test("a gateway that works says where")
    func programmed() {
        let gateway = Declare.eastWest("far", .ip("192.0.2.1"))
        let mesh = TestMesh(gateway)
        #expect(mesh.condition(.programmed, of: gateway)?.isTrue == true)
        #expect(mesh.condition(.programmed, of: gateway)?.message.contains("far/192.0.2.1") == true)
    }
}

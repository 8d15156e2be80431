import DataPlaneTestSupport
import MeshModel
import Testing

@testable import DataPlane

struct LocalWorkloadTests {
    private let address = IPAddress(v4: 0x0a00_0002)

    @Test func isFoundByAddressAndIdentity() throws {
        var change = MeshChange()
        change.workloads = [try TestMesh.workload("echo", self.address, port: 1)]
        let snapshot = MeshSnapshot(change)
        #expect(try TestMesh.local("echo", self.address).workload(in: snapshot)?.name == "echo-1")
        // The address now belongs to somebody else: their policies are not ours.
        #expect(try TestMesh.local("shell", self.address).workload(in: snapshot) == nil)
        let elsewhere = try TestMesh.local("echo", IPAddress(v4: 1))
        #expect(elsewhere.workload(in: snapshot) == nil)
        elsewhere.add(IPAddress(v6High: 0, v6Low: 0xffff_0a00_0002))
        #expect(elsewhere.workload(in: snapshot)?.name == "echo-1")
    }

    @Test("45: is a client before the control plane knows it")
    func isAClientBeforeTheControlPlaneKnowsIt() throws {
        let client = try TestMesh.local("echo", self.address).client(in: MeshSnapshot())
        #expect(client.identity.serviceAccount == "echo")
        #expect(client.namespace == "demo")
        #expect(client.clusterID == "c1")
    }
}

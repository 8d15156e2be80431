import DataPlaneTestSupport
import MeshModel
import MeshProtos
import Testing

@testable import DataPlane

struct NodeDescriptionTests {
    @Test func introducesTheTask() throws {
        let local = try TestMesh.local("echo", IPAddress(v4: 0x0a00_0002))
        local.learn(name: "0123abcd")
        local.learn(name: "later")
        let node = NodeDescription(kind: "ztunnel").node(local, program: "ztunnel")
        #expect(node.id == "ztunnel~10.0.0.2~0123abcd.demo~demo.svc.mesh.internal")
        #expect(node.metadata?.string("NAME") == "0123abcd")
        #expect(node.metadata?.string("CLUSTER_ID") == "c1")
        #expect(node.metadata?.string("NETWORK") == nil)
    }
}

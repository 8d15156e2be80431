import Testing

@testable import ControlPlane

@Suite struct NodeIDTests {
    @Test(arguments: ["ztunnel~10.0.0.1~a.b~b.svc.cluster.local", "waypoint~~~", "sidecar~1~2~3", "router~1~2~3"])
    func aTypeAndThreeMoreParts(_ text: String) {
        #expect(NodeID(text) != nil)
    }

    @Test(arguments: ["", "ztunnel", "ztunnel~1~2", "ztunnel~1~2~3~4", "envoy~1~2~3", "Ztunnel~1~2~3", "~1~2~3"])
    func anythingElseIsRefused(_ text: String) {
        #expect(NodeID(text) == nil)
    }
}

import MeshModel
import Testing

@Suite struct NamespacedHostnameTests {
    @Test func readsWhatItWrites() {
        let name = NamespacedHostname(namespace: "shop", hostname: "orders.shop.mesh.internal")
        #expect("\(name)" == "shop/orders.shop.mesh.internal")
        #expect(NamespacedHostname(parsing: "\(name)") == name)
    }

    @Test("refuses", arguments: ["", "/", "a", "a/", "/a", "a/b/c", "a//b", "a/b/", "//"])
    func refuses(_ text: String) {
        #expect(NamespacedHostname(parsing: text) == nil)
    }
}

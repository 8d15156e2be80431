import Testing

@testable import MeshCompile

@Suite("Workloads by namespace and label")
struct LabelIndexTests {
    @Test("finds by namespace, by label, by both, and nothing after removal")
    func candidates() {
        var index = LabelIndex()
        index.insert("a", namespace: "shop", labels: ["app": "x", "tier": "back"])
        index.insert("b", namespace: "shop", labels: ["app": "y", "tier": "back"])
        index.insert("c", namespace: "attic", labels: ["app": "x"])
        func find(_ namespace: String?, _ labels: [String: String] = [:]) -> [String] {
            index.candidates(WorkloadScope(namespace: namespace, labels: labels)).sorted()
        }
        #expect(find(nil) == ["a", "b", "c"])
        #expect(find("shop") == ["a", "b"])
        #expect(find("none").isEmpty)
        #expect(find("shop", ["app": "x"]) == ["a"])
        #expect(find(nil, ["app": "x"]) == ["a", "c"])
        #expect(find("shop", ["app": "x", "tier": "back"]) == ["a"], "the rarest label decides")
        #expect(find("shop", ["app": "x", "tier": "front"]).isEmpty)
        index.remove("a", namespace: "shop", labels: ["app": "x", "tier": "back"])
        index.remove("b", namespace: "shop", labels: ["app": "y", "tier": "back"])
        index.remove("c", namespace: "attic", labels: ["app": "x"])
        #expect(index.count == 0)
    }
}

import Testing

@testable import MeshModel

@Suite struct SharedTests {
    @Test("a copy shares its memory until one of both is changed, and then leaves the other as it was")
    func copiesPartWhenOneIsChanged() {
        var first = Shared([1, 2])
        let second = first
        #expect(first.isSame(as: second))
        first.value.append(3)
        #expect(!first.isSame(as: second))
        #expect(first.value == [1, 2, 3])
        #expect(second.value == [1, 2])
        first.value.removeLast()
        #expect(first == second)
        #expect(first.hashValue == second.hashValue)
    }

    @Test func aChangedWorkloadLeavesItsCopyAsItWas() {
        var changed = Mesh.workload("first")
        let before = changed
        changed.isHealthy = false
        changed.addresses.append(Mesh.ip("10.1.2.3"))
        #expect(before.isHealthy)
        #expect(before.addresses.count == changed.addresses.count - 1)
        #expect(before != changed)
    }
}

import Testing

@testable import MeshModel

@Suite struct RecordsTests {
    @Test(arguments: [
        ("c1//Pod/shop/a", true), ("//Pod/", true), ("///Pod/", true), ("c1/ecs.amazonaws.com/Task/shop/a", false),
        ("//Pod", false), ("/Pod/", false), ("", false),
    ])
    func tellsPodsByTheirUID(_ uid: String, _ isPod: Bool) {
        #expect(WorkloadRecord.isPod(uid: uid) == isPod)
    }
}

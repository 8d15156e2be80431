import Testing

@testable import MeshModel

@Suite struct RecordsTests {
    @Test(arguments: [
        ("c1//Pod/shop/a", true), ("//Pod/", true), ("///Pod/", true), ("c1/ecs.amazonaws.com/Task/shop/a", true),
        ("c1/ecs.amazonaws.com/TaskDefinition/shop/a", false),
        ("//Pod", false), ("/Pod/", false), ("", false),
    ])
    func tellsPodsAndTasksByTheirUID(_ uid: String, _ isInstance: Bool) {
        #expect(WorkloadRecord.isInstance(uid: uid) == isInstance)
    }
}

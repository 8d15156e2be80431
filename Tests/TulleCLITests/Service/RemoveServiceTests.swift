import AWSClient
import Synchronization
import Testing
import TulleCLI

@Suite("tulle ecs remove-service")
struct RemoveServiceTests {
    private static let tagged: JSONValue = [["key": "tulle/namespace", "value": "shop"]]

    private static func enrolled() throws -> String {
        try Fixtures.enrolment().apply(to: Fixtures.definition(Fixtures.shop)).definition.document.text()
    }

    /// An ECS whose service goes through these states of deployment, one a look, and stays in the last.
    private static func ecs(_ deployments: [JSONValue], definition: String) -> FakeECS {
        let looks = Mutex(0)
        return FakeECS.shop(
            definition: definition,
            answers: [
                "DescribeServices": { _ in
                    let look = looks.withLock { looks in
                        defer { looks += 1 }
                        return min(looks, deployments.count - 1)
                    }
                    // The definition's name changes with the update, which is after the first look.
                    let revision = deployments.count > 1 && look == 0 ? 7 : 8
                    return [
                        "services": [
                            [
                                "serviceArn": "arn:service/c1/web", "serviceName": "web", "status": "ACTIVE",
                                "taskDefinition": .string("arn:task-definition/web:\(revision)"), "tags": Self.tagged,
                                "deployments": deployments[look],
                            ]
                        ]
                    ]
                }
            ]
        )
    }

    private static func command(patience: Duration = .seconds(60)) -> RemoveService {
        var command = RemoveService(service: "web", cluster: "c1")
        command.patience = patience
        command.pause = .milliseconds(1)
        return command
    }

    @Test("takes the tags off only when the last task of before is gone")
    func tagsLast() async throws {
        let ecs = Self.ecs(
            [
                [["status": "PRIMARY", "rolloutState": "COMPLETED"]],
                [["status": "PRIMARY", "rolloutState": "IN_PROGRESS"], ["status": "ACTIVE"]],
                [["status": "PRIMARY", "rolloutState": "COMPLETED"], ["status": "ACTIVE"]],
                [["status": "PRIMARY", "runningCount": 1, "desiredCount": 2]],
                [["status": "PRIMARY", "runningCount": 2, "desiredCount": 2]],
            ],
            definition: try Self.enrolled()
        )
        try await Self.command().run(ecs, console: Transcript().console)
        let looks = Array(repeating: "DescribeServices", count: 4)
        #expect(Array(ecs.actions.dropFirst(3)) == ["UpdateService"] + looks + ["UntagResource"])
    }

    @Test(
        "a rollout that fails or takes too long leaves the tags on",
        arguments: [
            ([["status": "PRIMARY", "rolloutState": "FAILED", "rolloutStateReason": "no room"]], "no room"),
            ([["status": "PRIMARY", "rolloutState": "IN_PROGRESS"]], "still has tasks of before"),
        ] as [(JSONValue, String)]
    )
    func stuck(_ deployments: JSONValue, _ text: String) async throws {
        let ecs = Self.ecs([deployments], definition: try Self.enrolled())
        let error = await #expect(throws: CommandFailure.self) {
            try await Self.command(patience: .milliseconds(5)).run(ecs, console: Transcript().console)
        }
        #expect(error?.message.contains(text) == true)
        #expect(!ecs.actions.contains("UntagResource"))
    }

    @Test("run again, it goes on where the edit is made and the tags are left")
    func goesOn() async throws {
        let done: JSONValue = [["status": "PRIMARY", "rolloutState": "COMPLETED"]]
        let ecs = Self.ecs([done], definition: Fixtures.shop)
        try await Self.command().run(ecs, console: Transcript().console)
        #expect(ecs.actions == ["DescribeServices", "DescribeTaskDefinition", "DescribeServices", "UntagResource"])
    }
}

import AWSClient
import Synchronization
import TulleCLI

/// An ECS that answers by a table and remembers what it was asked.
final class FakeECS: ECSAccess {
    /// An answer, or the error in its place.
    typealias Answer = @Sendable (JSONValue) throws -> JSONValue

    private let answers: [String: Answer]
    private let log = Mutex<[(action: String, input: JSONValue)]>([])

    init(_ answers: [String: Answer]) {
        self.answers = answers
    }

    /// A cluster `c1` with one service `web` on the definition of `Fixtures.shop`.
    static func shop(
        service members: JSONObject = [:],
        definition: String = Fixtures.shop,
        answers: [String: Answer] = [:]
    ) -> FakeECS {
        var service: JSONObject = [
            "serviceArn": "arn:aws:ecs:us-east-1:111122223333:service/c1/web",
            "serviceName": "web",
            "status": "ACTIVE",
            "taskDefinition": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7",
            "propagateTags": "NONE",
            "enableECSManagedTags": false,
            "desiredCount": 2,
            "runningCount": 1,
            "deployments": [["status": "PRIMARY", "rolloutState": "COMPLETED"]],
        ]
        for member in members { service[member.name] = member.value }
        let described = service
        let registered: JSONValue = [
            "taskDefinition": [
                "taskDefinitionArn": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:8"
            ]
        ]
        var table: [String: Answer] = [
            "DescribeServices": { _ in ["services": [.object(described)], "failures": []] },
            "DescribeTaskDefinition": { _ in try JSONValue(parsing: definition) },
            "RegisterTaskDefinition": { _ in registered },
            "UpdateService": { _ in [:] },
            "TagResource": { _ in [:] },
            "UntagResource": { _ in [:] },
        ]
        table.merge(answers) { _, new in new }
        return FakeECS(table)
    }

    func call(_ action: String, _ input: JSONValue) async throws -> JSONValue {
        self.log.withLock { $0.append((action: action, input: input)) }
        guard let answer = self.answers[action] else {
            throw AWSError(service: "ecs", action: action, code: "Unexpected", message: "", kind: .invalid)
        }
        return try answer(input)
    }

    var actions: [String] { self.log.withLock { $0.map(\.action) } }

    func input(_ action: String) -> JSONValue? {
        self.log.withLock { log in log.first { $0.action == action }?.input }
    }
}

/// What a command said.
final class Transcript: Sendable {
    private let lines = Mutex<(output: String, progress: String)>(("", ""))

    var console: Console {
        Console(
            output: { text in self.lines.withLock { $0.output += text } },
            progress: { text in self.lines.withLock { $0.progress += text } }
        )
    }

    var output: String { self.lines.withLock { $0.output } }
    var progress: String { self.lines.withLock { $0.progress } }
}

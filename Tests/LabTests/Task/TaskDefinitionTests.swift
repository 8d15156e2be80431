import Foundation
import Testing

@testable import Lab

@Suite struct TaskDefinitionTests {
    private static let json = """
        {"family": "web", "revision": 3, "taskRoleArn": "arn:aws:iam::1:role/web", "unknownField": {"x": 1},
         "containerDefinitions": [
          {"name": "app", "image": "i", "essential": false, "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
           "healthCheck": {"command": ["CMD", "true"], "interval": 5}, "linuxParameters": {"initProcessEnabled": false}}]}
        """

    @Test func `reads what running needs and passes over the rest`() throws {
        let definition = try JSONDecoder().decode(TaskDefinition.self, from: Data(Self.json.utf8))
        #expect(definition.containerDefinitions.first?.isEssential == false)
        #expect(definition.containerDefinitions.first?.healthCheck?.interval == 5)
    }

    @Test func `overrides replace the command and the named variables only`() throws {
        let definition = try JSONDecoder().decode(TaskDefinition.self, from: Data(Self.json.utf8))
        let overrides = TaskOverrides(
            containerOverrides: [
                .init(name: "app", command: ["run"], environment: [NameValue(name: "B", value: "3")]),
                .init(name: "other", command: ["no"]),
            ],
            taskRoleArn: "arn:aws:iam::1:role/other"
        )
        let changed = definition.overridden(by: overrides)
        #expect(changed.taskRoleArn == "arn:aws:iam::1:role/other")
        let container = try #require(changed.containerDefinitions.first)
        #expect(container.command == ["run"])
        #expect(container.environment == [NameValue(name: "A", value: "1"), NameValue(name: "B", value: "3")])
        #expect(definition.overridden(by: nil) == definition)
    }
}

import AWSClient
import Testing
import TulleCLI

@Suite("Reading a task definition")
struct TaskDefinitionTests {
    @Test("leaves out what only ECS sets, and AWS's own tags")
    func registerShape() throws {
        let definition = try Fixtures.definition(Fixtures.shop)
        #expect(
            definition.json.names == [
                "containerDefinitions", "family", "taskRoleArn", "executionRoleArn", "networkMode", "volumes",
                "placementConstraints", "requiresCompatibilities", "cpu", "memory", "enableFaultInjection", "tags",
            ]
        )
        #expect(definition.document["tags"] == [["key": "team", "value": "shop"]])
        #expect(definition.family == "web")
    }

    @Test("keeps unknown members and the very digits of numbers")
    func unknownMembers() throws {
        let text = try Fixtures.definition(Fixtures.shop).document.text()
        #expect(text.contains(#""aFieldOfTheYear2031":{"depth":[1.50,2e3,null]}"#))
    }

    @Test(
        "refuses what is no task definition",
        arguments: [
            "[]", "3", "{}", #"{"family": ""}"#, #"{"family": "a"}"#, #"{"family": "a", "containerDefinitions": []}"#,
            #"{"family": "a", "containerDefinitions": [3]}"#, #"{"family": "a", "containerDefinitions": [{}]}"#,
            #"{"family": "a", "containerDefinitions": [{"name": "x"}, {"name": "x"}]}"#, #"{"taskDefinition": 3}"#,
        ]
    )
    func malformed(_ text: String) throws {
        let error = #expect(throws: EnrolmentRefusal.self) { try Fixtures.definition(text) }
        #expect(error?.code == .definitionMalformed)
    }
}

import Foundation
import Testing

@testable import Lab

@Suite struct IntrospectionServiceTests {
    private static func answer(_ target: String, method: String = "GET") throws -> (Int, [String: Any]) {
        let directory = TaskDirectory()
        directory.update(instanceRecord("a"))
        directory.update(record("b", address: "10.77.1.11"))
        let service = IntrospectionService(directory: directory)
        let answer = service.answer(EndpointRequest(method: method, target: target))
        let body = try #require(answer.whole)
        return (answer.status, try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any]))
    }

    @Test func `tells the instance's tasks without their pause containers`() throws {
        let (status, object) = try Self.answer("/v1/tasks")
        let tasks = try #require(object["Tasks"] as? [[String: Any]])
        #expect(status == 200 && tasks.count == 1)
        #expect(tasks[0]["KnownStatus"] as? String == "RUNNING")
        #expect(tasks[0]["Version"] as? String == "7")
        let containers = try #require(tasks[0]["Containers"] as? [[String: Any]])
        #expect(containers.map { $0["DockerId"] as? String } == [String(repeating: "a", count: 64)])
        let network = try #require((containers[0]["Networks"] as? [[String: Any]])?.first)
        #expect(network["IPv4Addresses"] as? [String] == ["10.77.1.10"])
    }

    @Test(arguments: [
        ("/v1/tasks?taskarn=arn:aws:ecs:us-east-1:1:task/demo/a", 200),
        ("/v1/tasks?taskarn=arn%3Aaws%3Aecs%3Aus-east-1%3A1%3Atask%2Fdemo%2Fa", 200),
        ("/v1/tasks?dockerid=aaaaaaaaaaaa", 200), ("/v1/tasks?dockerid=aaa", 404),
        ("/v1/tasks?taskarn=arn:aws:ecs:us-east-1:1:task/demo/b", 404),
    ])
    func `finds one task by ARN or container, as the agent does`(_ target: String, _ status: Int) throws {
        let (found, object) = try Self.answer(target)
        #expect(found == status)
        #expect((object["Arn"] as? String)?.hasSuffix("/a") == (status == 200))
    }

    @Test func `names cluster and instance, and what else may be asked`() throws {
        let (_, metadata) = try Self.answer("/v1/metadata")
        #expect(metadata["Cluster"] as? String == "demo")
        #expect((metadata["ContainerInstanceArn"] as? String)?.hasSuffix("/i") == true)
        #expect(try Self.answer("/").1["AvailableCommands"] as? [String] == ["/v1/metadata", "/v1/tasks"])
        #expect(try Self.answer("/v1/tasks", method: "POST").0 == 405)
    }
}

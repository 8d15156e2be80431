import Foundation
import Testing

@testable import Lab

@Suite struct DockerServiceTests {
    private static func service() -> DockerService {
        let directory = TaskDirectory()
        directory.update(instanceRecord("a"))
        directory.update(record("b", address: "10.77.1.11"))
        return DockerService(directory: directory)
    }

    private static func object(_ answer: EndpointAnswer) throws -> [String: Any] {
        let body = try #require(answer.whole)
        return try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
    }

    @Test func `lists the instance's running containers only, the API's version being optional`() throws {
        for target in ["/containers/json", "/v1.41/containers/json?all=1"] {
            let answer = Self.service().answer(EndpointRequest(target: target))
            let body = try #require(answer.whole)
            let list = try JSONSerialization.jsonObject(with: body) as? [[String: Any]]
            let names = try #require(list).compactMap { ($0["Names"] as? [String])?.first }
            #expect(names.sorted() == ["/ecs-web-7-app-a", "/ecs-web-7-internalecspause-a"])
        }
    }

    @Test func `an inspection tells process, environment, labels and whose network it shares`() throws {
        let id = String(repeating: "a", count: 64)
        let answer = Self.service().answer(EndpointRequest(target: "/containers/\(id.prefix(12))/json"))
        let object = try Self.object(answer)
        #expect(object["Id"] as? String == id)
        #expect((object["State"] as? [String: Any])?["Pid"] as? Int == 100)
        let labels = (object["Config"] as? [String: Any])?["Labels"] as? [String: String]
        #expect(labels?["com.amazonaws.ecs.task-arn"] == "arn:aws:ecs:us-east-1:1:task/demo/a")
        #expect(labels?["com.amazonaws.ecs.cluster"] == "demo")
        #expect(labels?["own"] == "label")
        let mode = (object["HostConfig"] as? [String: Any])?["NetworkMode"] as? String
        #expect(mode == "container:" + String(repeating: "f", count: 63) + "a")
    }

    @Test(arguments: [
        ("GET", "/_ping", 200), ("HEAD", "/_ping", 200), ("GET", "/v1.43/version", 200), ("GET", "/info", 200),
        ("GET", "/containers/none/json", 404), ("GET", "/images/json", 404), ("GET", "/", 404),
        ("POST", "/containers/create", 403), ("DELETE", "/containers/x", 403),
        ("GET", "/containers/json?filters=x", 400), ("GET", "/events?since=x", 400), ("GET", "/events?until=1.x", 400),
    ])
    func `answers what it knows and refuses the rest`(_ method: String, _ target: String, _ status: Int) {
        #expect(Self.service().answer(EndpointRequest(method: method, target: target)).status == status)
    }

    @Test func `a client learns the version from the first answer`() {
        #expect(Self.service().answer(EndpointRequest(target: "/_ping")).headers["Api-Version"] == "1.43")
    }

    @Test(arguments: [("12", Int64(12_000_000_000)), ("12.5", 12_500_000_000), ("12.000000001", 12_000_000_001)])
    func `reads times as Docker's clients write them`(_ text: String, _ expected: Int64) throws {
        #expect(try DockerService.nanoseconds(text) == expected)
    }

    @Test(arguments: ["", "-1", "1.2.3", "1.-5", "99999999999", "1.0000000001", "2026-01-01"])
    func `refuses other times`(_ text: String) {
        #expect(throws: LabError.self) { try DockerService.nanoseconds(text) }
    }
}

import Foundation
import Testing

@testable import Lab

func record(_ id: String, address: String, token: String? = nil) -> TaskRecord {
    TaskRecord(
        id: id,
        arn: "arn:aws:ecs:us-east-1:1:task/demo/\(id)",
        clusterArn: "arn:aws:ecs:us-east-1:1:cluster/demo",
        cluster: "demo",
        family: "web",
        revision: 7,
        service: "echo",
        group: "service:echo",
        address: address,
        subnet: "10.77.0.0/16",
        gateway: "10.77.0.1",
        vpcID: "vpc-1",
        availabilityZone: "us-east-1a",
        launchType: "FARGATE",
        cpu: "256",
        memory: "512",
        tags: ["k": "v"],
        createdAt: 1_767_323_045,
        region: "us-east-1",
        roleArn: "arn:aws:iam::1:role/web",
        credentialsID: "cred-\(id)",
        token: token,
        lastStatus: "RUNNING",
        containers: [
            .init(
                name: "app",
                arn: "arn:c",
                image: "i",
                isEssential: true,
                endpointID: "end-\(id)",
                runtimeID: "\(id)-1",
                labels: ["own": "label"],
                status: "RUNNING",
                health: .healthy,
                hasHealthCheck: true,
                startedAt: 1_767_323_046,
                logPath: "/dev/null"
            )
        ]
    )
}

@Suite struct MetadataServiceTests {
    private static func service(byAddress: Bool = true, fails: Bool = false) -> MetadataService {
        let directory = TaskDirectory()
        directory.update(record("a", address: "10.77.1.10", token: "token-a"))
        directory.update(record("b", address: "10.77.1.11", token: "token-b"))
        return MetadataService(directory: directory, resolver: "10.77.0.1", identifiesByAddress: byAddress) { task in
            if fails { throw LabError(.apiFailed, "no") }
            return Data("credentials of \(task.id)".utf8)
        }
    }

    private static func object(_ answer: MetadataService.Answer) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
    }

    @Test func `a task reads its own metadata in the fields of version 4`() async throws {
        let answer = await Self.service().answer(path: "/v4/end-a/task", source: "10.77.1.10", authorization: nil)
        #expect(answer.status == 200)
        let task = try Self.object(answer)
        #expect(task["TaskARN"] as? String == "arn:aws:ecs:us-east-1:1:task/demo/a")
        #expect(task["Cluster"] as? String == "arn:aws:ecs:us-east-1:1:cluster/demo")
        #expect(task["Revision"] as? String == "7")
        #expect(task["ServiceName"] as? String == "echo")
        #expect(task["KnownStatus"] as? String == "RUNNING")
        #expect((task["Limits"] as? [String: Any])?["CPU"] as? Double == 0.25)
        #expect(task["TaskTags"] == nil)
        let container = try #require((task["Containers"] as? [[String: Any]])?.first)
        #expect(container["Name"] as? String == "app")
        #expect((container["Health"] as? [String: Any])?["status"] as? String == "HEALTHY")
        let network = try #require((container["Networks"] as? [[String: Any]])?.first)
        #expect(network["IPv4Addresses"] as? [String] == ["10.77.1.10"])
        #expect(network["NetworkMode"] as? String == "awsvpc")
        #expect(container["StartedAt"] as? String == "2026-01-02T03:04:06.000Z")
    }

    @Test func `the container's own document and the tags have their own paths`() async throws {
        let own = await Self.service().answer(path: "/v4/end-a", source: "10.77.1.10", authorization: nil)
        #expect(try Self.object(own)["ContainerARN"] as? String == "arn:c")
        let tagged = await Self.service().answer(
            path: "/v4/end-a/taskWithTags",
            source: "10.77.1.10",
            authorization: nil
        )
        #expect(try Self.object(tagged)["TaskTags"] as? [String: String] == ["k": "v"])
    }

    @Test(arguments: [
        ("/v4/end-a/task", "10.77.1.11", 404), ("/v4/unknown/task", "10.77.1.10", 404),
        ("/v4/end-a/x", "10.77.1.10", 404),
        ("/", "10.77.1.10", 404), ("/v4", "10.77.1.10", 404), ("/v2/credentials", "10.77.1.10", 404),
        ("/v2/credentials/cred-a", "10.77.1.10", 200), ("/v2/credentials/cred-a?x=y", "10.77.1.10", 200),
        ("/v2/credentials/cred-a", "10.77.1.11", 400), ("/v2/credentials/cred-a", "10.77.9.9", 400),
        ("/v2/credentials/unknown", "10.77.1.10", 400),
    ])
    func `a task gets what is its own and nothing else`(_ path: String, _ source: String, _ status: Int) async {
        #expect(await Self.service().answer(path: path, source: source, authorization: nil).status == status)
    }

    @Test func `the refusal of a foreign credentials id is ECS's`() async throws {
        let answer = await Self.service().answer(
            path: "/v2/credentials/cred-b",
            source: "10.77.1.10",
            authorization: nil
        )
        let object = try Self.object(answer)
        #expect(object["code"] as? String == "InvalidIdInRequest")
        #expect(object["HTTPErrorCode"] as? Int == 400)
    }

    @Test func `credentials that STS doesn't give are an error that passes`() async {
        let service = Self.service(fails: true)
        #expect(
            await service.answer(path: "/v2/credentials/cred-a", source: "10.77.1.10", authorization: nil).status == 503
        )
    }

    @Test(arguments: [("token-a", 200), ("token-b", 400), ("", 400), (nil, 400)] as [(String?, Int)])
    func `without namespaces the token stands for the task`(_ token: String?, _ status: Int) async {
        let service = Self.service(byAddress: false)
        let answer = await service.answer(path: "/v2/credentials/cred-a", source: "127.0.0.1", authorization: token)
        #expect(answer.status == status)
    }

    @Test func `a stopped task's address gives nothing`() async {
        let directory = TaskDirectory()
        var stopped = record("a", address: "10.77.1.10")
        stopped.lastStatus = "STOPPED"
        directory.update(stopped)
        let service = MetadataService(directory: directory, resolver: "r", identifiesByAddress: true) { _ in Data() }
        #expect(
            await service.answer(path: "/v2/credentials/cred-a", source: "10.77.1.10", authorization: nil).status == 400
        )
    }

    @Test func `a task in the host's network is known by its token, those with addresses aren't`() async throws {
        let directory = TaskDirectory()
        var host = record("a", address: "10.77.0.1", token: "token-a")
        host.networkMode = "host"
        host.containerInstanceArn = "arn:i"
        directory.update(host)
        directory.update(record("b", address: "10.77.1.11"))
        let service = MetadataService(directory: directory, resolver: "r", identifiesByAddress: false) { _ in Data() }
        let own = await service.answer(path: "/v4/end-a/task", source: "127.0.0.1", authorization: nil)
        let task = try Self.object(own)
        #expect(task["Cluster"] as? String == "demo")
        let container = try #require((task["Containers"] as? [[String: Any]])?.first)
        let network = try #require((container["Networks"] as? [[String: Any]])?.first)
        #expect(network["NetworkMode"] as? String == "host" && network["IPv4Addresses"] as? [String] == [""])
        #expect(await service.answer(path: "/v4/end-b/task", source: "127.0.0.1", authorization: nil).status == 404)
        #expect(
            await service.answer(path: "/v2/credentials/cred-b", source: "127.0.0.1", authorization: "").status == 400
        )
    }
}

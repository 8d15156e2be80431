import AWSClient
import AWSTestSupport
import Logging
import Testing

struct ECSClientTests {
    private static func ecs(_ fake: FakeAWS, pages: Int = 2_000) throws -> ECSClient {
        var configuration = try AWSConfiguration.test()
        configuration.limits.pages = pages
        return AWSClient(configuration, transport: fake, logger: Logger(label: "test")).ecs()
    }

    @Test
    func followsAllPages() async throws {
        let fake = FakeAWS { request in
            let page = request.body["nextToken"]?.string.flatMap { Int($0) } ?? 0
            var answer: JSONValue = ["taskArns": .strings(["t\(page)a", "t\(page)b"])]
            if page < 3 { answer["nextToken"] = .string("\(page + 1)") }
            return .json(answer)
        }
        #expect(try await Self.ecs(fake).listTasks(cluster: "c").count == 8)
        #expect(fake.requests.allSatisfy { $0.body["cluster"] == "c" && $0.body["maxResults"] == 100 })
    }

    @Test
    func refusesAListInACircle() async throws {
        let fake = FakeAWS { _ in .json(["taskArns": [], "nextToken": "same"]) }
        let error = await #expect(throws: AWSError.self) { try await Self.ecs(fake).listTasks(cluster: "c") }
        #expect(error?.code == AWSError.Code.endlessPages)
        #expect(fake.requests.count == 2)
    }

    @Test
    func refusesAListWithoutEnd() async throws {
        let fake = FakeAWS { .json(["serviceArns": [], "nextToken": .string("\($0.repetition)")]) }
        let error = await #expect(throws: AWSError.self) {
            try await Self.ecs(fake, pages: 7).listServices(cluster: "c")
        }
        #expect(error?.code == AWSError.Code.endlessPages)
        #expect(fake.requests.count == 7)
    }

    @Test
    func describesInBatchesAndCollectsFailures() async throws {
        let fake = FakeAWS { request in
            let names = request.body["services"]?.strings ?? []
            return .json([
                "services": .array(names.dropLast().map { ["serviceArn": .string($0)] }),
                "failures": .array(names.suffix(1).map { ["arn": .string($0), "reason": "MISSING"] }),
            ])
        }
        let described = try await Self.ecs(fake).describeServices((0..<25).map { "s\($0)" }, cluster: "c")
        #expect(fake.requests.map { $0.body["services"]?.strings.count } == [10, 10, 5])
        #expect(described.items.count == 22)
        #expect(described.failures.map(\.arn) == ["s9", "s19", "s24"])
        #expect(fake.requests.allSatisfy { $0.body["include"] == ["TAGS"] })
    }

    @Test
    func doesNotTakeAMissingListForAnEmptyOne() async throws {
        let fake = FakeAWS { _ in .json([:]) }
        let error = await #expect(throws: AWSError.self) {
            try await Self.ecs(fake).describeTasks(["t"], cluster: "c")
        }
        #expect(error?.code == AWSError.Code.incompleteResponse)
    }

    @Test
    func readsATaskOfTheAPIAndOfAnEvent() throws {
        let api = try #require(
            ECSTask(
                try JSONValue(
                    parsing: """
                        {"taskArn":"arn:aws:ecs:us-east-1:111122223333:task/c1/0123456789abcdef0123456789abcdef",
                        "attachments":[{"type":"ElasticNetworkInterface","status":"ATTACHED","details":[
                        {"name":"subnetId","value":"subnet-0a"},{"name":"privateIPv4Address","value":"10.0.1.17"},
                        {"name":"ipv6Address","value":"2001:db8::1"}]},{"type":"AmazonElasticBlockStorage","details":[
                        {"name":"privateIPv4Address","value":"10.9.9.9"}]}],
                        "containers":[{"networkInterfaces":[{"privateIpv4Address":"10.0.1.17"}]}],
                        "startedAt":1767323046.5,"version":5,"overrides":{"taskRoleArn":"arn:aws:iam::1:role/o"}}
                        """
                )
            )
        )
        #expect(api.id == "0123456789abcdef0123456789abcdef")
        #expect(api.addresses == ["10.0.1.17", "2001:db8::1"])
        #expect(api.startedAt == 1_767_323_046.5)
        #expect(api.version == 5)
        #expect(api.overriddenTaskRoleARN == "arn:aws:iam::1:role/o")

        let event = try #require(
            ECSTask(
                try JSONValue(
                    parsing: """
                        {"taskArn":"a/b","startedAt":"2026-01-02T03:04:06.000Z","attachments":[{"type":"eni",
                        "status":"DELETED","details":[{"name":"privateIPv4Address","value":"10.0.0.1"}]},
                        {"type":"eni","details":[{"name":"privateIPv4Address","value":"10.0.0.2"}]}]}
                        """
                )
            )
        )
        #expect(event.startedAt == 1_767_323_046)
        #expect(event.addresses == ["10.0.0.2"])
        #expect(ECSTask(["group": "x"]) == nil)
    }

    @Test(arguments: [
        ("arn:aws:ecs:us-east-1:111122223333:task/c1/0123", true), ("arn:aws:iam::111122223333:role/a:b", true),
        ("arn:aws:ecs:us-east-1:11112222333:task/c1/0123", false), ("arn:aws:ecs:us-east-1:task", false),
        ("urn:aws:ecs:us-east-1:111122223333:x", false), ("arn:aws:ecs:us-east-1:111122223333:", false),
        ("arn:aws:ecs:us-east-1:111122223333:a b", false), ("", false), ("arn:::::x", false),
    ])
    func readsARNs(_ text: String, _ isOne: Bool) {
        #expect((ARN(parsing: text) != nil) == isOne)
        #expect(ARN(parsing: text).map(\.description) == (isOne ? text : nil))
    }
}

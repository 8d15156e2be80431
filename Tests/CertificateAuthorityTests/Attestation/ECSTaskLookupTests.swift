import AWSClient
import AWSTestSupport
import CertificateAuthority
import Logging
import MeshModel
import Testing

@Suite struct ECSTaskLookupTests {
    private static let id = "0123456789abcdef0123456789abcdef"
    private static let account = "111122223333"

    private static func task(
        cluster: String = "c2",
        override: String? = nil,
        group: String = "family:web"
    ) -> JSONValue {
        var task: JSONValue = [
            "taskArn": .string("arn:aws:ecs:us-east-1:111122223333:task/\(cluster)/\(Self.id)"),
            "clusterArn": .string("arn:aws:ecs:us-east-1:111122223333:cluster/\(cluster)"),
            "taskDefinitionArn": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7",
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "group": .string(group),
            "tags": [["key": "tulle/namespace", "value": "shop"]],
        ]
        if let override { task["overrides"] = ["taskRoleArn": .string(override)] }
        return task
    }

    private func lookup(
        clusters: [String] = [],
        _ aws: AWSTestSupport.FakeAWS
    ) throws -> ECSTaskLookup {
        ECSTaskLookup(
            client: AWSClient(try .test(), transport: aws, logger: Logger(label: "test")),
            clusters: clusters
        )
    }

    private static func network(_ task: JSONValue) -> AWSTestSupport.FakeAWS {
        AWSTestSupport.FakeAWS { request in
            switch request.action {
            case "ListClusters":
                return .json([
                    "clusterArns": [
                        "arn:aws:ecs:us-east-1:111122223333:cluster/c1",
                        "arn:aws:ecs:us-east-1:111122223333:cluster/c2",
                    ]
                ])
            case "DescribeTasks":
                guard request.body["cluster"] == "c2" else { return .json(["tasks": [], "failures": []]) }
                return .json(["tasks": [task], "failures": []])
            case "DescribeTaskDefinition":
                return .json([
                    "taskDefinition": [
                        "taskDefinitionArn": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7",
                        "taskRoleArn": "arn:aws:iam::111122223333:role/web",
                    ],
                    "tags": [
                        ["key": "tulle/namespace", "value": "jobs"],
                        ["key": "tulle/service-account", "value": "nightly"],
                    ],
                ])
            default: return .error("UnknownOperationException")
            }
        }
    }

    @Test func findsATaskInAnyClusterOfTheAccount() async throws {
        let aws = Self.network(Self.task())
        let lookup = try self.lookup(aws)
        for _ in 0..<2 {
            let answer = await lookup.task(id: Self.id, account: Self.account, region: "us-east-1")
            guard case .found(let task) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(task.cluster == "c2")
            #expect(task.roleARN == "arn:aws:iam::111122223333:role/web")
            // The task's own tags, then those of its definition.
            #expect(task.tags == ["tulle/namespace": "shop", "tulle/service-account": "nightly"])
        }
        #expect(aws.actions.filter { $0 == "DescribeTasks" }.count == 4, "a task is looked up afresh each time")
        #expect(aws.actions.filter { $0 == "DescribeTaskDefinition" }.count == 1, "a definition never changes")
    }

    @Test func aServicesTaskIsNotSpokenForByItsDefinition() async throws {
        let lookup = try self.lookup(Self.network(Self.task(group: "service:web")))
        let answer = await lookup.task(id: Self.id, account: Self.account, region: "us-east-1")
        guard case .found(let task) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(task.tags == ["tulle/namespace": "shop"])
    }

    @Test func anOverriddenRoleIsTheRole() async throws {
        let lookup = try self.lookup(Self.network(Self.task(override: "arn:aws:iam::111122223333:role/other")))
        let answer = await lookup.task(id: Self.id, account: Self.account, region: "us-east-1")
        guard case .found(let task) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(task.roleARN == "arn:aws:iam::111122223333:role/other")
    }

    @Test func searchesOnlyTheClustersThatAreNamed() async throws {
        let aws = Self.network(Self.task())
        let answer = await (try self.lookup(clusters: ["c1"], aws)).task(
            id: Self.id,
            account: Self.account,
            region: "us-east-1"
        )
        #expect(answer == .missing)
        #expect(!aws.actions.contains("ListClusters"))
    }

    @Test(arguments: [("999999999999", "us-east-1"), ("111122223333", "eu-west-1")])
    func aTaskOfAnotherAccountOrRegionIsNoAnswer(_ account: String, _ region: String) async throws {
        let answer = await (try self.lookup(Self.network(Self.task()))).task(
            id: Self.id,
            account: account,
            region: region
        )
        #expect(answer == .missing)
    }

    @Test func looksOnlyInThePlacesThatAreConfiguredNow() async throws {
        let aws = Self.network(Self.task())
        let lookup = try self.lookup(aws)
        let client = AWSClient(try .test(), transport: aws, logger: Logger(label: "test"))
        lookup.replace([.init(accounts: ["444455556666"], regions: ["us-east-1"], client: client, clusters: [])])
        #expect(await lookup.task(id: Self.id, account: Self.account, region: "us-east-1") == .missing)
        #expect(aws.actions.isEmpty, "nobody is asked about an account that is not configured")
        let bound = [try #require(NamespacePattern(parsing: "shop-*"))]
        lookup.replace([
            .init(accounts: ["444455556666"], regions: ["us-east-1"], client: client, clusters: []),
            .init(
                accounts: [Self.account],
                regions: ["us-east-1"],
                client: client,
                clusters: ["c2"],
                namespaces: bound
            ),
        ])
        guard case .found(let task) = await lookup.task(id: Self.id, account: Self.account, region: "us-east-1") else {
            Issue.record("not found")
            return
        }
        #expect(task.namespaces == bound, "what its place may claim comes with it")
        #expect(await lookup.task(id: Self.id, account: Self.account, region: "eu-west-1") == .missing)
    }

    @Test func aClusterWithoutTheTagsIsNotSearched() async throws {
        let base = Self.network(Self.task())
        let aws = AWSTestSupport.FakeAWS { request in
            guard request.action == "DescribeClusters" else {
                return try await base.send(request.raw, deadline: .seconds(1), bodyLimit: 1 << 20)
            }
            let clusters = ["c1", "c2"].map { name -> JSONValue in
                [
                    "clusterArn": .string("arn:aws:ecs:us-east-1:111122223333:cluster/\(name)"),
                    "clusterName": .string(name), "status": "ACTIVE",
                    "tags": name == "c1" ? [["key": "team", "value": "shop"]] : [],
                ]
            }
            return .json(["clusters": .array(clusters)])
        }
        let lookup = try self.lookup(aws)
        let client = AWSClient(try .test(), transport: aws, logger: Logger(label: "test"))
        lookup.replace([.init(client: client, clusters: [], clusterTags: ["team": "shop"])])
        #expect(await lookup.task(id: Self.id, account: Self.account, region: "us-east-1") == .missing)
        let asked = aws.requests.filter { $0.action == "DescribeTasks" }.map { $0.body["cluster"]?.string }
        #expect(asked == ["c1"])
    }

    @Test(arguments: ["ThrottlingException", "AccessDeniedException"])
    func aCallThatFailsIsNoVerdict(_ code: String) async throws {
        let aws = AWSTestSupport.FakeAWS { _ in .error(code) }
        let answer = await (try self.lookup(clusters: ["c1"], aws)).task(
            id: Self.id,
            account: Self.account,
            region: "us-east-1"
        )
        guard case .unavailable = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test func aClusterThatIsGoneIsSkipped() async throws {
        let aws = AWSTestSupport.FakeAWS { request in
            guard request.body["cluster"] == "c2" else { return .error("ClusterNotFoundException") }
            let task = Self.task(override: "arn:aws:iam::111122223333:role/web", group: "service:web")
            return .json(["tasks": [task], "failures": []])
        }
        let answer = await (try self.lookup(clusters: ["c1", "c2"], aws)).task(
            id: Self.id,
            account: Self.account,
            region: "us-east-1"
        )
        guard case .found = answer else {
            Issue.record("\(answer)")
            return
        }
    }
}

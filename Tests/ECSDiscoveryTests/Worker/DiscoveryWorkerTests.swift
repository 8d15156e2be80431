import AWSClient
import AWSTestSupport
import Logging
import Synchronization
import Testing

@testable import ECSDiscovery

struct DiscoveryWorkerTests {
    static let place = "arn:aws:ecs:us-east-1:111122223333"

    /// A small ECS with pages of two, whose parts a test breaks by hand.
    final class World: Sendable {
        struct State {
            var clusters = ["c1"]
            var tasks = ["c1": (0..<5).map { "t\($0)" }, "c2": ["u0"]]
            var services = ["c1": (0..<12).map { "s\($0)" }, "c2": []]
            var broken: [String: TransportResponse] = [:]
        }

        let state = Mutex(State())

        func change(_ body: (inout State) -> Void) { self.state.withLock { body(&$0) } }

        func answer(_ request: FakeAWS.Request) -> TransportResponse {
            let state = self.state.withLock { $0 }
            let cluster = ARN.lastPart(request.body["cluster"]?.string ?? "")
            if let broken = state.broken["\(request.action) \(cluster)"] ?? state.broken[request.action] {
                return broken
            }
            func page(_ name: String, _ all: [String]) -> TransportResponse {
                let start = request.body["nextToken"]?.string.flatMap { Int($0) } ?? 0
                var answer: JSONValue = [:]
                answer[name] = .strings(all.dropFirst(start).prefix(2))
                if start + 2 < all.count { answer["nextToken"] = .string("\(start + 2)") }
                return .json(answer)
            }
            switch request.action {
            case "ListClusters":
                return page("clusterArns", state.clusters.map { "\(DiscoveryWorkerTests.place):cluster/\($0)" })
            case "DescribeClusters":
                return .json([
                    "clusters": .array(
                        (request.body["clusters"]?.strings ?? []).map { arn in
                            [
                                "clusterArn": .string(arn), "clusterName": .string(ARN.lastPart(arn)),
                                "status": "ACTIVE", "tags": [["key": "tulle/discovery-enabled", "value": "true"]],
                            ]
                        }
                    )
                ])
            case "ListServices":
                let names = state.services[cluster] ?? []
                return page("serviceArns", names.map { "\(DiscoveryWorkerTests.place):service/\(cluster)/\($0)" })
            case "DescribeServices":
                return .json([
                    "services": .array(
                        (request.body["services"]?.strings ?? []).map { arn in
                            [
                                "serviceArn": .string(arn), "serviceName": .string(ARN.lastPart(arn)),
                                "status": "ACTIVE",
                                "taskDefinition": .string("\(DiscoveryWorkerTests.place):task-definition/web:7"),
                            ]
                        }
                    )
                ])
            case "ListTasks":
                let ids = state.tasks[cluster] ?? []
                return page("taskArns", ids.map { "\(DiscoveryWorkerTests.place):task/\(cluster)/\($0)" })
            case "DescribeTasks":
                let known = Set(
                    (state.tasks[cluster] ?? []).map { "\(DiscoveryWorkerTests.place):task/\(cluster)/\($0)" }
                )
                return .json([
                    "tasks": .array(
                        (request.body["tasks"]?.strings ?? []).filter(known.contains).map { arn in
                            [
                                "taskArn": .string(arn), "group": "service:s1", "lastStatus": "RUNNING",
                                "desiredStatus": "RUNNING",
                                "taskDefinitionArn": .string("\(DiscoveryWorkerTests.place):task-definition/web:7"),
                                "attachments": [
                                    [
                                        "type": "ElasticNetworkInterface",
                                        "details": [["name": "privateIPv4Address", "value": "10.0.0.1"]],
                                    ]
                                ],
                            ]
                        }
                    ),
                    "failures": [],
                ])
            case "DescribeTaskDefinition":
                return .json([
                    "taskDefinition": [
                        "taskDefinitionArn": .string("\(DiscoveryWorkerTests.place):task-definition/web:7"),
                        "family": "web", "revision": 7, "taskRoleArn": "arn:aws:iam::111122223333:role/web",
                        "containerDefinitions": [
                            ["name": "app", "portMappings": [["containerPort": 8080, "appProtocol": "http"]]],
                            ["name": "ztunnel"],
                        ],
                    ]
                ])
            default: return .error("UnknownOperationException")
            }
        }
    }

    private static func round(
        _ world: World,
        change: (inout DiscoveryConfiguration) -> Void = { _ in }
    ) throws -> (round: DiscoveryRound, fake: FakeAWS) {
        let fake = FakeAWS { world.answer($0) }
        var configuration = DiscoveryConfiguration()
        configuration.clusterInterval = .zero
        configuration.serviceInterval = .zero
        change(&configuration)
        var aws = try AWSConfiguration.test()
        aws.limits.attempts = 2
        let client = AWSClient(aws, transport: fake, logger: Logger(label: "test"))
        return (DiscoveryRound(client: client, configuration: configuration, now: { 1_000 }), fake)
    }

    @Test
    func seesAllPagesOfEverythingInOneRound() async throws {
        var (round, fake) = try Self.round(World()) {
            $0.clusterInterval = .seconds(300)
            $0.serviceInterval = .seconds(300)
        }
        await round.poll()
        let snapshot = round.state.snapshot
        #expect(snapshot.isComplete)
        #expect(snapshot.services.count == 12)
        #expect(snapshot.tasks.count == 5)
        let task = try #require(snapshot.tasks.values.first)
        #expect(task.family == "web" && task.revision == 7)
        #expect(task.taskRoleARN == "arn:aws:iam::111122223333:role/web")
        #expect(task.ports.map(\.description) == ["http:8080:8080"])
        #expect(task.isEnrolled && task.captureMode == .socks)
        #expect(task.serviceARN == "\(Self.place):service/c1/s1")
        #expect(fake.actions.filter { $0 == "DescribeTaskDefinition" }.count == 1)
        #expect(fake.actions.filter { $0 == "DescribeServices" }.count == 2)

        // The second round lists tasks only: the rest is not due, and the definition is known.
        await round.poll()
        #expect(Array(fake.actions.suffix(4)) == ["ListTasks", "ListTasks", "ListTasks", "DescribeTasks"])
        #expect(round.state.snapshot == snapshot)
    }

    static let failures: [(name: String, answer: TransportResponse, code: String)] = [
        ("denied", .error("AccessDeniedException"), "AccessDeniedException"),
        ("throttled", .error("ThrottlingException"), "ThrottlingException"),
        ("web page", .text("<html>oops</html>", type: "text/html", status: 500), "HTTP500"),
        ("hotel wifi", .text("<html>log in</html>", type: "text/html"), AWSError.Code.unreadableResponse),
        ("empty object", .json([:]), AWSError.Code.incompleteResponse),
    ]

    @Test(arguments: failures)
    func aClusterThatFailsKeepsItsStateAndHarmsNoOther(
        _ failure: (name: String, answer: TransportResponse, code: String)
    ) async throws {
        let world = World()
        world.change { $0.clusters = ["c1", "c2"] }
        var (round, _) = try Self.round(world)
        await round.poll()
        #expect(round.state.snapshot.tasks.count == 6)
        world.change {
            $0.broken = ["DescribeTasks c1": failure.answer]
            $0.tasks["c1"] = []
            $0.tasks["c2"] = ["u0", "u1"]
        }
        for _ in 0..<4 { await round.poll() }
        let snapshot = round.state.snapshot
        #expect(snapshot.tasks.values.filter { $0.clusterName == "c1" }.count == 5)
        #expect(snapshot.tasks.values.filter { $0.clusterName == "c2" }.count == 2)
        #expect(snapshot.clusters["\(Self.place):cluster/c1"]?.poll.errorCode == failure.code)
        #expect(snapshot.clusters["\(Self.place):cluster/c2"]?.poll.errorCode == nil)
        #expect(snapshot.account.errorCode == nil)
    }

    @Test
    func anAccountThatFailsKeepsPollingTheClustersItKnows() async throws {
        let world = World()
        var (round, _) = try Self.round(world)
        await round.poll()
        world.change {
            $0.broken = ["ListClusters": .error("AccessDeniedException")]
            $0.tasks["c1"]?.append("new")
        }
        await round.poll()
        #expect(round.state.snapshot.account.errorCode == "AccessDeniedException")
        #expect(round.state.snapshot.tasks.count == 6)
    }

    @Test
    func aDefinitionThatWasDeletedDoesNotHideTheTasks() async throws {
        let world = World()
        world.change { $0.broken = ["DescribeTaskDefinition": .error("ClientException")] }
        var (round, _) = try Self.round(world)
        await round.poll()
        let task = try #require(round.state.snapshot.tasks.values.first)
        #expect(task.taskRoleARN == nil && !task.isEnrolled && task.ports.isEmpty)
        #expect(task.family == "web")
    }

    @Test
    func aClusterNamedInConfigurationThatIsMissingIsAnError() async throws {
        let world = World()
        world.change {
            $0.broken = [
                "DescribeClusters": .json(["clusters": [], "failures": [["arn": "c9", "reason": "MISSING"]]])
            ]
        }
        var (round, _) = try Self.round(world) { $0.clusters = ["c9"] }
        await round.poll()
        #expect(round.state.snapshot.account.errorCode == "ClusterNotFoundException")
    }

    @Test
    func credentialsOfAnotherAccountFindNothing() async throws {
        var (round, _) = try Self.round(World()) { $0.account = "444455556666" }
        await round.poll()
        #expect(round.state.snapshot.account.errorCode == "TulleWrongAccount")
        #expect(round.state.snapshot.clusters.isEmpty && round.failuresInARow == 1)
    }

    @Test
    func anAccountWithTooManyClustersCountsAsFailing() async throws {
        let world = World()
        world.change { $0.clusters = ["c1", "c2"] }
        var (round, _) = try Self.round(world) { $0.clusterLimit = 1 }
        await round.poll()
        #expect(round.state.snapshot.account.errorCode == "TulleTooManyClusters")
    }

    @Test
    func publishesChangesAndEndsWhenCancelled() async throws {
        let world = World()
        let fake = FakeAWS { world.answer($0) }
        var configuration = DiscoveryConfiguration()
        configuration.taskInterval = .milliseconds(5)
        let client = AWSClient(try .test(), transport: fake, logger: Logger(label: "test"))
        let worker = DiscoveryWorker(client: client, configuration: configuration, logger: Logger(label: "test"))
        let running = Task { await worker.run() }
        var snapshots = worker.snapshots.makeAsyncIterator()
        let first = try #require(await snapshots.next())
        #expect(first.generation == 1 && first.tasks.count == 5)
        world.change { $0.tasks["c1"]?.append("new") }
        let second = try #require(await snapshots.next())
        #expect(second.generation == 2 && second.tasks.count == 6)
        #expect(worker.snapshot.tasks.count == 6)
        running.cancel()
        await running.value
        #expect(await snapshots.next() == nil)
    }
}

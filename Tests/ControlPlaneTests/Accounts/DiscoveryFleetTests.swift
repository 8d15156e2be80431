import AWSClient
import AWSTestSupport
import CertificateAuthority
import ControlPlane
import ECSDiscovery
import Foundation
import Logging
import MeshConfig
import MeshModel
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct DiscoveryFleetTests {
    /// Two accounts, each with one task of one service in each region, told apart by whose key signed.
    final class World: Sendable {
        let denied = Mutex<Set<String>>([])

        func answer(_ request: AWSTestSupport.FakeAWS.Request) -> TransportResponse {
            if request.action == "AssumeRole" {
                let account = request.form["RoleArn"]?.split(separator: "%3A").dropFirst(3).first.map(String.init) ?? ""
                guard request.form["ExternalId"] == "id-\(account)" else {
                    return .error("AccessDenied", status: 403)
                }
                return .text(
                    """
                    <AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA\(account)</AccessKeyId>\
                    <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                    <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
                    """,
                    type: "text/xml"
                )
            }
            // Credential=<key>/<date>/<region>/…
            let scope = (request.header("Authorization") ?? "").split(separator: "Credential=").last ?? ""
            let parts = scope.split(separator: "/").map(String.init)
            guard parts.count > 3 else { return .error("MissingAuthenticationToken") }
            let (account, region) = (String(parts[0].dropFirst(4)), parts[2])
            if self.denied.withLock({ $0.contains(account) }) { return .error("AccessDeniedException") }
            let place = "arn:aws:ecs:\(region):\(account)"
            let id = "\(account)\(region == "us-east-1" ? "0" : "1")".padding(toLength: 32, withPad: "a", startingAt: 0)
            switch request.action {
            case "ListClusters": return .json(["clusterArns": [.string("\(place):cluster/c1")]])
            case "DescribeClusters":
                return .json([
                    "clusters": [
                        [
                            "clusterArn": .string("\(place):cluster/c1"), "clusterName": "c1", "status": "ACTIVE",
                            "tags": [["key": "tulle/discovery-enabled", "value": "true"]],
                        ]
                    ]
                ])
            case "ListServices": return .json(["serviceArns": [.string("\(place):service/c1/echo")]])
            case "DescribeServices":
                return .json([
                    "services": [
                        [
                            "serviceArn": .string("\(place):service/c1/echo"), "serviceName": "echo",
                            "status": "ACTIVE", "taskDefinition": .string("\(place):task-definition/echo:1"),
                        ]
                    ]
                ])
            case "ListTasks": return .json(["taskArns": [.string("\(place):task/c1/\(id)")]])
            case "DescribeTasks":
                return .json([
                    "tasks": [
                        [
                            "taskArn": .string("\(place):task/c1/\(id)"), "group": "service:echo",
                            "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
                            "availabilityZone": .string("\(region)a"),
                            "taskDefinitionArn": .string("\(place):task-definition/echo:1"),
                            "containers": [["networkInterfaces": [["privateIpv4Address": "10.0.0.1"]]]],
                        ]
                    ]
                ])
            case "DescribeTaskDefinition":
                return .json([
                    "taskDefinition": [
                        "taskDefinitionArn": .string("\(place):task-definition/echo:1"), "family": "echo",
                        "containerDefinitions": [["name": "app", "portMappings": [["containerPort": 8080]]]],
                    ]
                ])
            default: return .error("UnknownOperationException")
            }
        }
    }

    static func account(_ account: String, regions: [String], domain: String? = nil) -> DeclaredResource {
        AccountPlanTests.resource(
            "a\(account.prefix(1))",
            Declared.ECSAccount(
                account: account,
                role: "arn:aws:iam::\(account):role/tulle",
                externalID: "id-\(account)",
                regions: regions,
                domain: domain
            )
        )
    }

    struct Bench {
        let world = World()
        let directory: TemporaryDirectory
        let state: StateDirectory
        let store = ResourceStore()
        let publisher: RegistryPublisher
        let fleet: DiscoveryFleet

        /// - Parameter before: a bench whose state directory this one goes on with, as after a restart.
        init(after before: Bench? = nil, now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 })
            throws
        {
            self.directory = try before?.directory ?? TemporaryDirectory()
            self.state = try before?.state ?? StateDirectory(path: self.directory.path)
            let logger = Logger(label: "test")
            self.publisher = try RegistryPublisher(
                settings: TestObservations.settings(),
                workers: ["us-east-1"],
                store: self.store,
                addressFile: VIPFile(state: self.state),
                zones: nil,
                metrics: ControlPlaneMetrics(),
                quiet: .milliseconds(10),
                patience: .milliseconds(100),
                startPatience: .milliseconds(500),
                logger: logger
            )
            let world = self.world
            let fake = AWSTestSupport.FakeAWS { world.answer($0) }
            self.fleet = DiscoveryFleet(
                client: AWSClient(
                    try .test(["AWS_ACCESS_KEY_ID": "AKID111122223333"]),
                    transport: fake,
                    logger: logger
                ),
                publisher: self.publisher,
                files: SnapshotFiles(state: self.state, logger: logger, now: now),
                logger: logger
            )
        }

        func follow(_ resources: [DeclaredResource]) {
            var settings = TulledConfiguration()
            settings.regions = ["us-east-1"]
            settings.pollInterval = .milliseconds(20)
            self.fleet.follow(AccountPlan(settings, accounts: ["111122223333"], resources: resources))
        }

        func run(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.publisher.run() }
                group.addTask { await self.fleet.run() }
                try await body()
                group.cancelAll()
            }
        }

        func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
            for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
            #expect(condition(), what)
        }

        var tasks: [String: ObservedTask] {
            self.publisher.overview.snapshots.values.reduce(into: [:]) { $0.merge($1.tasks) { first, _ in first } }
        }
    }

    @Test func severalAccountsAndRegionsMakeOneService() async throws {
        let bench = try Bench()
        bench.follow([
            Self.account("444455556666", regions: ["us-east-1"]),
            Self.account("777788889999", regions: ["us-east-1", "eu-west-1"]),
        ])
        try await bench.run {
            try await bench.eventually("all are seen") { bench.store.isReady && bench.tasks.count == 3 }
            #expect(Set(bench.tasks.values.map(\.account)) == ["444455556666", "777788889999"])
            let services = bench.publisher.overview.services
            #expect(services.map(\.key.description) == ["c1/echo.c1.mesh.internal"])
            #expect(services.first?.sources.count == 3)
            #expect(Set(bench.tasks.values.map(\.availabilityZone)) == ["us-east-1a", "eu-west-1a"])
        }
    }

    @Test func anAccountThatDeniesUsDegradesAlone() async throws {
        let bench = try Bench()
        bench.follow([
            Self.account("444455556666", regions: ["us-east-1"]),
            Self.account("777788889999", regions: ["us-east-1"]),
        ])
        try await bench.run {
            try await bench.eventually("both are seen") { bench.store.isReady && bench.tasks.count == 2 }
            bench.world.denied.withLock { $0 = ["777788889999"] }
            try await bench.eventually("it says so") {
                bench.fleet.members.map(\.snapshot.standing) == [.ready, .degraded]
            }
            let failing = try #require(bench.fleet.members.last)
            #expect(failing.snapshot.failure?.code == "AccessDeniedException")
            #expect(bench.tasks.count == 2, "its last good tasks stand")
            // A change of its settings must not lose them either.
            bench.follow([
                Self.account("444455556666", regions: ["us-east-1"]),
                Self.account("777788889999", regions: ["us-east-1"], domain: "other.internal"),
            ])
            try await Task.sleep(for: .milliseconds(200))
            #expect(bench.tasks.count == 2)
            bench.world.denied.withLock { $0 = [] }
            try await bench.eventually("it comes back under its new domain") {
                bench.publisher.overview.services.map(\.key.hostname)
                    == ["echo.c1.mesh.internal", "echo.c1.other.internal"]
            }
            #expect(bench.fleet.members.map(\.snapshot.standing) == [.ready, .ready])
        }
    }

    @Test func oneThatDeniesUsFromTheStartHoldsUpTheOthersForAWhileOnly() async throws {
        let bench = try Bench()
        bench.world.denied.withLock { $0 = ["777788889999"] }
        bench.follow([
            Self.account("444455556666", regions: ["us-east-1"]),
            Self.account("777788889999", regions: ["us-east-1"]),
        ])
        try await bench.run {
            try await bench.eventually("one is refused") { bench.fleet.members.last?.snapshot.failure != nil }
            // What waits on time is looked at when news come.
            try await bench.eventually("the other is told") {
                bench.publisher.supply([:])
                bench.follow([
                    Self.account("444455556666", regions: ["us-east-1"]),
                    Self.account("777788889999", regions: ["us-east-1"]),
                ])
                return bench.store.isReady
            }
            #expect(bench.tasks.count == 1)
        }
    }

    @Test func workersComeAndGoWithTheirResources() async throws {
        let bench = try Bench()
        bench.follow([])
        try await bench.run {
            try await bench.eventually("our own account is seen") { bench.store.isReady && bench.tasks.count == 1 }
            #expect(bench.fleet.members.map(\.place.name) == ["us-east-1"])
            bench.follow([Self.account("444455556666", regions: ["us-east-1"])])
            #expect(bench.fleet.members.map(\.place.name) == ["a4/us-east-1"])
            try await bench.eventually("only what is declared is seen") {
                bench.tasks.values.map(\.account) == ["444455556666"]
            }
            bench.follow([])
            try await bench.eventually("and the settings count again") {
                bench.tasks.values.map(\.account) == ["111122223333"]
            }
        }
    }
}

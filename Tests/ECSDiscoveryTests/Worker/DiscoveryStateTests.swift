import AWSClient
import MeshModel
import Testing

@testable import ECSDiscovery

struct DiscoveryStateTests {
    static let place = "arn:aws:ecs:us-east-1:111122223333"
    static let cluster = "\(place):cluster/c1"

    private static func cluster(tags: [String: String] = ["tulle/discovery-enabled": "true"]) throws -> ECSCluster {
        let fake: JSONValue = [
            "clusterArn": .string(Self.cluster), "clusterName": "c1", "status": "ACTIVE",
            "tags": .array(tags.map { ECSTag($0.key, $0.value).json }),
        ]
        return try #require(ECSCluster(fake))
    }

    private static func task(
        _ id: String,
        status: String = "RUNNING",
        desired: String = "RUNNING",
        more: [String: JSONValue] = [:]
    ) throws -> ECSTask {
        var value: JSONValue = [
            "taskArn": .string("\(Self.place):task/c1/\(id)"), "clusterArn": .string(Self.cluster),
            "taskDefinitionArn": .string("\(Self.place):task-definition/web:7"), "lastStatus": .string(status),
            "desiredStatus": .string(desired),
            "attachments": [
                [
                    "type": "ElasticNetworkInterface",
                    "details": [["name": "privateIPv4Address", "value": "10.0.0.1"]],
                ]
            ],
        ]
        for (name, member) in more { value[name] = member }
        return try #require(ECSTask(value))
    }

    private static func service(_ name: String, tags: [String: String] = [:]) throws -> ECSService {
        try #require(
            ECSService([
                "serviceArn": .string("\(Self.place):service/c1/\(name)"), "serviceName": .string(name),
                "status": "ACTIVE", "taskDefinition": .string("\(Self.place):task-definition/web:7"),
                "deployments": [["id": .string("ecs-svc/\(name)")]],
                "tags": .array(tags.map { ECSTag($0.key, $0.value).json }),
            ])
        )
    }

    private static func poll(
        _ tasks: [ECSTask],
        listed: [ECSTask]? = nil,
        services: [ECSService]? = nil,
        optedOut: Set<String> = [],
        definitions: [String: DefinitionFacts] = [:]
    ) -> ClusterPoll {
        ClusterPoll(
            clusterARN: Self.cluster,
            services: services,
            listedTasks: Set((listed ?? tasks).map(\.arn)),
            tasks: tasks,
            definitions: definitions,
            optedOutServices: optedOut
        )
    }

    private static func watching() throws -> DiscoveryState {
        var state = DiscoveryState(configuration: DiscoveryConfiguration())
        state.apply(clusters: [try Self.cluster()], now: 1)
        return state
    }

    private static func ids(_ state: DiscoveryState) -> [String] {
        state.snapshot.tasks.values.map(\.id).sorted()
    }

    @Test
    func watchesOnlyClustersThatOptedInUnlessTheyAreNamed() throws {
        var byTag = DiscoveryState(configuration: DiscoveryConfiguration())
        byTag.apply(clusters: [try Self.cluster(tags: [:])], now: 1)
        #expect(byTag.snapshot.clusters.isEmpty)
        var named = DiscoveryState(configuration: DiscoveryConfiguration(clusters: ["c1"]))
        named.apply(clusters: [try Self.cluster(tags: [:])], now: 1)
        #expect(named.snapshot.clusters.keys.sorted() == [Self.cluster])
    }

    @Test
    func watchesClustersWithAllTheTagsThatAreAskedFor() throws {
        var configuration = DiscoveryConfiguration()
        configuration.clusterTags = ["team": "shop", "stage": "live"]
        for (tags, isWatched) in [
            (["team": "shop", "stage": "live", "more": "x"], true), (["team": "shop"], false),
            (["team": "shop", "stage": "test"], false), (["tulle/discovery-enabled": "true"], false),
        ] {
            var state = DiscoveryState(configuration: configuration)
            state.apply(clusters: [try Self.cluster(tags: tags)], now: 1)
            #expect(state.snapshot.clusters.isEmpty != isWatched, "\(tags)")
        }
    }

    @Test
    func startsFromWhatAnotherWorkerKnew() throws {
        var first = DiscoveryState(configuration: DiscoveryConfiguration(clusters: ["c1"]))
        first.apply(clusters: [try Self.cluster()], now: 1)
        first.apply(Self.poll([try Self.task("t1")]), now: 1)
        var second = DiscoveryState(configuration: DiscoveryConfiguration(clusters: ["c1"]), lastGood: first.snapshot)
        second.accountFailed(code: "AccessDeniedException", message: "no", now: 2)
        #expect(second.snapshot.tasks.count == 1 && second.snapshot.account.lastSuccess == nil)
        let other = DiscoveryState(configuration: DiscoveryConfiguration(clusters: ["c2"]), lastGood: first.snapshot)
        #expect(other.snapshot.tasks.isEmpty, "a cluster that is not to be watched any more is forgotten")
    }

    @Test
    func forgetsAClusterThatOptsOutAtOnceAndOneThatVanishesLater() throws {
        var state = try Self.watching()
        var vanishing = state
        state.apply(clusters: [try Self.cluster(tags: ["tulle/discovery-enabled": "false"])], now: 3)
        #expect(state.snapshot.clusters.isEmpty)
        vanishing.apply(clusters: [], now: 3)
        #expect(vanishing.snapshot.clusters.count == 1)
        vanishing.apply(clusters: [], now: 4)
        #expect(vanishing.snapshot.clusters.isEmpty)
    }

    @Test
    func losingClustersWithALargeShareOfTheTasksNeedsASecondLook() throws {
        var state = try Self.watching()
        state.apply(Self.poll([try Self.task("a")], services: [try Self.service("web")]), now: 2)
        let untagged = try Self.cluster(tags: [:])
        var returning = state
        var vanishing = state

        // As when the permission to read tags is gone: all clusters seem to opt out at once.
        state.apply(clusters: [untagged], now: 3)
        #expect(state.snapshot.tasks.count == 1 && state.snapshot.isConfirmingLoss)
        state.apply(clusters: [untagged], now: 4)
        #expect(state.snapshot.tasks.isEmpty && state.snapshot.services.isEmpty && !state.snapshot.isConfirmingLoss)

        returning.apply(clusters: [untagged], now: 3)
        returning.apply(clusters: [try Self.cluster()], now: 4)
        #expect(returning.snapshot.tasks.count == 1 && !returning.snapshot.isConfirmingLoss)
        returning.apply(clusters: [untagged], now: 5)
        #expect(returning.snapshot.tasks.count == 1, "a second look is one right after")

        for time in 3...4 { vanishing.apply(clusters: [], now: Double(time)) }
        #expect(vanishing.snapshot.tasks.count == 1 && vanishing.snapshot.isConfirmingLoss)
        vanishing.apply(clusters: [], now: 5)
        #expect(vanishing.snapshot.tasks.isEmpty && vanishing.snapshot.clusters.isEmpty)
    }

    @Test
    func namesATasksServiceByTheStrongestSign() throws {
        var state = try Self.watching()
        let tasks = [
            try Self.task(
                "a",
                more: ["tags": [["key": "aws:ecs:serviceName", "value": "tagged"]], "group": "service:grouped"]
            ),
            try Self.task("b", more: ["group": "service:grouped", "startedBy": "ecs-svc/web"]),
            try Self.task("c", more: ["group": "family:web", "startedBy": "ecs-svc/web"]),
            try Self.task("d", more: ["group": "family:web"]),
            try Self.task("e", more: ["group": "service:"]),
        ]
        state.apply(Self.poll(tasks, services: [try Self.service("web")]), now: 2)
        let named = state.snapshot.tasks.values.sorted { $0.id < $1.id }
        #expect(named.map(\.serviceName) == ["tagged", "grouped", "web", "web", "web"])
        #expect(named.map(\.serviceNameSource) == [.managedTag, .group, .deployment, .family, .family])
        #expect(named.map { $0.serviceARN != nil } == [false, false, true, false, false])
        #expect(named.first?.addresses == [IPAddress(v4: 0x0a00_0001)])
        #expect(named.first?.account == "111122223333")
        #expect(named.first?.region == "us-east-1")
    }

    @Test
    func aTaskThatVanishesStaysForOnePoll() throws {
        var state = try Self.watching()
        let tasks = try (0..<10).map { try Self.task("t\($0)") }
        state.apply(Self.poll(tasks), now: 2)
        state.apply(Self.poll(Array(tasks.dropLast())), now: 3)
        #expect(state.snapshot.tasks.count == 10)
        state.apply(Self.poll(tasks), now: 4)
        state.apply(Self.poll(Array(tasks.dropLast())), now: 5)
        #expect(state.snapshot.tasks.count == 10)
        state.apply(Self.poll(Array(tasks.dropLast())), now: 6)
        #expect(state.snapshot.tasks.count == 9)
    }

    @Test
    func aLargeLossNeedsAFurtherPoll() throws {
        var state = try Self.watching()
        let tasks = try (0..<10).map { try Self.task("t\($0)") }
        state.apply(Self.poll(tasks), now: 2)
        let left = Array(tasks.prefix(6))
        state.apply(Self.poll(left), now: 3)
        #expect(state.snapshot.tasks.count == 10)
        state.apply(Self.poll(left), now: 4)
        #expect(state.snapshot.tasks.count == 10)
        #expect(state.snapshot.clusters[Self.cluster]?.isConfirmingLoss == true)
        var returned = state
        state.apply(Self.poll(left), now: 5)
        #expect(state.snapshot.tasks.count == 6)
        #expect(state.snapshot.clusters[Self.cluster]?.isConfirmingLoss == false)
        returned.apply(Self.poll(tasks), now: 5)
        #expect(returned.snapshot.tasks.count == 10)
        #expect(returned.snapshot.clusters[Self.cluster]?.isConfirmingLoss == false)
    }

    @Test
    func tasksThatSayTheyStopDrainAtOnceAndGoWithoutSuspicion() throws {
        var state = try Self.watching()
        let tasks = try (0..<4).map { try Self.task("t\($0)") }
        state.apply(Self.poll(tasks), now: 2)
        let stopping = try (0..<4).map { try Self.task("t\($0)", desired: "STOPPED") }
        state.apply(Self.poll(stopping, listed: []), now: 3)
        #expect(state.snapshot.tasks.values.allSatisfy { $0.isDraining && !$0.isReady })
        #expect(state.snapshot.tasks.count == 4)
        let stopped = try (0..<4).map { try Self.task("t\($0)", status: "STOPPED", desired: "STOPPED") }
        state.apply(Self.poll(stopped, listed: []), now: 4)
        #expect(state.snapshot.tasks.isEmpty)
    }

    @Test
    func aStoppedTaskThatNobodyKnewIsNoTask() throws {
        var state = try Self.watching()
        state.apply(Self.poll([try Self.task("a", status: "STOPPED", desired: "STOPPED")]), now: 2)
        #expect(state.snapshot.tasks.isEmpty)
    }

    @Test
    func anOlderVersionDoesNotUndoANewerOne() throws {
        var state = try Self.watching()
        state.apply(Self.poll([try Self.task("a", status: "RUNNING", more: ["version": 5])]), now: 2)
        state.apply(Self.poll([try Self.task("a", status: "PENDING", more: ["version": 4])]), now: 3)
        #expect(state.snapshot.tasks.values.first?.lastStatus == "RUNNING")
        state.apply(Self.poll([try Self.task("a", status: "DEACTIVATING", more: ["version": 6])]), now: 4)
        #expect(state.snapshot.tasks.values.first?.lastStatus == "DEACTIVATING")
    }

    @Test
    func aFailureKeepsEverythingAndSaysSo() throws {
        var state = try Self.watching()
        state.apply(Self.poll([try Self.task("a")], services: [try Self.service("web")]), now: 2)
        for moment in 3..<9 {
            state.clusterFailed(Self.cluster, code: "AccessDeniedException", message: "m", now: Double(moment))
            state.accountFailed(code: "ExpiredToken", message: "m", now: Double(moment))
        }
        #expect(state.snapshot.tasks.count == 1 && state.snapshot.services.count == 1)
        let poll = try #require(state.snapshot.clusters[Self.cluster]?.poll)
        #expect(poll.errorCode == "AccessDeniedException")
        #expect(poll.lastSuccess == 2)
        #expect(poll.failuresInARow == 6)
        #expect(state.snapshot.account.errorCode == "ExpiredToken")
        state.apply(Self.poll([try Self.task("a")]), now: 10)
        #expect(state.snapshot.clusters[Self.cluster]?.poll.errorCode == nil)
    }

    @Test
    func aServiceMayOptOut() throws {
        var state = try Self.watching()
        let web = try Self.task("a", more: ["group": "service:web"])
        state.apply(Self.poll([web], services: [try Self.service("web")]), now: 2)
        #expect(state.snapshot.tasks.count == 1)
        let off = try Self.service("web", tags: ["tulle/discovery-enabled": "false"])
        state.apply(Self.poll([web], services: [off], optedOut: ["web"]), now: 3)
        #expect(state.snapshot.tasks.isEmpty && state.snapshot.services.isEmpty)
    }

    @Test
    func aTaskWithoutAServiceSaysWhoItIsByItsOwnTagsOrItsDefinitions() throws {
        let arn = "\(Self.place):task-definition/web:7"
        func facts(_ tags: [String: String]) throws -> [String: DefinitionFacts] {
            let value: JSONValue = ["taskDefinitionArn": .string(arn), "family": "web", "containerDefinitions": []]
            return [arn: DefinitionFacts(try #require(ECSTaskDefinition(value)), tags: tags, tagPrefix: "tulle/")]
        }
        var state = try Self.watching()
        let tags = ["tulle/namespace": "jobs", "tulle/service-account": "nightly"]
        let tasks = [
            try Self.task("a", more: ["group": "family:web"]),
            try Self.task("b", more: ["group": "mine", "tags": [["key": "tulle/service-account", "value": "other"]]]),
            try Self.task("c", more: ["group": "service:web"]),
        ]
        state.apply(Self.poll(tasks, definitions: try facts(tags)), now: 2)
        let seen = state.snapshot.tasks.values.sorted { $0.id < $1.id }
        #expect(seen.map(\.settings.namespace) == ["jobs", "jobs", nil])
        #expect(seen.map(\.settings.serviceAccount) == ["nightly", "other", nil])
        #expect(seen.map(\.serviceNameSource) == [.family, .family, .group])

        var hidden = try Self.watching()
        hidden.apply(Self.poll(tasks, definitions: try facts(["tulle/discovery-enabled": "false"])), now: 2)
        #expect(Self.ids(hidden) == ["c"])
    }

    @Test
    func theServicesPortTagWinsOverTheTasks() throws {
        var state = try Self.watching()
        let task = try Self.task(
            "a",
            more: ["group": "service:web", "tags": [["key": "tulle/ports", "value": "tcp:1"]]]
        )
        state.apply(
            Self.poll([task], services: [try Self.service("web", tags: ["tulle/ports": "http:80:8080"])]),
            now: 2
        )
        #expect(state.snapshot.tasks.values.first?.ports.map(\.description) == ["http:80:8080"])
    }

    private static func restored(_ state: DiscoveryState, now: Double = 3) throws -> DiscoverySnapshot? {
        let kept = try #require(KeptSnapshot(state.snapshot, of: "us-east-1"))
        return kept.snapshot(now: now, age: 10) { $0 == Self.cluster }
    }

    @Test
    func whatIsKeptOverARestartIsAllThatWasSeen() throws {
        var state = try Self.watching()
        state.apply(Self.poll([try Self.task("a")], services: [try Self.service("web")]), now: 2)
        let kept = try #require(try Self.restored(state))
        #expect(kept.tasks == state.snapshot.tasks && kept.services == state.snapshot.services)
        #expect(kept.clusters.mapValues(\.tags) == state.snapshot.clusters.mapValues(\.tags))
        #expect(!kept.isComplete && !kept.isSettled && kept.standing == .pending)
        #expect(try Self.restored(state, now: 13) == nil, "it is too old")
        #expect(try Self.restored(state, now: -9) == nil, "so is what comes from the future")
        var elsewhere = DiscoveryConfiguration()
        elsewhere.clusterTags = ["team": "shop"]
        #expect(DiscoveryState(configuration: elsewhere, lastGood: kept).snapshot.tasks.isEmpty)

        var next = DiscoveryState(configuration: DiscoveryConfiguration(), lastGood: kept)
        next.accountFailed(code: "AccessDeniedException", message: "m", now: 4)
        #expect(next.snapshot.isSettled && !next.snapshot.isComplete, "there is nothing to wait for")
    }

    @Test
    func afterARestartOneAbsenceIsEnoughUnlessManyAreAbsent() throws {
        var state = try Self.watching()
        let tasks = try ["a", "b", "c", "d"].map { try Self.task($0) }
        state.apply(Self.poll(tasks), now: 2)
        let kept = try Self.restored(state)
        func next() throws -> DiscoveryState {
            var next = DiscoveryState(configuration: DiscoveryConfiguration(), lastGood: kept)
            next.apply(clusters: [try Self.cluster()], now: 3)
            return next
        }
        var few = try next()
        few.apply(Self.poll(Array(tasks.dropLast())), now: 3)
        #expect(Self.ids(few) == ["a", "b", "c"])
        var many = try next()
        many.apply(Self.poll(Array(tasks.prefix(2))), now: 3)
        #expect(Self.ids(many).count == 4 && many.snapshot.clusters[Self.cluster]?.isConfirmingLoss == true)
        many.apply(Self.poll(Array(tasks.prefix(2))), now: 4)
        #expect(Self.ids(many) == ["a", "b"])
    }
}

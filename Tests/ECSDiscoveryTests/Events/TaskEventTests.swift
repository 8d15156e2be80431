import AWSClient
import AWSTestSupport
import Logging
import Synchronization
import Testing

@testable import ECSDiscovery

@Suite(.timeLimit(.minutes(1))) struct TaskEventTests {
    static let place = "arn:aws:ecs:us-east-1:111122223333"

    static func body(
        _ id: String,
        version: Int,
        desired: String = "STOPPED",
        type: String = "ECS Task State Change",
        cluster: String = "c1"
    ) -> String {
        let event: JSONValue = [
            "version": "0", "source": "aws.ecs", "detail-type": .string(type), "region": "us-east-1",
            "detail": [
                "taskArn": .string("\(Self.place):task/c1/\(id)"),
                "clusterArn": .string("\(Self.place):cluster/\(cluster)"), "version": .number(JSONNumber(version)),
                "lastStatus": "RUNNING", "desiredStatus": .string(desired),
            ],
        ]
        return event.text()
    }

    private static func task(_ body: String) throws -> ECSTask {
        guard case .task(let task) = TaskEvent(body) else { throw Unreadable() }
        return task
    }

    private struct Unreadable: Error {}

    @Test func readsTaskStateChangesOnly() {
        guard case .task(let task) = TaskEvent(Self.body("t1", version: 4)) else {
            Issue.record("not read")
            return
        }
        #expect(task.id == "t1" && task.version == 4 && task.desiredStatus == "STOPPED")
        #expect(TaskEvent(Self.body("t1", version: 4, type: "ECS Service Action")) == .other)
        for body in [
            "", "{", "[]", "{\"source\":\"aws.ecs\"}", Self.body("t1", version: 0),
            Self.body("t1", version: 1, desired: ""),
            "{\"source\":\"aws.ecs\",\"detail-type\":\"ECS Task State Change\",\"detail\":{\"taskArn\":\"x\"}}",
        ] {
            #expect(TaskEvent(body) == .malformed, "\(body)")
        }
    }

    private static func worker(_ world: DiscoveryWorkerTests.World) throws -> DiscoveryWorker {
        var configuration = DiscoveryConfiguration()
        configuration.taskInterval = .seconds(3600)
        let client = AWSClient(try .test(), transport: FakeAWS { world.answer($0) }, logger: Logger(label: "test"))
        return DiscoveryWorker(client: client, configuration: configuration, logger: Logger(label: "test"))
    }

    @Test func newerStatesCountInWhateverOrderTheyCome() async throws {
        let worker = try Self.worker(DiscoveryWorkerTests.World())
        let running = Task { await worker.run() }
        var snapshots = worker.snapshots.makeAsyncIterator()
        #expect(await snapshots.next()?.tasks.count == 5)
        let arn = "\(Self.place):task/c1/t1"
        #expect(worker.take(try Self.task(Self.body("t1", version: 5))) == .applied)
        #expect(worker.snapshot.tasks[arn]?.isDraining == true && worker.snapshot.tasks[arn]?.isReady == false)
        #expect(await snapshots.next()?.tasks[arn]?.isDraining == true, "it is told at once, long before a poll")
        #expect(worker.take(try Self.task(Self.body("t1", version: 5))) == .stale)
        #expect(worker.take(try Self.task(Self.body("t1", version: 4, desired: "RUNNING"))) == .stale)
        #expect(worker.snapshot.tasks[arn]?.isDraining == true)
        #expect(worker.take(try Self.task(Self.body("new", version: 1))) == .unknown)
        #expect(worker.take(try Self.task(Self.body("t2", version: 9, cluster: "foreign"))) == .ignored)
        #expect(worker.snapshot.tasks.count == 5)
        running.cancel()
        await running.value
    }

    @Test func anUnknownTaskBringsThePollForward() async throws {
        let world = DiscoveryWorkerTests.World()
        let worker = try Self.worker(world)
        let running = Task { await worker.run() }
        var snapshots = worker.snapshots.makeAsyncIterator()
        #expect(await snapshots.next()?.tasks.count == 5)
        world.change { $0.tasks["c1"]?.append("new") }
        #expect(worker.take(try Self.task(Self.body("new", version: 1, desired: "RUNNING"))) == .unknown)
        #expect(await snapshots.next()?.tasks.count == 6)
        running.cancel()
        await running.value
    }

    @Test func messagesAreDeletedAfterTheyWereApplied() async throws {
        let moto: [String] = [Self.body("t1", version: 2), "no event", Self.body("t1", version: 2)]
        let taken = Mutex<[String]>([])
        let fake = FakeAWS { request in
            switch request.action {
            case "ReceiveMessage":
                if request.repetition > 0 { try await Task.sleep(for: .seconds(3600)) }
                let messages = moto.enumerated().map { index, body in
                    "<Message><Body>\(body.replacing("\"", with: "&quot;"))</Body>"
                        + "<ReceiptHandle>r\(index)</ReceiptHandle></Message>"
                }
                return .text(
                    "<R><ReceiveMessageResult>\(messages.joined())</ReceiveMessageResult></R>",
                    type: "text/xml"
                )
            case "DeleteMessageBatch":
                taken.withLock { $0.append("deleted \(request.form.values.filter { $0.hasPrefix("r") }.sorted())") }
                return .text("<R/>", type: "text/xml")
            default: return .error("UnknownOperationException")
            }
        }
        let client = AWSClient(try .test(), transport: fake, logger: Logger(label: "test"))
        let counts = Mutex<[EventOutcome]>([])
        let queue = EventQueue(
            QueueClient(client: client, url: "https://sqs.us-east-1.amazonaws.com/1/q", region: "us-east-1"),
            name: "q",
            logger: Logger(label: "test"),
            count: { outcome in counts.withLock { $0.append(outcome) } },
            take: { task in
                taken.withLock { $0.append(task.id) }
                return .applied
            }
        )
        let running = Task { await queue.run() }
        for _ in 0..<500 where taken.withLock({ $0.count }) < 3 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(taken.withLock { $0 } == ["t1", "t1", "deleted [\"r0\", \"r1\", \"r2\"]"])
        #expect(counts.withLock { $0 } == [.applied, .malformed, .applied])
        running.cancel()
        await running.value
    }

    @Test(.enabled(if: MotoServer.isInstalled)) func aRealQueueDrainsATaskInUnderTwoSeconds() async throws {
        let moto = try await MotoServer.running()
        let client = AWSClient(
            try .test(["AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": "AKIDTEST"]),
            logger: Logger(label: "test")
        )
        let made = try await client.query(.sqs, action: "CreateQueue", form: [("QueueName", "tulle-events")])
        let url = try #require(made.only("CreateQueueResult")?.only("QueueUrl")?.text)
        let worker = try Self.worker(DiscoveryWorkerTests.World())
        let polling = Task { await worker.run() }
        var snapshots = worker.snapshots.makeAsyncIterator()
        #expect(await snapshots.next()?.tasks.count == 5)
        let queue = QueueClient(client: client, url: url, region: "us-east-1")
        let reader = EventQueue(queue, name: "q", logger: Logger(label: "test"), count: { _ in }) { worker.take($0) }
        let reading = Task { await reader.run() }
        try await Task.sleep(for: .milliseconds(300))
        let start = ContinuousClock.now
        for body in [Self.body("t3", version: 7), "not an event"] {
            _ = try await client.query(
                .sqs,
                action: "SendMessage",
                form: [("QueueUrl", url), ("MessageBody", body)]
            )
        }
        #expect(await snapshots.next()?.tasks["\(Self.place):task/c1/t3"]?.isDraining == true)
        #expect(ContinuousClock.now - start < .seconds(2))
        reading.cancel()
        polling.cancel()
        await reading.value
        await polling.value
        await client.shutdown()
    }
}

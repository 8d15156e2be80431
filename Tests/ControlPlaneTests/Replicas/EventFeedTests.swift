import AWSClient
import ControlPlane
import ECSDiscovery
import Foundation
import Logging
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventFeedTests {
    /// A reader that notes what it takes.
    private final class Reader: Sendable {
        private final class Notes: Sendable { let values = Mutex<[String]>([]) }
        private let notes = Notes()
        let feed: EventFeed

        init(_ table: MemoryTable) {
            let notes = self.notes
            self.feed = EventFeed(
                table: table,
                logger: Logger(label: "test"),
                count: { _ in },
                take: { task in
                    notes.values.withLock { $0.append("\(task.arn.suffix(1))\(task.version ?? 0)") }
                    return .applied
                }
            )
        }

        var seen: [String] { self.notes.values.withLock { $0 } }
    }

    private static func event(_ task: String, _ version: Int) -> String {
        """
        {"source":"aws.ecs","detail-type":"ECS Task State Change","detail":{
        "taskArn":"arn:aws:ecs:us-east-1:111122223333:task/c1/\(task)",
        "clusterArn":"arn:aws:ecs:us-east-1:111122223333:cluster/c1","version":\(version),
        "lastStatus":"RUNNING","desiredStatus":"STOPPED"}}
        """
    }

    private func eventually(_ condition: () -> Bool) async throws {
        for _ in 0..<500 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(condition())
    }

    @Test func whatOneReadsReachesAll() async throws {
        let table = MemoryTable()
        let (one, two) = (Reader(table), Reader(table))
        await one.feed.relay([Self.event("a", 1)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in [one, two] { group.addTask { await reader.feed.follow() } }
            try await self.eventually { table.reads >= 4 }
            let start = ContinuousClock.now
            await one.feed.relay([Self.event("b", 2), Self.event("c", 3)])
            await two.feed.relay([Self.event("d", 4)])
            try await self.eventually { one.seen.count == 3 && two.seen.count == 3 }
            #expect(ContinuousClock.now - start < .seconds(2))
            #expect(two.seen == ["b2", "c3", "d4"], "those after the start, in order")
            group.cancelAll()
        }
        let event = try #require(table.items.values.first { $0.key.partition == "event" })
        let rest = try #require(event["ttl"]?.number) - Int64(Date().timeIntervalSince1970)
        #expect((3_500...3_601).contains(rest))
    }

    @Test func twoThatRelayAtOnceLoseNothing() async throws {
        let table = MemoryTable()
        let (one, two) = (Reader(table), Reader(table))
        table.meddle { await two.feed.relay([Self.event("b", 2)]) }
        await one.feed.relay([Self.event("a", 1)])
        let events = table.items.values.filter { $0.key.partition == "event" }.sorted { $0.key.sort < $1.key.sort }
        #expect(events.map { $0["text"] } == [.string(Self.event("b", 2)), .string(Self.event("a", 1))])
    }

    @Test func aPageThatIsFullIsFollowedAtOnce() async throws {
        let table = MemoryTable()
        let reader = Reader(table)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await reader.feed.follow() }
            try await self.eventually { table.reads >= 2 }
            await reader.feed.relay((1...180).map { Self.event("a", $0) })
            #expect(table.writes.allSatisfy { $0.count <= 100 })
            try await self.eventually { reader.seen.count == 180 }
            group.cancelAll()
        }
    }
}

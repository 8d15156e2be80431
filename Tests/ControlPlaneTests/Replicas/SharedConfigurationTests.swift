import AWSClient
import CertificateAuthority
import ControlPlane
import Foundation
import Logging
import MeshConfig
import Testing

@Suite(.timeLimit(.minutes(1))) struct SharedConfigurationTests {
    /// One replica's directory over a table.
    private struct Replica {
        let directory: TemporaryDirectory
        let store: ConfigurationStore

        init(_ table: MemoryTable, in directory: TemporaryDirectory? = nil, table name: String = "t@r") throws {
            let directory = try directory ?? TemporaryDirectory()
            let state = try Self.state(in: directory)
            self.directory = directory
            self.store = ConfigurationStore(
                path: "\(directory.path)/configuration",
                mirror: "\(state.path)/last-good",
                memory: FirstSeenFile(state: state),
                sharing: (SharedDocuments(table: table), MirrorFile(state: state, table: name)),
                logger: Logger(label: "test"),
                statuses: { [:] }
            )
        }

        /// The state directory; one that was let go is free when its last user has ended.
        static func state(in directory: TemporaryDirectory) throws -> StateDirectory {
            for _ in 0..<200 {
                if let state = try? StateDirectory(path: "\(directory.path)/state") { return state }
                usleep(10_000)
            }
            return try StateDirectory(path: "\(directory.path)/state")
        }

        /// Follows the table while the body runs.
        func run(_ body: () async throws -> Void) async throws {
            try await self.store.begin()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.store.run { _ in } }
                try await body()
                group.cancelAll()
            }
        }

        func names() async throws -> [String] {
            try await self.store.resources(ResourceFilter()).map(\.key.name)
        }

        func eventually(_ condition: () async throws -> Bool) async throws {
            for _ in 0..<500 {
                if try await condition() { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try await condition())
        }

        var files: [String] {
            let folder = "\(self.directory.path)/configuration/applied"
            return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        }
    }

    private static func policy(_ name: String, _ action: String = "DENY") -> String {
        """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: \(name), namespace: shop}
        spec: {action: \(action), rules: [{}]}
        """
    }

    private static func key(_ name: String) -> ResourceKey {
        ResourceKey(kind: .authorizationPolicy, namespace: "shop", name: name)
    }

    @Test func whatOneAppliesAllHave() async throws {
        let table = MemoryTable()
        let (one, two) = (try Replica(table), try Replica(table))
        try await one.run {
            try await two.run {
                let results = try await one.store.apply(
                    Self.policy("a") + "\n---\n" + Self.policy("b"),
                    isDryRun: false
                )
                #expect(results.map(\.action) == [.created, .created])
                #expect(try await one.names() == ["a", "b"], "the writer has it at once")
                try await two.eventually { try await two.names() == ["a", "b"] }
                #expect(two.files == one.files && one.files.count == 2)
                // Of one age, which the writer's clock told.
                let created = try #require(
                    table.items[TableKey("config", Self.key("a").description)]?["created"]?.number
                )
                for replica in [one, two] {
                    #expect(replica.store.current[Self.key("a")]?.metadata.created == created)
                }
                try await two.store.delete(Self.key("a"))
                try await one.eventually { try await one.names() == ["b"] }
                #expect(try await two.store.apply(Self.policy("b"), isDryRun: false).map(\.action) == [.unchanged])
                #expect(table.items[TableKey("head", "config")]?["revision"] == .number(2))
            }
        }
    }

    /// A change costs each replica the documents that changed, and not all of them.
    @Test func aChangeReadsOnlyWhatChanged() async throws {
        let table = MemoryTable()
        let (one, two) = (try Replica(table), try Replica(table))
        try await one.store.begin()
        let many = (0..<95).map { Self.policy("p\($0)") }.joined(separator: "\n---\n")
        _ = try await one.store.apply(many, isDryRun: false)
        try await two.store.begin()
        let before = table.lists["config"]
        _ = try await one.store.apply(Self.policy("p1", "ALLOW") + "\n---\n" + Self.policy("new"), isDryRun: false)
        try await one.store.delete(Self.key("p2"))
        #expect(try await two.store.apply(Self.policy("p1", "ALLOW"), isDryRun: false).map(\.action) == [.unchanged])
        #expect(table.lists["config"] == before, "no list of all")
        #expect(two.files == one.files && two.files.count == 95)
        // Too far behind: all are read.
        for round in 0..<3 {
            let text = (0..<80).map { Self.policy("q\($0)", round == 1 ? "ALLOW" : "DENY") }
            _ = try await one.store.apply(text.joined(separator: "\n---\n"), isDryRun: false)
        }
        _ = try await two.store.apply(Self.policy("last"), isDryRun: false)
        #expect(table.lists["config"] == before.map { $0 + 1 })
        #expect(
            two.files.count == 176 && two.store.current[Self.key("q7")]?.spec == one.store.current[Self.key("q7")]?.spec
        )
    }

    @Test func aWriterThatComesLateWorksItOutAnew() async throws {
        let table = MemoryTable()
        let (one, two) = (try Replica(table), try Replica(table))
        try await one.store.begin()
        try await two.store.begin()
        // The other one applies the same between our look and our write.
        table.meddle { _ = try await two.store.apply(Self.policy("a", "ALLOW"), isDryRun: false) }
        let results = try await one.store.apply(Self.policy("a"), isDryRun: false)
        #expect(results.map(\.action) == [.configured], "as it stands by then")
        #expect(table.items[TableKey("config", Self.key("a").description)]?["text"]?.string == Self.policy("a"))
        #expect(table.items[TableKey("head", "config")]?["revision"] == .number(2))
        table.meddle { try await two.store.delete(Self.key("a")) }
        let fault = await #expect(throws: AdminFault.self) { try await one.store.delete(Self.key("a")) }
        #expect(fault?.code == .notFound)
    }

    @Test func whoAlwaysComesLateIsToldSo() async throws {
        let table = MemoryTable()
        let (one, two) = (try Replica(table), try Replica(table))
        try await one.store.begin()
        try await two.store.begin()
        @Sendable func meddle(_ round: Int) {
            table.meddle {
                _ = try await two.store.apply(Self.policy("other-\(round)"), isDryRun: false)
                meddle(round + 1)
            }
        }
        meddle(0)
        // The meddler's own writes meet no meddler, so each of ours meets one.
        let fault = await #expect(throws: AdminFault.self) {
            try await one.store.apply(Self.policy("a"), isDryRun: false)
        }
        #expect(fault?.code == .conflict)
        #expect(table.items[TableKey("config", Self.key("a").description)] == nil)
    }

    @Test func withoutTheTableReadsGoOnAndWritesAreRefused() async throws {
        let table = MemoryTable()
        let one = try Replica(table)
        try await one.run {
            _ = try await one.store.apply(Self.policy("a"), isDryRun: false)
            table.failure = MemoryTable.gone
            let fault = await #expect(throws: AdminFault.self) {
                try await one.store.apply(Self.policy("b"), isDryRun: false)
            }
            #expect(fault?.code == .unavailable && fault?.message.contains("no connection") == true)
            #expect(try await one.names() == ["a"])
            table.failure = nil
            _ = try await one.store.apply(Self.policy("b"), isDryRun: false)
            #expect(try await one.names() == ["a", "b"])
        }
    }

    @Test func aReplicaThatReadTheTableBeforeStartsWithoutIt() async throws {
        let table = MemoryTable()
        let directory = try TemporaryDirectory()
        do {
            let one = try Replica(table, in: directory)
            try await one.store.begin()
            _ = try await one.store.apply(Self.policy("a"), isDryRun: false)
            _ = try await one.store.apply(Self.policy("b"), isDryRun: false)
        }
        let file = "\(directory.path)/configuration/applied/\(AppliedFiles.fileName(Self.key("a")))"
        try FileManager.default.removeItem(atPath: file)
        table.failure = MemoryTable.gone
        let again = try Replica(table, in: directory)
        try await again.run {
            let names = try await again.names()
            #expect(names == ["a", "b"], "with what was removed by hand meanwhile")
            let created = again.store.current[Self.key("a")]?.metadata.created
            #expect(created == table.items[TableKey("config", Self.key("a").description)]?["created"]?.number)
        }
    }

    @Test func aReplicaThatNeverReadTheTableWaitsForIt() async throws {
        let table = MemoryTable()
        table.failure = MemoryTable.gone
        let one = try Replica(table)
        let begun = Task { try await one.store.begin() }
        try await Task.sleep(for: .milliseconds(300))
        table.failure = nil
        try await begun.value
        table.failure = MemoryTable.gone
        let two = try Replica(table)
        let stopped = Task { try await two.store.begin() }
        stopped.cancel()
        await #expect(throws: CancellationError.self) { try await stopped.value }
    }

    @Test func whatWasAppliedBeforeThereWasATableGoesIntoIt() async throws {
        let directory = try TemporaryDirectory()
        do {
            let state = try Replica.state(in: directory)
            let alone = ConfigurationStore(
                path: "\(directory.path)/configuration",
                mirror: "\(state.path)/last-good",
                memory: FirstSeenFile(state: state),
                logger: Logger(label: "test"),
                statuses: { [:] }
            )
            let many = (0..<200).map { Self.policy("p\($0)") }.joined(separator: "\n---\n")
            _ = try await alone.apply(many, isDryRun: false)
        }
        let table = MemoryTable()
        let one = try Replica(table, in: directory)
        try await one.store.begin()
        #expect(table.items.keys.filter { $0.partition == "config" }.count == 200)
        #expect(table.writes.allSatisfy { $0.count <= 100 })
        let two = try Replica(table)
        try await two.store.begin()
        #expect(try await two.names().count == 200 && two.files == one.files)
        // Somebody else's directory is not thrown away for it.
        let stranger = try TemporaryDirectory()
        let folder = "\(stranger.path)/configuration/applied"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = "\(folder)/\(AppliedFiles.fileName(Self.key("mine")))"
        try Self.policy("mine").write(toFile: file, atomically: true, encoding: .utf8)
        let three = try Replica(table, in: stranger)
        let fault = await #expect(throws: SharedTableFault.self) { try await three.store.begin() }
        #expect(fault?.code == .strays && fault?.message.contains("AuthorizationPolicy/shop/mine") == true)
        #expect(FileManager.default.fileExists(atPath: file))
    }

    @Test func aTableThatWasEmptiedTakesNothingAway() async throws {
        let table = MemoryTable()
        let one = try Replica(table)
        try await one.store.begin()
        _ = try await one.store.apply(Self.policy("a"), isDryRun: false)
        for key in table.items.keys { _ = try await table.write([.delete(key)]) }
        let fault = await #expect(throws: AdminFault.self) {
            try await one.store.apply(Self.policy("b"), isDryRun: false)
        }
        #expect(fault?.code == .unavailable && fault?.message.contains("shared_table_emptied") == true)
        #expect(try await one.names() == ["a"])
    }

    @Test func aLargeRequestGoesInPartsAndALargeDocumentIsRefused() async throws {
        let table = MemoryTable()
        let one = try Replica(table)
        try await one.store.begin()
        let many = (0..<250).map { Self.policy("p\($0)") }.joined(separator: "\n---\n")
        let results = try await one.store.apply(many, isDryRun: false)
        #expect(results.count == 250 && results.allSatisfy { $0.action == .created })
        #expect(table.writes.count == 3 && table.writes.allSatisfy { $0.count <= 100 })
        let long = Self.policy("long") + "\n#" + String(repeating: "x", count: SharedDocuments.documentBytes)
        let refused = try await one.store.apply(long, isDryRun: false)
        #expect(refused.map(\.action) == [.refused])
        #expect(refused.first?.diagnostics.first?.code == "document_too_large")
        let dry = try await one.store.apply(Self.policy("dry"), isDryRun: true)
        #expect(dry.map(\.action) == [.created] && table.writes.count == 3)
    }
}

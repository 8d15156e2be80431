import AWSClient
import CertificateAuthority
import ControlPlane
import ECSDiscovery
import Foundation
import Logging
import MeshConfig
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct SnapshotFilesTests {
    private typealias Bench = DiscoveryFleetTests.Bench

    private static let both = [
        DiscoveryFleetTests.account("444455556666", regions: ["us-east-1"]),
        DiscoveryFleetTests.account("777788889999", regions: ["us-east-1"]),
    ]

    /// A control plane that saw both accounts and was stopped.
    private static func stopped() async throws -> Bench {
        let bench = try Bench()
        bench.follow(Self.both)
        try await bench.run {
            try await bench.eventually("both are seen") { bench.store.isReady && bench.tasks.count == 2 }
        }
        return bench
    }

    private static func files(_ bench: Bench) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: bench.directory.path)
            .filter { $0.hasPrefix("discovery-") }
            .sorted()
    }

    @Test func aStartWhileAnAccountDeniesLosesNothing() async throws {
        let before = try await Self.stopped()
        let bench = try Bench(after: before)
        bench.world.denied.withLock { $0 = ["777788889999"] }
        bench.follow(Self.both)
        try await bench.run {
            // At once: what can't be read is known.
            try await bench.eventually("the mesh is told") { bench.store.isReady }
            #expect(bench.tasks == before.tasks)
            #expect(bench.fleet.members.map(\.snapshot.standing) == [.ready, .degraded])
            #expect(bench.publisher.overview.services.first?.sources.count == 2)
            bench.world.denied.withLock { $0 = [] }
            try await bench.eventually("it is read again") {
                bench.fleet.members.allSatisfy { $0.snapshot.standing == .ready }
            }
            #expect(bench.tasks == before.tasks)
        }
    }

    @Test func aStartWhileNobodyCanBeReadGoesOnWithWhatWasKnown() async throws {
        let before = try await Self.stopped()
        let bench = try Bench(after: before)
        bench.world.denied.withLock { $0 = ["444455556666", "777788889999"] }
        bench.follow(Self.both)
        try await bench.run {
            try await bench.eventually("the mesh is told") { bench.store.isReady }
            #expect(bench.tasks == before.tasks)
        }
    }

    @Test func nothingIsToldOfItBeforeAFirstLook() async throws {
        let before = try await Self.stopped()
        let bench = try Bench(after: before)
        bench.follow(Self.both)
        #expect(bench.tasks.count == 2)
        #expect(bench.fleet.members.map(\.snapshot.standing) == [.pending, .pending])
        #expect(bench.publisher.awaited?.workers == ["a4/us-east-1", "a7/us-east-1"])
    }

    @Test func whatIsTooOldOrCannotBeReadCountsAsNothing() async throws {
        let before = try await Self.stopped()
        let later = try Bench(after: before) { Date().timeIntervalSince1970 + SnapshotFiles.maximumAge + 60 }
        later.follow(Self.both)
        #expect(later.tasks.isEmpty)
        let files = try Self.files(before)
        #expect(files.count == 2)
        let name = try #require(files.first)
        let content = try #require(try before.state.read(name, limit: 1 << 20))
        for broken in [Array("{".utf8), Array(content.dropLast(9)), [], Array(#"{"version":1}"#.utf8)] {
            try before.state.write(name, broken)
            let bench = try Bench(after: before)
            bench.follow(Self.both)
            #expect(bench.tasks.count == 1)
        }
        // One that anybody could have written is not believed either.
        try before.state.write(name, content)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o666],
            ofItemAtPath: "\(before.directory.path)/\(name)"
        )
        let bench = try Bench(after: before)
        bench.follow(Self.both)
        #expect(bench.tasks.count == 1)
    }

    @Test func anotherWorkersFileIsNoneOfOnesOwn() async throws {
        let before = try await Self.stopped()
        let files = try Self.files(before)
        let contents = try files.map { try #require(try before.state.read($0, limit: 1 << 20)) }
        for (name, content) in zip(files, contents.reversed()) { try before.state.write(name, content) }
        let bench = try Bench(after: before)
        bench.follow(Self.both)
        #expect(bench.tasks.isEmpty)
    }

    @Test func filesGoWithTheirWorkers() async throws {
        let before = try await Self.stopped()
        let bench = try Bench(after: before)
        bench.follow([Self.both[0]])
        #expect(try Self.files(bench).count == 1)
        #expect(bench.tasks.values.map(\.account) == ["444455556666"])
    }
}

import DataPlane
import DataPlaneTestSupport
import Foundation
import MeshModel
import MeshTelemetry
import MeshXDS
import Synchronization
import Testing

@testable import ZTunnel

@Suite("Local state: watching", .serialized)
struct LocalStateSyncTests {
    /// A file, and the parts that follow it on a loop of their own.
    private final class Fixture: @unchecked Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "tulle-local-\(UUID().uuidString).yaml").path
        let loop: TestLoop
        let log = TestLog()
        let changes = Mutex(0)
        private(set) var mesh: MeshContext!
        private(set) var sync: LocalStateSync!

        init(_ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: self.path))
            self.loop = try TestLoop()
            let configuration = try Configuration(environment: [
                "PROXY_WORKLOAD_INFO": "demo/echo/echo", "LOCAL_XDS_PATH": self.path,
            ])
            let state = MeshState(onChange: { [weak self] _ in self?.changes.withLock { $0 += 1 } })
            self.mesh = MeshContext(configuration: configuration, state: state, log: self.log.log)
            let source = try #require(configuration.localState)
            try self.loop.sync {
                self.sync = LocalStateSync(loop: self.loop.loop, mesh: self.mesh, source: source)
                self.sync.start(try LocalStateLoad(source))
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: self.path) }

        func replace(_ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: self.path), options: .atomic)
        }

        var uids: [String] { self.mesh.state.snapshot.workloads.map(\.uid) }
    }

    private func workloads(_ names: String...) -> String {
        "workloads:\n" + names.map { "- {uid: \($0), namespace: demo, workloadIps: [10.0.0.1]}\n" }.joined()
    }

    @Test("the first content is there at once, and a later one soon")
    func reloads() throws {
        let fixture = try Fixture(self.workloads("a", "b"))
        #expect(fixture.uids == ["a", "b"])
        try fixture.replace(self.workloads("b", "c"))
        #expect(eventually { fixture.uids == ["b", "c"] })
        #expect(fixture.changes.withLock { $0 } == 2)
        #expect(fixture.mesh.localState.status?.loads == 2)
    }

    @Test("a file written in place is read when it has come to rest")
    func rests() throws {
        let fixture = try Fixture(self.workloads("a"))
        let file = try #require(FileHandle(forWritingAtPath: fixture.path))
        try file.truncate(atOffset: 0)
        for uid in ["x", "y", "z"] {
            try file.write(
                contentsOf: Data(
                    (uid == "x" ? self.workloads(uid) : "- {uid: \(uid), namespace: d, workloadIps: []}\n").utf8
                )
            )
            usleep(50_000)
        }
        try file.close()
        #expect(eventually { fixture.uids == ["x", "y", "z"] })
    }

    @Test("a bad content is refused as a whole, with the reason in log, metric and report; the next good one is taken")
    func refuses() throws {
        let fixture = try Fixture(self.workloads("a"))
        try fixture.replace(self.workloads("b") + "- {uid: c, namespace: demo, workloadIp: []}\n")
        #expect(eventually { fixture.mesh.localState.status?.refusals == 1 })
        #expect(fixture.uids == ["a"])
        #expect(fixture.mesh.localState.status?.problem?.hasPrefix("line 3, column") == true)
        #expect(
            fixture.log.lines.contains { $0.contains("local state refused") && $0.contains("workloadIps is missing") }
        )
        let metrics = String(decoding: fixture.mesh.registry.exposition(.prometheus), as: UTF8.self)
        #expect(metrics.contains("tulle_local_state_loads_total{result=\"refused\"} 1"))
        try fixture.replace(self.workloads("b"))
        #expect(eventually { fixture.uids == ["b"] })
        #expect(fixture.mesh.localState.status?.problem == nil)
    }

    @Test("a file that is gone keeps the last good state")
    func gone() throws {
        let fixture = try Fixture(self.workloads("a"))
        try FileManager.default.removeItem(atPath: fixture.path)
        #expect(eventually { fixture.mesh.localState.status?.refusals == 1 })
        #expect(fixture.uids == ["a"])
    }

    @Test("what the control plane holds goes before the file, and comes back from it when the control plane lets go")
    func precedence() throws {
        let fixture = try Fixture(self.workloads("a"))
        try fixture.loop.sync { fixture.sync.isHeldByControlPlane = { $0 == XDSTypes.address && $1 == "a" } }
        try fixture.replace(self.workloads("b"))
        #expect(eventually { fixture.uids == ["a", "b"] })
        try fixture.replace(self.workloads("b", "a"))
        #expect(eventually { fixture.mesh.localState.status?.loads == 3 })
        try fixture.loop.sync {
            fixture.mesh.state.apply(MeshChange.removing("a"))
            fixture.sync.restore(["a", "unknown"], of: XDSTypes.address)
        }
        #expect(fixture.uids == ["a", "b"])
    }
}

extension MeshChange {
    fileprivate static func removing(_ uid: String) -> MeshChange {
        var change = MeshChange()
        change.removedAddresses = [uid]
        return change
    }
}

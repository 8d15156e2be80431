import Foundation
import Testing

@testable import Lab

@Suite struct LedgerTests {
    private static func temporary() -> String { NSTemporaryDirectory() + "lab-ledger-\(UUID().uuidString)" }

    @Test func `what is made and not removed is still listed by the next lab, oldest first`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try Ledger(path: path)
        try first.willMake(.bridge(name: "b"))
        try first.willMake(.namespace(name: "n"))
        try first.willMake(.directory(path: "/tmp/x"))
        try first.didRemove(.namespace(name: "n"))
        let second = try Ledger(path: path)
        #expect(second.resources == [.bridge(name: "b"), .directory(path: "/tmp/x")])
        #expect(first.resources == second.resources)
    }

    @Test func `a torn last line is passed over, and later lines are still read`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Ledger(path: path).willMake(.link(name: "v"))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"made\":{\"bri".utf8))
        try handle.close()
        let ledger = try Ledger(path: path)
        #expect(ledger.resources == [.link(name: "v")])
        try ledger.willMake(.namespace(name: "n"))
        #expect(try Ledger(path: path).resources == [.link(name: "v"), .namespace(name: "n")])
    }

    @Test func `the list can be read by its owner only`() throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Ledger(path: path).willMake(.processes(labID: "1"))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `cleaning removes what is listed and nothing beside it`() async throws {
        let root = Self.temporary()
        try FileManager.default.createDirectory(atPath: "\(root)/mine/deep", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(root)/theirs", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let ledger = try Ledger(path: "\(root)/ledger")
        try ledger.willMake(.directory(path: "\(root)/mine"))
        try ledger.willMake(.directory(path: "\(root)/never-made"))
        try ledger.willMake(.emptyDirectory(path: root))
        #expect(await Cleaner(ledger: ledger).removeAll().isEmpty)
        #expect(ledger.resources.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: "\(root)/mine"))
        #expect(FileManager.default.fileExists(atPath: "\(root)/theirs"))
    }

    @Test func `a process of a crashed lab is found by its mark and killed`() async throws {
        let path = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let id = UUID().uuidString
        let sleep = try #require(Tools.find("sleep"))
        let marked = try ChildProcess.start(.init(sleep, ["60"], environment: [ProcessTable.marker: id]))
        let other = try ChildProcess.start(.init(sleep, ["60"], environment: [ProcessTable.marker: id + "0"]))
        defer { other.killGroup() }
        let ledger = try Ledger(path: path)
        try ledger.willMake(.processes(labID: id))
        #expect(await Cleaner(ledger: ledger).removeAll().isEmpty)
        #expect(await marked.exit() == .signal(9))
        #expect(other.isRunning)
    }
}

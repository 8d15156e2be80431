import Foundation
import Synchronization
import Testing

@testable import Lab

@Suite struct ProgramFileTests {
    /// Children that live on, started without a pause by a thread of their own.
    private final class Spawner: Sendable {
        private struct State {
            var isOver = false
            var children: [ChildProcess] = []
            var failures: [String] = []
        }

        private let state = Mutex(State())

        func start() {
            Thread.detachNewThread {
                while !self.state.withLock({ $0.isOver }) {
                    do {
                        let child = try ChildProcess.start(.init("/bin/sleep", ["60"]))
                        let oldest = self.state.withLock { state in
                            state.children.append(child)
                            return state.children.count > 64 ? state.children.removeFirst() : nil
                        }
                        oldest?.killGroup()
                    } catch {
                        self.state.withLock { $0.failures.append("\(error)") }
                        return
                    }
                }
                self.state.withLock { state in for child in state.children { child.killGroup() } }
            }
        }

        var count: Int { self.state.withLock { $0.children.count } }
        var failures: [String] { self.state.withLock { $0.failures } }
        func end() { self.state.withLock { $0.isOver = true } }
    }

    private let directory = NSTemporaryDirectory() + "lab-program-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true) }

    /// A program as large as ours are: what follows its sections is not looked at.
    private func largeProgram() throws -> String {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: "/bin/true"))
        bytes.append(Data(repeating: 0, count: 16 << 20))
        let path = "\(self.directory)/true"
        try bytes.write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("a copy can be run at once while other children are started", .timeLimit(.minutes(2)))
    func runsAtOnce() async throws {
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        let source = try self.largeProgram()
        let spawners = [Spawner(), Spawner()]
        for spawner in spawners { spawner.start() }
        defer { for spawner in spawners { spawner.end() } }
        while spawners.contains(where: { $0.count == 0 && $0.failures.isEmpty }) { await Task.yield() }
        for round in 0..<25 {
            let target = "\(self.directory)/copy-\(round % 5)"
            try ProgramFile.copy(from: source, to: target)
            // Starts nothing else in between, as an image's program is run by one of the system's tools.
            let process = try ChildProcess.start(.init("/usr/bin/env", [target]))
            #expect(await process.exit() == .code(0), "round \(round)")
        }
        #expect(spawners.flatMap(\.failures).isEmpty)
    }

    @Test("a copy has its source's bytes and may be run by everyone, and replaces one that runs")
    func replaces() async throws {
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        let target = "\(self.directory)/program"
        // What a copy that was broken off left.
        try Data("half".utf8).write(to: URL(fileURLWithPath: "\(target).new"))
        try ProgramFile.copy(from: "/bin/sleep", to: target)
        let running = try ChildProcess.start(.init(target, ["60"]))
        try ProgramFile.copy(from: "/bin/true", to: target)
        #expect(running.isRunning)
        running.killGroup()
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: target)) == Data(contentsOf: URL(fileURLWithPath: "/bin/true"))
        )
        let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
        #expect(mode == 0o755)
        #expect(!FileManager.default.fileExists(atPath: "\(target).new"))
        #expect(await running.exit() == .signal(9))
    }

    @Test("a file that is busy for a moment is tried again, one that stays busy is named", .timeLimit(.minutes(1)))
    func busy() async throws {
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        let target = "\(self.directory)/program"
        try ProgramFile.copy(from: "/bin/true", to: target)
        let writer = open(target, O_WRONLY | O_CLOEXEC)
        try #require(writer >= 0)
        let error = #expect(throws: LabError.self) { try ChildProcess.start(.init(target, [])) }
        #expect(error?.message.contains("Text file busy") == true)
        Thread.detachNewThread {
            usleep(30_000)
            close(writer)
        }
        #expect(await (try ChildProcess.start(.init(target, []))).exit() == .code(0))
    }

    @Test("a source that is not there is named")
    func missing() throws {
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        let error = #expect(throws: LabError.self) {
            try ProgramFile.copy(from: "\(self.directory)/none", to: "\(self.directory)/copy")
        }
        #expect(error?.message.contains("none: No such file or directory") == true)
    }
}

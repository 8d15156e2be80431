import Foundation
import Testing

@testable import Lab

@Suite struct ChildProcessTests {
    @Test(arguments: [("exit 3", ChildProcess.Exit.code(3), Int32(3)), ("kill -9 $$", .signal(9), 137)])
    func `tells how a process ended`(_ script: String, _ exit: ChildProcess.Exit, _ code: Int32) async throws {
        let process = try ChildProcess.start(.init("/bin/sh", ["-c", script]))
        #expect(await process.exit() == exit)
        #expect(await process.exit().shellCode == code)
        #expect(!process.isRunning)
    }

    @Test func `a program that isn't there is an error, not a process`() {
        #expect(throws: LabError.self) { try ChildProcess.start(.init("/nonexistent", [])) }
    }

    @Test func `a child gets none of our descriptors, whoever opened them`() async throws {
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        #expect(descriptor >= 3)
        let script = "[ ! -e /proc/$$/fd/\(descriptor) ]"
        let process = try ChildProcess.start(.init("/bin/sh", ["-c", script]))
        #expect(await process.exit() == .code(0))
    }

    @Test func `killing takes the children along`() async throws {
        let id = UUID().uuidString
        let process = try ChildProcess.start(
            .init("/bin/sh", ["-c", "sleep 60 & sleep 60 & wait"], environment: [ProcessTable.marker: id])
        )
        let table = ProcessTable()
        for _ in 0..<1000 where table.processes(markedWith: id).count < 3 {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(table.processes(markedWith: id).count == 3)
        process.killGroup()
        #expect(await process.exit() == .signal(9))
        for _ in 0..<1000 where !table.processes(markedWith: id).isEmpty {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(table.processes(markedWith: id).isEmpty)
    }

    @Test func `one that ignores SIGTERM is killed when its time is over`() async throws {
        let sign = NSTemporaryDirectory() + "lab-trapped-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: sign) }
        let script = "trap '' TERM; : > \(sign); while :; do sleep 0.05; done"
        let process = try ChildProcess.start(.init("/bin/sh", ["-c", script]))
        for _ in 0..<1000 where !FileManager.default.fileExists(atPath: sign) {
            try await Task.sleep(for: .milliseconds(20))
        }
        await process.end(within: .milliseconds(200))
        #expect(await process.exit() == .signal(9))
    }

    @Test func `a tool's own words come with its failure`() async throws {
        let error = await #expect(throws: LabError.self) {
            try await Tools().run("sh", ["-c", "echo broken >&2; exit 4"])
        }
        #expect(error?.message.contains("broken") == true)
        #expect(try await Tools().run("cat", [], input: "text\n") == "text\n")
    }

    @Test func `a tool that hangs is ended at its deadline`() async {
        let error = await #expect(throws: LabError.self) {
            try await Tools().run("sleep", ["60"], deadline: .milliseconds(100))
        }
        #expect(error?.code == .timedOut)
    }

    @Test func `a process is known by its id and start`() throws {
        let table = ProcessTable()
        let own = try #require(table.startTime(of: getpid()))
        #expect(own > 0)
        #expect(table.startTime(of: 0) == nil)
    }
}

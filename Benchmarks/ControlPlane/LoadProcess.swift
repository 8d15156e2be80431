import Foundation

/// The other process, and the lines that it writes: `<word> <number>` each.
final class LoadProcess: Sendable {
    struct Ended: Error {}

    private let process: Process
    private let lines: AsyncStream<String>

    init(port: Int, clients: Int, directory: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["load", "\(port)", "\(clients)", directory]
        let pipe = Pipe()
        process.standardOutput = pipe
        let (lines, feed) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingNewest(1024))
        self.process = process
        self.lines = lines
        try process.run()
        let reader = Thread {
            var rest = Data()
            while true {
                let data = pipe.fileHandleForReading.availableData
                if data.isEmpty { break }
                rest += data
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    feed.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
            feed.finish()
        }
        reader.start()
    }

    /// Waits for a line that begins so; the rest of it.
    ///
    /// - Throws: `Ended` when the process is gone, or says nothing of the kind for five minutes.
    @discardableResult
    func wait(for word: String) async throws -> String {
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask {
                for await line in self.lines where line == word || line.hasPrefix(word + " ") {
                    return String(line.dropFirst(word.count + 1))
                }
                throw Ended()
            }
            group.addTask {
                try await Task.sleep(for: .seconds(300))
                throw Ended()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw Ended() }
            return first
        }
    }

    func stop() {
        self.process.terminate()
        self.process.waitUntilExit()
    }
}

import Foundation

/// moto's server in a process of its own on a loopback port: somebody else's idea of AWS.
///
/// One is shared by all tests of a process. Tests keep apart by their own account, which is the access key's, or by
/// names. The process ends when ours does, as it then reads the end of its standard input.
package struct MotoServer: Sendable {
    /// Its base URL, for `AWS_ENDPOINT_URL`.
    package let url: String

    /// Whether moto is installed here.
    package static let isInstalled: Bool =
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains { folder in
            FileManager.default.isExecutableFile(atPath: "\(folder)/moto_server")
        }

    private static let shared = Task { try await MotoServer() }

    /// The one server of this process, started on first use.
    package static func running() async throws -> MotoServer {
        try await self.shared.value
    }

    /// A server for one test alone, for those that change what is of the whole server.
    package static func start() async throws -> MotoServer {
        try await MotoServer()
    }

    private init() async throws {
        let log = FileManager.default.temporaryDirectory.appending(path: "moto-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let output = try FileHandle(forWritingTo: log)
        defer { try? FileManager.default.removeItem(at: log) }
        // KILL, because a child of a pool thread starts with the other signals blocked.
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "moto_server -H 127.0.0.1 -p 0 </dev/null & server=$!; cat >/dev/null; kill -KILL $server",
        ]
        process.standardInput = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        MotoLifetime.keep(process)
        for _ in 0..<600 {
            try await Task.sleep(for: .milliseconds(100))
            let text = try String(contentsOf: log, encoding: .utf8)
            if let start = text.firstRange(of: "http://127.0.0.1:")?.lowerBound {
                self.url = String(text[start...].prefix { !$0.isWhitespace })
                return
            }
            guard process.isRunning else { break }
        }
        throw MotoFailure(log: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
    }
}

/// moto did not start.
package struct MotoFailure: Error, CustomStringConvertible {
    /// What it wrote.
    package var log: String

    package var description: String { "moto_server did not start: \(self.log.suffix(2_000))" }
}

/// Holds the process, and with it the pipe whose end tells moto to stop.
private enum MotoLifetime {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var processes: [Process] = []

    static func keep(_ process: Process) {
        self.lock.withLock { self.processes.append(process) }
    }
}

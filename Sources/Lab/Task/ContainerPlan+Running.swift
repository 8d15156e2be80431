import Foundation
import Glibc

extension ContainerPlan {
    /// Starts a command as a process of the container.
    package func start(_ arguments: [String], output: Int32) throws -> ChildProcess {
        var line = try self.commandLine(for: arguments)
        let program = line.removeFirst()
        var launch = ChildProcess.Launch(program, line, environment: self.environment)
        launch.output = output
        return try ChildProcess.start(launch)
    }

    /// Runs a command of a health check; true if it exits with 0 in time.
    package func succeeds(_ arguments: [String], within limit: Duration) async -> Bool {
        guard let process = try? self.start(arguments, output: -1) else { return false }
        let killer = Task {
            try await Task.sleep(for: limit)
            process.killGroup()
        }
        defer { killer.cancel() }
        return await process.exit() == .code(0)
    }
}

extension ChildProcess {
    /// Asks the process to end with SIGTERM, and kills it with its group when the time is over.
    package func end(within limit: Duration) async {
        self.signal(SIGTERM)
        let killer = Task {
            try await Task.sleep(for: limit)
            self.killGroup()
        }
        _ = await self.exit()
        killer.cancel()
    }
}

/// The file that a container's standard output and error go to.
enum ContainerLog {
    /// Opens a container's log to be appended to, owned by the container's user so that it can open /dev/stdout.
    static func open(_ path: String, plan: ContainerPlan) throws -> Int32 {
        let directory = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw LabError(.commandFailed, "can't open \(path): \(String(cString: strerror(errno)))")
        }
        fchown(descriptor, plan.user, plan.group)
        return descriptor
    }
}

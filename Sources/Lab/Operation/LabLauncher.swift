import Foundation
import Glibc

/// Starts a lab in the background and waits until tasks can be run.
package struct LabLauncher: Sendable {
    /// How long a lab may take until it is ready.
    private static let patience = Duration.seconds(90)

    private let files: StateDirectory

    /// For the lab of a state directory.
    package init(_ files: StateDirectory) { self.files = files }

    /// Runs this very program again with `arguments`, detached from the terminal; its output goes to lab.log.
    ///
    /// Fails with the lab's own last words if it ends before it is ready.
    package func start(_ arguments: [String]) async throws {
        try self.files.make()
        if let identity = LabIdentity.read(self.files), identity.isRunning {
            throw LabError(.alreadyRunning, "a lab runs in \(self.files.root): `tulle-lab down` ends it")
        }
        let log = open(self.files.labLog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard log >= 0 else {
            throw LabError(.commandFailed, "can't open \(self.files.labLog): \(String(cString: strerror(errno)))")
        }
        defer { close(log) }
        var launch = ChildProcess.Launch(
            try Self.program(),
            arguments,
            environment: ProcessInfo.processInfo.environment
        )
        launch.output = log
        let child = try ChildProcess.start(launch)
        let clock = ContinuousClock()
        let deadline = clock.now + Self.patience
        while clock.now < deadline {
            guard child.isRunning else {
                throw LabError(.commandFailed, "the lab didn't start: \(self.lastWords)")
            }
            if let identity = LabIdentity.read(self.files), identity.processID == child.id,
                (try? LabStatus.read(self.files))?.isReady == true
            {
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        child.signal(SIGTERM)
        throw LabError(.timedOut, "the lab wasn't ready in \(Self.patience); see \(self.files.labLog)")
    }

    /// The path of the running program.
    package static func program() throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { throw LabError(.commandFailed, "can't read /proc/self/exe") }
        return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private var lastWords: String {
        let text = (try? String(contentsOfFile: self.files.labLog, encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n").suffix(5).joined(separator: "\n")
        return lines.isEmpty ? "it said nothing" : lines
    }
}

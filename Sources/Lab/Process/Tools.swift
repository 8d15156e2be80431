import Foundation
import Glibc

/// Runs the system's own tools to their end.
package struct Tools: Sendable {
    /// Where tools are looked for; also the containers' PATH.
    package static let path = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    /// How much of a tool's output is kept.
    private static let outputLimit = 64 * 1024

    package init() {}

    /// The path of a tool; a text with a slash is taken as it is.
    package static func find(_ name: String) -> String? {
        if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
        return Self.path.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Runs a tool with a text as its input and returns its output.
    ///
    /// Fails with the tool's own words if it exits with another code than 0 or isn't done by the deadline.
    @discardableResult
    package func run(
        _ name: String,
        _ arguments: [String],
        input: String? = nil,
        deadline: Duration = .seconds(20)
    ) async throws -> String {
        let (exit, output) = try await self.result(name, arguments, input: input, deadline: deadline)
        guard exit == .code(0) else {
            let words = output.split(separator: "\n").last.map(String.init) ?? "no output"
            throw LabError(
                .commandFailed,
                "\(name) \(arguments.joined(separator: " ").prefix(200)) failed (\(exit)): \(words.prefix(400))"
            )
        }
        return output
    }

    /// Runs a tool and returns how it ended together with its output.
    package func result(
        _ name: String,
        _ arguments: [String],
        input: String? = nil,
        deadline: Duration = .seconds(20)
    ) async throws -> (ChildProcess.Exit, String) {
        guard let executable = Self.find(name) else {
            throw LabError(.missingTool, "\(name) isn't installed (looked in \(Self.path.joined(separator: ":")))")
        }
        let output = try Self.scratchFile(containing: "")
        defer { close(output) }
        let standardInput = try input.map(Self.scratchFile(containing:)) ?? -1
        defer { if standardInput >= 0 { close(standardInput) } }
        var launch = ChildProcess.Launch(
            executable,
            arguments,
            environment: ["PATH": Self.path.joined(separator: ":"), "LC_ALL": "C.UTF-8"]
        )
        launch.input = standardInput
        launch.output = output
        let child = try ChildProcess.start(launch)
        let guardTask = Task {
            try await Task.sleep(for: deadline)
            child.killGroup()
            return true
        }
        let exit = await withTaskCancellationHandler {
            await child.exit()
        } onCancel: {
            child.killGroup()
        }
        guardTask.cancel()
        if case .success(true) = await guardTask.result {
            throw LabError(.timedOut, "\(name) wasn't done in \(deadline)")
        }
        var bytes = [UInt8](repeating: 0, count: Self.outputLimit)
        let count = pread(output, &bytes, bytes.count, 0)
        return (exit, String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
    }

    /// A file without a name, holding the text, read from its start.
    private static func scratchFile(containing text: String) throws -> Int32 {
        var template = Array("/tmp/tulle-lab-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw LabError(.commandFailed, "can't make a scratch file in /tmp: \(String(cString: strerror(errno)))")
        }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress?.advanced(by: written), bytes.count - written, off_t(written))
            }
            guard count > 0 else {
                close(descriptor)
                throw LabError(.commandFailed, "can't write a scratch file: \(String(cString: strerror(errno)))")
            }
            written += count
        }
        return descriptor
    }
}

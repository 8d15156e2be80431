import CMeshLinux
import Glibc

/// Runs another program of this host and gathers what it prints.
///
/// It blocks until the program has ended; so never call it on a loop that serves connections.
package struct ChildProgram: Sendable {
    /// How a program ended.
    package struct Outcome: Hashable, Sendable {
        /// Its exit status; 128 and more for the signal that ended it.
        package var status: Int32
        /// What it printed, errors included, cut to ``ChildProgram/outputBytes``.
        package var output: String
    }

    /// The program's file.
    package var path: String
    /// How long it may take before it is killed.
    package var milliseconds: Int32
    /// The most that is kept of what it prints.
    package var outputBytes: Int

    /// Names the program.
    package init(path: String, milliseconds: Int32 = 5_000, outputBytes: Int = 256 * 1_024) {
        self.path = path
        self.milliseconds = milliseconds
        self.outputBytes = outputBytes
    }

    /// Runs it with `arguments` and `input` as standard input within `namespace`; nil is the process's own.
    ///
    /// - Throws: ``SocketError``: ETIMEDOUT when it was killed for its time, ENOENT when there is no such file.
    package func run(
        _ arguments: [String],
        input: String = "",
        in namespace: NetworkNamespace? = nil
    ) throws(SocketError) -> Outcome {
        let home = NetworkNamespace.home
        if namespace != nil, home == nil { throw SocketError(code: ENOENT, call: "open network namespace") }
        let bytes = Array(input.utf8)
        let argv = ([self.path] + arguments).map { strdup($0) } + [nil]
        defer { for text in argv { free(text) } }
        var (count, status, result): (Int, Int32, Int32) = (0, 0, 0)
        let output = [UInt8](unsafeUninitializedCapacity: self.outputBytes) { buffer, initialized in
            result = mesh_run_program(
                self.path,
                argv,
                bytes,
                bytes.count,
                buffer.baseAddress,
                buffer.count,
                &count,
                self.milliseconds,
                namespace?.descriptor ?? -1,
                home?.descriptor ?? -1,
                &status
            )
            initialized = min(count, self.outputBytes)
        }
        guard result == 0 else { throw SocketError(code: -result, call: "run program") }
        return Outcome(status: status, output: String(decoding: output, as: UTF8.self))
    }
}

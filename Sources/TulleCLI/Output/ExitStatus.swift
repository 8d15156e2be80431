package import ArgumentParser

/// The statuses that `tulle` ends with (`docs/cli.md`). The numbers above 1 are those of sysexits.h.
package enum ExitStatus: Int32, Sendable, Hashable, CaseIterable {
    /// All is well.
    case fine = 0
    /// The answer is no: findings, differences, something refused, or a command that failed.
    case failure = 1
    /// The arguments are wrong.
    case usage = 64
    /// An input file cannot be read.
    case noInput = 66
    /// The control plane, or a ztunnel's admin port, does not answer, or is not ready yet.
    case unavailable = 69

    /// For ArgumentParser to end the program with.
    package var code: ExitCode { ExitCode(self.rawValue) }
}

import Glibc

/// What a program says on its terminal, or in the log of its container.
package enum StandardStreams {
    /// Writes a text to standard output.
    package static func out(_ text: String) { self.write(text, to: STDOUT_FILENO) }

    /// Writes a text to standard error.
    package static func error(_ text: String) { self.write(text, to: STDERR_FILENO) }

    /// Nobody is left to be told where that fails.
    private static func write(_ text: String, to descriptor: CInt) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}

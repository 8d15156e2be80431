import Foundation

/// Where a command speaks: results on standard output, everything for a person on standard error.
package final class Console: Sendable {
    private let output: @Sendable (String) -> Void
    private let progress: @Sendable (String) -> Void
    private let usesColour: Bool

    /// A console that writes through these two functions, each called with whole lines or documents.
    package init(
        usesColour: Bool = false,
        output: @escaping @Sendable (String) -> Void,
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.usesColour = usesColour
        self.output = output
        self.progress = progress
    }

    /// The process's own streams; colour only on a terminal, and never when `NO_COLOR` is set.
    package static func standard(environment: [String: String]) -> Console {
        let isTerminal = isatty(STDERR_FILENO) == 1
        return Console(
            usesColour: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
            output: { FileHandle.standardOutput.write(Data($0.utf8)) },
            progress: { FileHandle.standardError.write(Data($0.utf8)) }
        )
    }

    /// A result; a line break is added.
    package func result(_ text: String) {
        self.output(text + "\n")
    }

    /// A step that is under way or done with no need for attention.
    package func step(_ text: String) {
        self.progress(self.paint("•", .blue) + " \(text)\n")
    }

    /// A fact about the step before.
    package func detail(_ text: String) {
        self.progress(self.paint("  • \(text)", .grey) + "\n")
    }

    /// What a person should know before they go on.
    package func warning(_ text: String) {
        self.progress(self.paint("! \(text)", .yellow) + "\n")
    }

    /// The end of a command that worked.
    package func done(_ text: String) {
        self.progress(self.paint("✓", .green) + " \(text)\n")
    }

    /// The end of a command that failed: what happened, and what to do next.
    package func failure(_ text: String, hint: String?) {
        self.progress(self.paint("✗", .red) + " \(text)\n")
        if let hint { self.progress("  → \(hint)\n") }
    }

    private enum Colour: Int {
        case red = 31
        case green = 32
        case yellow = 33
        case blue = 34
        case grey = 90
    }

    private func paint(_ text: String, _ colour: Colour) -> String {
        self.usesColour ? "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m" : text
    }
}

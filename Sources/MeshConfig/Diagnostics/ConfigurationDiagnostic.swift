/// One thing that is wrong with a configuration, said so that a person can mend it without reading code.
package struct ConfigurationDiagnostic: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where the value was written.
    package enum Place: Sendable, Hashable, CustomStringConvertible {
        /// A command-line flag, named with its dashes.
        case flag(String)
        /// An environment variable.
        case environment(String)
        /// A line of a file, counted from 1; nil where the line is not known.
        case file(String, line: Int?)
        /// Nowhere: the value is missing, or several values contradict each other.
        case overall

        package var description: String {
            switch self {
            case .flag(let name): name
            case .environment(let name): "environment \(name)"
            case .file(let name, .some(let line)): "\(name):\(line)"
            case .file(let name, .none): name
            case .overall: "configuration"
            }
        }
    }

    /// How bad it is.
    package enum Severity: String, Sendable, Hashable, CaseIterable {
        /// What it is about is not taken.
        case error
        /// What it is about is taken, but may not do what was meant.
        case warning
    }

    /// Where the value was written.
    package var place: Place
    /// The column of the line, counted from 1; nil where it is not known.
    package var column: Int?
    /// The field's path, such as `certificates.workloadMaximum`.
    package var field: String
    /// What is wrong: the value, and what is allowed.
    package var reason: String
    /// How bad it is.
    package var severity: Severity
    /// The kind of fault.
    package var code: ConfigurationCode

    /// Makes a diagnostic.
    package init(
        place: Place,
        column: Int? = nil,
        field: String,
        reason: String,
        severity: Severity = .error,
        code: ConfigurationCode = .setting
    ) {
        self.place = place
        self.column = column
        self.field = field
        self.reason = reason
        self.severity = severity
        self.code = code
    }

    package var description: String {
        let reason = self.severity == .warning ? "warning: \(self.reason)" : self.reason
        return self.field.isEmpty ? "\(self.place): \(reason)" : "\(self.place): \(self.field): \(reason)"
    }
}

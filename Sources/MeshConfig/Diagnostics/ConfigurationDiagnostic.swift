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

    /// Where the value was written.
    package var place: Place
    /// The field's path, such as `certificates.workloadMaximum`.
    package var field: String
    /// What is wrong: the value, and what is allowed.
    package var reason: String

    /// Makes a diagnostic.
    package init(place: Place, field: String, reason: String) {
        self.place = place
        self.field = field
        self.reason = reason
    }

    package var description: String {
        self.field.isEmpty ? "\(self.place): \(self.reason)" : "\(self.place): \(self.field): \(self.reason)"
    }
}

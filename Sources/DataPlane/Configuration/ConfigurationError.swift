/// A setting that can't be used.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The environment variable.
    package var variable: String
    /// Its value, cut to 128 bytes; empty when it is missing.
    package var value: String
    /// What would be accepted.
    package var allowed: String

    /// Notes a value, which is cut.
    package init(variable: String, value: String, allowed: String) {
        self.variable = variable
        self.value = value.utf8.count <= 128 ? value : String(value.prefix(120)) + "…"
        self.allowed = allowed
    }

    /// One line that names variable, value and what is allowed.
    package var description: String {
        self.value.isEmpty
            ? "\(self.variable) is not set; allowed: \(self.allowed)"
            : "\(self.variable)=\"\(self.value)\" is not valid; allowed: \(self.allowed)"
    }
}

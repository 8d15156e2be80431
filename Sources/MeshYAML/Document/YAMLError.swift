/// A place in a YAML text, both numbers counted from 1.
package struct YAMLPosition: Hashable, Sendable, CustomStringConvertible {
    /// The line.
    package var line: Int
    /// The column in characters.
    package var column: Int

    /// Joins the two.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package var description: String { "line \(self.line), column \(self.column)" }
}

/// Why a YAML text, or a field of it, can't be used.
package struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where; nil when the text as a whole is meant.
    package var position: YAMLPosition?
    /// The field, such as `workloads[2].services`; empty when the text is no YAML.
    package var path: String
    /// What is wrong, and what is allowed.
    package var message: String

    /// Joins the parts.
    package init(_ message: String, path: String = "", at position: YAMLPosition? = nil) {
        self.message = message
        self.path = path
        self.position = position
    }

    /// `line 3, column 5: workloads[0].uid: …`.
    package var description: String {
        [self.position.map { "\($0)" } ?? "", self.path, self.message].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

/// What one text may cost. Reading stops with an error at the first bound that is passed.
package struct YAMLLimits: Hashable, Sendable {
    /// Bytes of the text. Default 16 MiB.
    package var bytes = 16 << 20
    /// Values, keys included, after aliases have been expanded. Default 1 Mi.
    package var nodes = 1 << 20
    /// Lists and mappings inside each other. Default 64.
    package var depth = 64

    /// The defaults.
    package init() {}
}

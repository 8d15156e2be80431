/// Reads typed settings from environment variables and gathers what is wrong with them.
package struct Environment {
    private let variables: [String: String]
    /// What is wrong, in the order in which it was read.
    package private(set) var errors: [ConfigurationError] = []
    /// Every name that was asked for, so that a test can hold the list of names and the manual against it.
    package private(set) var asked: Set<String> = []

    /// Takes the variables.
    package init(_ variables: [String: String]) {
        self.variables = variables
    }

    /// The text of a variable; nil when it is missing or empty.
    package mutating func text(_ name: String) -> String? {
        guard let value = self.raw(name), !value.isEmpty else { return nil }
        return value
    }

    /// The text of a variable, which may be empty; nil when it is missing.
    package mutating func raw(_ name: String) -> String? {
        self.asked.insert(name)
        return self.variables[name]
    }

    /// All variables whose names begin so, without that beginning, in the order of their names.
    package func beginning(with prefix: String) -> [(name: String, rest: String, value: String)] {
        self.variables.filter { $0.key.hasPrefix(prefix) && $0.key.utf8.count > prefix.utf8.count }
            .sorted { $0.key < $1.key }
            .map { ($0.key, String($0.key.dropFirst(prefix.count)), $0.value) }
    }

    /// Reads a variable with `parse`; a value that doesn't parse is an error and reads as nil.
    package mutating func value<Value>(_ name: String, allowed: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = self.text(name) else { return nil }
        if let value = parse(text) { return value }
        self.reject(name, allowed: allowed)
        return nil
    }

    /// Exactly `true` or `false`.
    package mutating func flag(_ name: String, default standard: Bool) -> Bool { self.flag(name) ?? standard }

    /// Exactly `true` or `false`; nil when it is not set.
    package mutating func flag(_ name: String) -> Bool? {
        self.value(name, allowed: "true or false") { text in
            switch text {
            case "true": true
            case "false": false
            default: nil
            }
        }
    }

    /// A whole number in `range`, in decimal digits.
    package mutating func number<Number: FixedWidthInteger>(_ name: String, in range: ClosedRange<Number>) -> Number? {
        self.value(name, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Number(text) else { return nil }
            return range.contains(number) ? number : nil
        }
    }

    /// A duration such as `30s`, in milliseconds within `range`.
    package mutating func duration(_ name: String, in range: ClosedRange<UInt64>) -> UInt64? {
        let allowed =
            "a duration from \(range.lowerBound)ms to \(range.upperBound / 1_000)s, such as 500ms, 30s or 1h30m"
        return self.value(name, allowed: allowed) { text in
            GoDuration.milliseconds(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Notes that a setting's value is an error, wherever it stands.
    package mutating func reject(_ name: String, value: String, allowed: String) {
        self.errors.append(ConfigurationError(variable: name, value: value, allowed: allowed))
    }

    /// Notes that a variable's value, or its absence, is an error.
    /// - Parameter isSecret: whether the value must not be shown.
    package mutating func reject(_ name: String, allowed: String, isSecret: Bool = false) {
        let value = self.text(name) ?? ""
        let shown = isSecret && !value.isEmpty ? "<masked>" : value
        let error = ConfigurationError(variable: name, value: shown, allowed: allowed)
        // Several settings may be read from one variable; once is enough to say that it is wrong.
        if !self.errors.contains(error) { self.errors.append(error) }
    }
}

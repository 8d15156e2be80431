/// Reads typed settings from environment variables and gathers what is wrong with them.
struct Environment {
    private let variables: [String: String]
    private(set) var errors: [ConfigurationError] = []

    init(_ variables: [String: String]) {
        self.variables = variables
    }

    /// The text of a variable; nil when it is missing or empty.
    func text(_ name: String) -> String? {
        guard let value = self.variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// Reads a variable with `parse`; a value that doesn't parse is an error and reads as nil.
    mutating func value<Value>(_ name: String, allowed: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = self.text(name) else { return nil }
        if let value = parse(text) { return value }
        self.reject(name, allowed: allowed)
        return nil
    }

    /// Exactly `true` or `false`.
    mutating func flag(_ name: String, default standard: Bool) -> Bool {
        self.value(name, allowed: "true or false") { text in
            switch text {
            case "true": true
            case "false": false
            default: nil
            }
        } ?? standard
    }

    /// A whole number in `range`, in decimal digits.
    mutating func number<Number: FixedWidthInteger>(_ name: String, in range: ClosedRange<Number>) -> Number? {
        self.value(name, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Number(text) else { return nil }
            return range.contains(number) ? number : nil
        }
    }

    /// A duration such as `30s`, in milliseconds within `range`.
    mutating func duration(_ name: String, in range: ClosedRange<UInt64>) -> UInt64? {
        let allowed =
            "a duration from \(range.lowerBound)ms to \(range.upperBound / 1_000)s, such as 500ms, 30s or 1h30m"
        return self.value(name, allowed: allowed) { text in
            GoDuration.milliseconds(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Notes that a variable's value, or its absence, is an error.
    mutating func reject(_ name: String, allowed: String) {
        self.errors.append(ConfigurationError(variable: name, value: self.text(name) ?? "", allowed: allowed))
    }
}

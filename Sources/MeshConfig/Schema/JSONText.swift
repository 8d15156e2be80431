/// Writes a value as JSON (RFC 8259): keys sorted, two spaces a level, the same bytes for the same value.
enum JSONText {
    static func write(_ value: ConfigValue) -> String {
        var text = ""
        self.write(value, indent: 0, into: &text)
        return text
    }

    private static func write(_ value: ConfigValue, indent: Int, into text: inout String) {
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .integer(let number): text += "\(number)"
        case .number(let number): self.write(number, into: &text)
        case .string(let string): self.write(string, into: &text)
        case .list(let elements):
            self.write(elements.count, brackets: ("[", "]"), indent: indent, into: &text) { index, text in
                self.write(elements[index], indent: indent + 1, into: &text)
            }
        case .map(let entries):
            let sorted = entries.sorted { $0.key < $1.key }
            self.write(sorted.count, brackets: ("{", "}"), indent: indent, into: &text) { index, text in
                self.write(sorted[index].key, into: &text)
                text += ": "
                self.write(sorted[index].value, indent: indent + 1, into: &text)
            }
        }
    }

    private static func write(
        _ count: Int,
        brackets: (String, String),
        indent: Int,
        into text: inout String,
        each: (Int, inout String) -> Void
    ) {
        text += brackets.0
        for index in 0..<count {
            text += (index == 0 ? "\n" : ",\n") + String(repeating: "  ", count: indent + 1)
            each(index, &text)
        }
        if count > 0 { text += "\n" + String(repeating: "  ", count: indent) }
        text += brackets.1
    }

    /// JSON has no infinities; a whole number is written without a fraction.
    private static func write(_ number: Double, into text: inout String) {
        if let whole = Int64(exactly: number) {
            text += "\(whole)"
        } else {
            text += number.isFinite ? "\(number)" : "null"
        }
    }

    private static func write(_ string: String, into text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

import AWSClient

/// JSON values as YAML for people: block style, members in their order, text quoted only where YAML would read it as
/// something else.
enum YAMLText {
    /// The document, without a line break at the end.
    static func document(_ value: JSONValue) -> String {
        var lines: [String] = []
        Self.write(value, indent: 0, prefix: "", into: &lines)
        return lines.joined(separator: "\n")
    }

    /// Several documents, `---` between them.
    static func documents(_ values: [JSONValue]) -> String {
        values.map(Self.document).joined(separator: "\n---\n")
    }

    /// Writes a value; `prefix` is what stands before it on its first line. The depth is that of JSON's limits.
    private static func write(_ value: JSONValue, indent: Int, prefix: String, into lines: inout [String]) {
        let margin = String(repeating: " ", count: indent)
        switch value {
        case .object(let members) where !members.isEmpty:
            var first = prefix
            for member in members {
                let start = (first.isEmpty ? margin : first) + Self.scalar(member.name) + ":"
                first = ""
                switch member.value {
                case .object(let inner) where !inner.isEmpty:
                    lines.append(start)
                    Self.write(member.value, indent: indent + 2, prefix: "", into: &lines)
                case .array(let inner) where !inner.isEmpty:
                    lines.append(start)
                    Self.write(member.value, indent: indent, prefix: "", into: &lines)
                default:
                    Self.leaf(member.value, indent: indent + 2, start: start + " ", into: &lines)
                }
            }
        case .array(let values) where !values.isEmpty:
            var first = prefix
            for value in values {
                let start = (first.isEmpty ? margin : first) + "- "
                first = ""
                Self.write(value, indent: indent + 2, prefix: start, into: &lines)
            }
        default:
            Self.leaf(value, indent: indent + 2, start: prefix.isEmpty ? margin : prefix, into: &lines)
        }
    }

    private static func leaf(_ value: JSONValue, indent: Int, start: String, into lines: inout [String]) {
        switch value {
        case .null: lines.append(start + "null")
        case .bool(let value): lines.append(start + (value ? "true" : "false"))
        case .number(let number): lines.append(start + number.text)
        case .array: lines.append(start + "[]")
        case .object: lines.append(start + "{}")
        case .string(let text):
            guard Self.isBlock(text) else { return lines.append(start + Self.scalar(text)) }
            // A literal block: `-` keeps the missing line break at the end, as nothing does where there is one.
            lines.append(start + (text.hasSuffix("\n") ? "|" : "|-"))
            let body = text.hasSuffix("\n") ? text.dropLast() : text[...]
            let margin = String(repeating: " ", count: indent)
            for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
                lines.append(line.isEmpty ? "" : margin + line)
            }
        }
    }

    /// Whether a text is best written as a literal block: several lines, and none that a block could not hold.
    private static func isBlock(_ text: String) -> Bool {
        guard text.contains("\n"), !text.hasPrefix("\n"), !text.hasPrefix(" "), !text.hasSuffix("\n\n"), text != "\n"
        else { return false }
        return text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && $0.value < 0x7f) }
    }

    /// Words that YAML 1.1 or 1.2 readers take for something else than text.
    private static let words: Set<String> = [
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "-.inf", "+.inf",
    ]

    private static func scalar(_ text: String) -> String {
        Self.isPlain(text) ? text : JSONValue.string(text).text()
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, !Self.words.contains(text.lowercased()) else {
            return false
        }
        let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20)
        let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        guard isLetter || isDigit || first == UInt8(ascii: "/") || first == UInt8(ascii: "_"), last != UInt8(ascii: ":")
        else { return false }
        // Numbers of every kind, dates, times and `10:20` start with a digit; an address in dots is none of them.
        if isDigit, !Self.isDotted(text) { return false }
        guard !text.contains(": "), !text.contains(" #") else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: Array(" ./_-:@+=,()#'\"*".utf8).contains(byte)
            }
        } && last != UInt8(ascii: " ")
    }

    private static func isDotted(_ text: String) -> Bool {
        text.utf8.count { $0 == UInt8(ascii: ".") } >= 2
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || [UInt8(ascii: "."), UInt8(ascii: "/")].contains($0)
            }
    }
}

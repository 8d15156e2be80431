extension JSONValue {
    /// How the text is laid out.
    package enum Layout: Sendable, Hashable {
        /// One line without spaces.
        case compact
        /// One member or element a line, indented by this many spaces a level.
        case indented(Int)
    }

    /// The value as JSON text, without a line break at the end.
    package func text(_ layout: Layout = .compact) -> String {
        var writer = JSONWriter(layout: layout)
        writer.write(self, level: 0)
        return String(decoding: writer.output, as: UTF8.self)
    }
}

/// Puts JSON text together as UTF-8.
struct JSONWriter {
    private let layout: JSONValue.Layout
    private(set) var output: [UInt8] = []

    init(layout: JSONValue.Layout) {
        self.layout = layout
    }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: self.append("null")
        case .bool(let value): self.append(value ? "true" : "false")
        case .number(let number): self.append(number.text)
        case .string(let text): self.quote(text)
        case .array(let values) where values.isEmpty: self.append("[]")
        case .array(let values):
            self.append("[")
            for (index, value) in values.enumerated() {
                if index > 0 { self.append(",") }
                self.breakLine(level + 1)
                self.write(value, level: level + 1)
            }
            self.breakLine(level)
            self.append("]")
        case .object(let members) where members.isEmpty: self.append("{}")
        case .object(let members):
            self.append("{")
            for (index, member) in members.enumerated() {
                if index > 0 { self.append(",") }
                self.breakLine(level + 1)
                self.quote(member.name)
                self.append(self.layout == .compact ? ":" : ": ")
                self.write(member.value, level: level + 1)
            }
            self.breakLine(level)
            self.append("}")
        }
    }

    private mutating func append(_ text: String) {
        self.output.append(contentsOf: text.utf8)
    }

    private mutating func breakLine(_ level: Int) {
        guard case .indented(let width) = self.layout else { return }
        self.output.append(UInt8(ascii: "\n"))
        self.output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, width) * level))
    }

    private mutating func quote(_ text: String) {
        self.output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): self.append("\\\"")
            case UInt8(ascii: "\\"): self.append("\\\\")
            case 0x08: self.append("\\b")
            case 0x09: self.append("\\t")
            case 0x0a: self.append("\\n")
            case 0x0c: self.append("\\f")
            case 0x0d: self.append("\\r")
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                self.append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
            default: self.output.append(byte)
            }
        }
        self.output.append(UInt8(ascii: "\""))
    }
}

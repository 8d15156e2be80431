/// A text of a document, and whether it may mean more than a text.
///
/// Plain (unquoted) scalars are read by the core schema of YAML 1.2 (§10.3.2): YAML 1.1's `yes`, `no`, `on` and `off`
/// are texts.
struct DocumentScalar: Hashable, Sendable {
    /// The text.
    var text: String
    /// Whether it stands without quotes and without a tag that makes it a text.
    var isPlain: Bool

    /// What it means.
    var value: ConfigValue {
        guard self.isPlain else { return .string(self.text) }
        switch self.text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let unsigned = self.text.first == "-" || self.text.first == "+" ? self.text.dropFirst() : self.text[...]
        guard let first = unsigned.utf8.first, Self.isDigit(first) || first == UInt8(ascii: ".") else {
            return .string(self.text)
        }
        if unsigned.utf8.allSatisfy(Self.isDigit) {
            // A number that no field has room for is still a number, and said to be out of range.
            return Int64(self.text).map { .integer($0) } ?? .number(Double(self.text) ?? .infinity)
        }
        if let number = Self.based(self.text) { return .integer(number) }
        let isDecimal = unsigned.utf8.allSatisfy { byte in
            Self.isDigit(byte) || [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
        }
        if isDecimal, unsigned.utf8.contains(where: Self.isDigit), let number = Double(self.text) {
            return .number(number)
        }
        return .string(self.text)
    }

    /// `0x` and `0o` numbers.
    private static func based(_ text: String) -> Int64? {
        if text.hasPrefix("0x") { return Int64(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Int64(text.dropFirst(2), radix: 8) }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

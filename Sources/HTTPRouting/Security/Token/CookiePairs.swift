/// The cookies of a `Cookie` field (RFC 6265 §4.2).
enum CookiePairs {
    /// Names and values, in their order; quotes around a value are not part of it.
    static func all(in field: String) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for part in field.utf8.split(separator: UInt8(ascii: ";")) {
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else { continue }
            var value = Self.trimmed(part[part.index(after: equals)...])
            if value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
                value = value.dropFirst().dropLast()
            }
            let name = String(decoding: Self.trimmed(part[..<equals]), as: UTF8.self)
            pairs.append((name, String(decoding: value, as: UTF8.self)))
        }
        return pairs
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = text.last, last == 0x20 || last == 0x09 { text = text.dropLast() }
        return text
    }
}

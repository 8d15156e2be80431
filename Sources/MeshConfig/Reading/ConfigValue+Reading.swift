/// Reading values that a schema has already checked: what is missing is empty.
extension ConfigValue {
    /// The text; nil for anything else.
    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number; nil for anything else.
    package var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The truth value; nil for anything else.
    package var flag: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    /// The elements of a list; none for anything else.
    package var elements: [ConfigValue] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }

    /// The entries of a mapping; none for anything else.
    package var entries: [String: ConfigValue] {
        guard case .map(let entries) = self else { return [:] }
        return entries
    }

    /// The text of a field.
    package func text(_ key: String) -> String? { self[key]?.text }

    /// The texts of a field that is a list.
    package func texts(_ key: String) -> [String] { self.list(key).compactMap(\.text) }

    /// The elements of a field that is a list.
    package func list(_ key: String) -> [ConfigValue] { self[key]?.elements ?? [] }

    /// The texts of a field that is a mapping, by key.
    package func labels(_ key: String) -> [String: String] { self[key]?.entries.compactMapValues(\.text) ?? [:] }

    /// The port of a field.
    package func port(_ key: String) -> UInt16? { self[key]?.integer.flatMap { UInt16(exactly: $0) } }

    /// One of an enum's words.
    package func word<Word: RawRepresentable>(_ key: String, _ type: Word.Type = Word.self) -> Word?
    where Word.RawValue == String {
        self.text(key).flatMap { Word(rawValue: $0) }
    }

    /// A number, whole or not.
    package var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// A whole number of a field, held within 0 to 2^32−1.
    package func count(_ key: String) -> UInt32? { self[key]?.integer.map { UInt32(clamping: $0) } }

    /// A duration of a field, in milliseconds, in either of the two forms; what is not zero is at least one.
    package func milliseconds(_ key: String) -> UInt32? {
        guard let text = self.text(key), let duration = DurationForms.go(text) else { return nil }
        guard duration > .zero else { return 0 }
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : max(1, UInt32(clamping: product + attoseconds / 1_000_000_000_000_000))
    }

    /// A share in percent of a field, in millionths.
    package func fraction(_ key: String) -> UInt32? {
        self[key]?.number.map { UInt32(min(max($0, 0), 100) * 10_000) }
    }

    /// A number of bytes of a field, such as `16Ki`.
    package func bytes(_ key: String) -> UInt32? {
        self.text(key).flatMap(TextForm.byteCount).map { UInt32(clamping: $0) }
    }
}

/// Reading values that a schema has already checked: what is missing is empty.
extension ConfigValue {
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    var flag: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    /// The elements of a list; none for anything else.
    var elements: [ConfigValue] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }

    /// The entries of a mapping; none for anything else.
    var entries: [String: ConfigValue] {
        guard case .map(let entries) = self else { return [:] }
        return entries
    }

    func text(_ key: String) -> String? { self[key]?.text }

    func texts(_ key: String) -> [String] { self.list(key).compactMap(\.text) }

    func list(_ key: String) -> [ConfigValue] { self[key]?.elements ?? [] }

    func labels(_ key: String) -> [String: String] { self[key]?.entries.compactMapValues(\.text) ?? [:] }

    func port(_ key: String) -> UInt16? { self[key]?.integer.flatMap { UInt16(exactly: $0) } }

    /// One of an enum's words.
    func word<Word: RawRepresentable>(_ key: String, _ type: Word.Type = Word.self) -> Word?
    where Word.RawValue == String {
        self.text(key).flatMap { Word(rawValue: $0) }
    }
}

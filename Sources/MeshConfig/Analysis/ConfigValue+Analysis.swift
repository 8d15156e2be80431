extension ConfigValue {
    /// The text of a key of a map.
    func text(_ key: String) -> String? {
        guard case .string(let text)? = self[key] else { return nil }
        return text
    }

    /// The elements of a list at a key of a map; empty for anything else.
    func list(_ key: String) -> [ConfigValue] {
        guard case .list(let items)? = self[key] else { return [] }
        return items
    }

    /// The texts of a list at a key of a map.
    func texts(_ key: String) -> [String] {
        self.list(key).compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
}

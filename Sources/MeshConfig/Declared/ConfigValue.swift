/// A value as it was written, for kinds that are held whole.
package indirect enum ConfigValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case list([ConfigValue])
    case map([String: ConfigValue])

    /// The value of a key of a map; nil for anything else.
    package subscript(_ key: String) -> ConfigValue? {
        guard case .map(let entries) = self else { return nil }
        return entries[key]
    }
}

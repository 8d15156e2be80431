import MeshConfig
import MeshProtos

/// Istio's `headers.request` and `headers.response`.
enum HeaderOperations {
    /// The changes, without those of the authority; nil for none.
    static func changes(_ value: ConfigValue?) -> TulleL7.HeaderChanges? {
        guard let value else { return nil }
        let changes = TulleL7.HeaderChanges.with {
            $0.set = self.headers(value["set"])
            $0.add = self.headers(value["add"])
            $0.remove = value.texts("remove").map { $0.lowercased() }
        }
        return changes == TulleL7.HeaderChanges() ? nil : changes
    }

    /// What the authority is set to; nil where it stays.
    static func authority(_ value: ConfigValue?) -> String? {
        let set = value?.labels("set") ?? [:]
        return set.sorted { $0.key < $1.key }.first { self.isAuthority($0.key) }?.value
    }

    private static func isAuthority(_ name: String) -> Bool { name == ":authority" || name.lowercased() == "host" }

    private static func headers(_ value: ConfigValue?) -> [TulleL7.Header] {
        (value?.entries ?? [:]).sorted { $0.key < $1.key }.compactMap { name, value in
            guard !self.isAuthority(name), !name.hasPrefix(":") else { return nil }
            return TulleL7.Header.with {
                $0.name = name.lowercased()
                $0.value = value.text ?? ""
            }
        }
    }
}

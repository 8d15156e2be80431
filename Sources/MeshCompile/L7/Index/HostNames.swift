/// Reads host names as Istio's kinds write them: a name without a dot is a service of the resource's own namespace.
struct HostNames: Hashable {
    var namespace: String
    var meshDomain: String

    /// The name in full.
    func full(_ host: String) -> String {
        guard !host.isEmpty, host != "*", !host.utf8.contains(UInt8(ascii: ".")) else { return host }
        return "\(host).\(self.namespace).\(self.meshDomain)"
    }

    /// Whether a name is one that a pattern means: the same one, or one below `*.`; `*` means all.
    static func covers(_ pattern: String, _ name: String) -> Bool {
        if pattern == name || pattern == "*" { return true }
        guard pattern.utf8.starts(with: "*.".utf8) else { return false }
        let suffix = pattern.utf8.dropFirst()
        return name.utf8.count > suffix.count && name.utf8.reversed().starts(with: suffix.reversed())
    }

    /// How much of a name a pattern says: more for an exact one, then by length.
    static func weight(_ pattern: String) -> Int {
        pattern.utf8.first == UInt8(ascii: "*") ? pattern.utf8.count : 1000 + pattern.utf8.count
    }
}

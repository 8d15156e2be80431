import MeshConfig

/// The names by which people call kinds, as with kubectl: any case, singular, plural or short.
enum KindName {
    /// Short names, those of Istio's and the Gateway API's own resource definitions.
    private static let short: [String: ResourceKind] = [
        "ns": .namespace, "gtw": .gateway, "gw": .gateway, "refgrant": .referenceGrant, "vs": .virtualService,
        "dr": .destinationRule, "se": .serviceEntry, "we": .workloadEntry, "ap": .authorizationPolicy,
        "pa": .peerAuthentication, "ra": .requestAuthentication, "sab": .serviceAccountBinding,
    ]

    /// The kind that a word names.
    /// - Throws: `CommandFailure` with the names that there are.
    static func kind(_ word: String) throws(CommandFailure) -> ResourceKind {
        // `authorizationpolicies.security.istio.io` is written in full by some.
        let name = word.lowercased().prefix { $0 != "." }
        if let kind = Self.short[String(name)] { return kind }
        if let kind = ResourceKind.allCases.first(where: { Self.names($0).contains(String(name)) }) { return kind }
        let near = NearMiss.of(String(name), in: ResourceKind.allCases.map(\.rawValue)).map { "did you mean \($0)? " }
        throw CommandFailure(
            "there is no kind \"\(PlainLine.text(word, limit: 64))\"",
            hint: "\(near ?? "")the kinds are \(ResourceKind.allCases.map(\.rawValue).joined(separator: ", "))",
            status: .usage
        )
    }

    private static func names(_ kind: ResourceKind) -> [String] {
        let name = kind.rawValue.lowercased()
        if name.hasSuffix("y"), !name.hasSuffix("ay") { return [name, name.dropLast() + "ies"] }
        return [name, name.hasSuffix("s") ? name + "es" : name + "s"]
    }
}

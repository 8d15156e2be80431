import MeshConfig
import MeshProtos

/// An AuthorizationPolicy as ztunnels get it, and what its owner should know.
///
/// What a ztunnel can't tell (HTTP, JWT, some uses of trust domains) never makes a policy let through more than was
/// declared: an ALLOW loses the whole rule; a DENY loses the part, and so matches more. Istio's converter agrees but in
/// one point: there a part of a DENY of which nothing is left never matches, here it always does.
struct PolicyTranslation {
    /// What is sent; nil where ztunnels have no part in it.
    private(set) var authorization: IstioSecurity.Authorization?
    /// What its owner should know; nil for a waypoint's policy.
    private(set) var condition: ResourceCondition?

    private let policy: Declared.AuthorizationPolicy
    private let namespace: String
    private var unsupported: Set<String> = []
    private var ignored: Set<String> = []

    init(_ policy: Declared.AuthorizationPolicy, metadata: ResourceMetadata, rootNamespace: String) {
        self.policy = policy
        self.namespace = metadata.namespace
        guard policy.targetRefs.isEmpty else { return }
        guard let action = Self.action(policy.action) else {
            self.condition = ResourceCondition(
                .ztunnelAccepted,
                false,
                reason: "UnsupportedValue",
                message: "ztunnel does not support the \(policy.action.rawValue) action; use targetRefs and a waypoint"
            )
            return
        }
        let rules = policy.rules.compactMap { self.translate($0) }
        self.authorization = IstioSecurity.Authorization.with {
            $0.name = metadata.name
            $0.namespace = metadata.namespace
            $0.scope = Self.scope(policy, isRoot: metadata.namespace == rootNamespace)
            $0.action = action
            $0.rules = rules
            $0.isDryRun = metadata.annotations["istio.io/dry-run"] == "true"
        }
        self.condition = self.outcome(rules)
    }

    private static func action(
        _ action: Declared.AuthorizationPolicy.Action
    ) -> IstioSecurity.Authorization.Action? {
        switch action {
        case .allow: .allow
        case .deny: .deny
        case .audit, .custom: nil
        }
    }

    private static func scope(
        _ policy: Declared.AuthorizationPolicy,
        isRoot: Bool
    ) -> IstioSecurity.Authorization.Scope {
        if policy.selector != nil { return .workloadSelector }
        return isRoot ? .everywhere : .namespace
    }

    /// One rule; nil where it must not let anything through.
    private mutating func translate(_ rule: Declared.AuthorizationPolicy.Rule) -> IstioSecurity.Rule? {
        let expressesTrustDomains = self.policy.action == .deny
        let operations = rule.to.map { MatchTranslation($0) }
        let sources = rule.from.map { [namespace] source in
            MatchTranslation(source, namespace: namespace, expressesTrustDomains: expressesTrustDomains)
        }
        let parts = [operations, sources] + rule.when.map { [MatchTranslation($0)] }
        let unsupported = Set(parts.joined().flatMap(\.unsupported))
        self.unsupported.formUnion(unsupported)
        self.ignored.formUnion(parts.joined().flatMap(\.ignored))
        switch self.policy.action {
        case .deny:
            // An empty alternative would never match on the wire, and was declared to hold, or may.
            let known = parts.filter { part in !part.isEmpty && !part.contains { $0.isEmpty } }
            return Self.rule(known)
        default:
            guard unsupported.isEmpty else { return nil }
            return Self.rule(parts.filter { !$0.isEmpty })
        }
    }

    private static func rule(_ parts: [[MatchTranslation]]) -> IstioSecurity.Rule {
        IstioSecurity.Rule.with { rule in
            rule.clauses = parts.map { part in
                IstioSecurity.Clause.with { $0.matches = part.map(\.match) }
            }
        }
    }

    private func outcome(_ rules: [IstioSecurity.Rule]) -> ResourceCondition {
        guard !self.unsupported.isEmpty || !self.ignored.isEmpty else {
            return ResourceCondition(.ztunnelAccepted, true, reason: "Accepted", message: "enforced by ztunnel")
        }
        var parts: [String] = []
        let fields = self.unsupported.sorted().joined(separator: ", ")
        if !self.unsupported.isEmpty {
            switch self.policy.action {
            case .deny where rules.contains { $0.clauses.isEmpty }:
                parts.append(
                    "ztunnel can't tell \(fields); a DENY rule of which nothing is left refuses every connection"
                )
            case .deny:
                parts.append("ztunnel can't tell \(fields); the DENY rules are enforced without, and so refuse more")
            default:
                parts.append("ztunnel can't tell \(fields); rules with them are omitted, and so allow nothing")
            }
        }
        if !self.ignored.isEmpty {
            parts.append("values of \(self.ignored.sorted().joined(separator: ", ")) can't be read and match nothing")
        }
        return ResourceCondition(
            .ztunnelAccepted,
            true,
            reason: "UnsupportedValue",
            message: parts.joined(separator: "; ")
        )
    }
}

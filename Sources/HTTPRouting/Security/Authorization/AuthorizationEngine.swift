import MeshModel
package import MeshProtos

/// The AuthorizationPolicies of one service, ready to judge requests or, where bytes are not read, connections.
///
/// First the authorizers of CUSTOM policies are asked; then a DENY rule that fits refuses; then, if there are ALLOW
/// policies, one of their rules has to fit. AUDIT and dry runs are reported and change nothing. A policy that cannot be
/// enforced as it is written refuses everything.
package final class AuthorizationEngine: Sendable {
    /// What is judged.
    package enum Kind: Hashable, Sendable {
        /// Requests of HTTP.
        case requests
        /// Connections with bytes that nobody reads.
        case streams
    }

    /// The rules for one authorizer.
    struct Asking: Sendable {
        let authorizer: String
        let isKnown: Bool
        var rules = AccessRuleSet()
    }

    /// The policies that cannot be enforced as they are written, also those that are not enforced at all.
    package let faults: [PolicyFault]
    /// Whether there is no policy, so that everything passes.
    package let isEmpty: Bool
    let names: PrincipalNames
    let trustedProxies: Int
    /// Why nobody passes.
    let closing: PolicyFault?
    let custom: [Asking]
    let deny: AccessRuleSet
    let allow: AccessRuleSet
    let audit: AccessRuleSet
    let shadowDeny: AccessRuleSet
    let shadowAllow: AccessRuleSet

    /// Reads the policies; what is wrong with them is in ``faults``.
    package init(_ policies: [TulleL7.AuthorizationPolicy], settings: AuthorizationSettings, kind: Kind) {
        let names = PrincipalNames(settings.trustDomains)
        var faults: [PolicyFault] = []
        var closing: PolicyFault?
        var custom: [Asking] = []
        var sets: [Int32: AccessRuleSet] = [:]
        var shadows: [Int32: AccessRuleSet] = [:]
        for policy in policies {
            do throws(PolicyFault) {
                try Self.check(policy)
                let compiler = AccessRuleCompiler(policy: policy, names: names, isStream: kind == .streams)
                let rules = try compiler.rules()
                if policy.dryRun {
                    shadows[policy.action.rawValue, default: AccessRuleSet()].add(rules)
                } else if policy.action == .custom {
                    let place = custom.firstIndex { $0.authorizer == policy.provider } ?? custom.count
                    if place == custom.count {
                        let isKnown = settings.authorizers.contains(policy.provider)
                        custom.append(Asking(authorizer: policy.provider, isKnown: isKnown))
                    }
                    custom[place].rules.add(rules)
                } else {
                    sets[policy.action.rawValue, default: AccessRuleSet()].add(rules)
                }
            } catch {
                faults.append(error)
                if !policy.dryRun, policy.action != .audit, closing == nil { closing = error }
            }
        }
        self.faults = faults
        self.isEmpty = policies.isEmpty
        self.names = names
        self.trustedProxies = settings.trustedProxies
        self.closing = closing
        self.custom = custom.sorted { $0.authorizer.utf8.lexicographicallyPrecedes($1.authorizer.utf8) }
        let none = AccessRuleSet()
        self.deny = sets[TulleL7.AuthorizationPolicy.Action.deny.rawValue] ?? none
        self.allow = sets[TulleL7.AuthorizationPolicy.Action.allow.rawValue] ?? none
        self.audit = sets[TulleL7.AuthorizationPolicy.Action.audit.rawValue] ?? none
        self.shadowDeny = shadows[TulleL7.AuthorizationPolicy.Action.deny.rawValue] ?? none
        self.shadowAllow = shadows[TulleL7.AuthorizationPolicy.Action.allow.rawValue] ?? none
    }

    /// What the policies say about a connection, to be kept as long as it lasts.
    package func standing(for connection: ConnectionFacts) -> AuthorizationStanding {
        AuthorizationStanding(self, connection)
    }

    private static func check(_ policy: TulleL7.AuthorizationPolicy) throws(PolicyFault) {
        let name = "\(policy.namespace)/\(policy.name)"
        guard (0...3).contains(policy.action.rawValue) else {
            throw PolicyFault(policy: name, reason: "action \(policy.action.rawValue) is none that a waypoint knows")
        }
        guard policy.action != .custom || !policy.provider.isEmpty else {
            throw PolicyFault(policy: name, reason: "action CUSTOM needs provider")
        }
    }
}

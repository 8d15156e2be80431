/// Finds, of a policy's rules, those that can hold for a peer.
///
/// A rule with a clause whose matches all name their peers exactly holds for these peers only, so it is found by the
/// peer's name; all other rules are always looked at. A policy of a thousand callers costs each of them a look-up.
struct PolicyIndex: Hashable, Sendable {
    /// Rules by the identity that they name, without `spiffe://`.
    private var principals: [String: [Int]] = [:]
    /// Rules by the service account that they name.
    private var accounts: [PolicyMatch.ServiceAccount: [Int]] = [:]
    /// Rules that anybody may meet.
    private var others: [Int] = []

    /// Below this many rules looking at all of them is as fast.
    private static let minimum = 16

    /// Nil where there are few rules.
    init?(_ rules: [AuthorizationPolicy.Rule]) {
        guard rules.count >= Self.minimum else { return nil }
        for (number, rule) in rules.enumerated() {
            guard let peers = rule.clauses.lazy.compactMap(Peers.init).first else {
                self.others.append(number)
                continue
            }
            for principal in peers.principals { self.principals[principal, default: []].append(number) }
            for account in peers.accounts { self.accounts[account, default: []].append(number) }
        }
    }

    /// Whether one of the rules that can hold for the peer does.
    /// - Parameter principal: the peer's, made once.
    func contains(for peer: SPIFFEID?, _ principal: String?, _ holds: (Int) -> Bool) -> Bool {
        if let peer, let principal {
            let account = PolicyMatch.ServiceAccount(namespace: peer.namespace, name: peer.serviceAccount)
            if self.principals[principal]?.contains(where: holds) ?? false { return true }
            if self.accounts[account]?.contains(where: holds) ?? false { return true }
        }
        return self.others.contains(where: holds)
    }

    /// What an index says follows from the rules, so it tells no two policies apart.
    static func == (_: Self, _: Self) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}

/// Whom a clause can hold for, where all of its matches say it exactly.
private struct Peers {
    var principals: Set<String> = []
    var accounts: Set<PolicyMatch.ServiceAccount> = []

    init?(_ clause: AuthorizationPolicy.Clause) {
        guard !clause.matches.isEmpty else { return nil }
        for match in clause.matches {
            if let names = Self.exact(match.principals) {
                self.principals.formUnion(names)
            } else if !match.serviceAccounts.isEmpty {
                self.accounts.formUnion(match.serviceAccounts)
            } else {
                return nil
            }
        }
    }

    private static func exact(_ patterns: [StringMatch]) -> [String]? {
        guard !patterns.isEmpty else { return nil }
        var names: [String] = []
        for pattern in patterns {
            guard case .exact(let name) = pattern else { return nil }
            names.append(name)
        }
        return names
    }
}

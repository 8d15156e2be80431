/// Whether a rule lets a service account through, by what it says of sources; of addresses it is assumed.
enum PrincipalMatch {
    /// A service account; its trust domain is the mesh's.
    struct Account: Hashable, CustomStringConvertible {
        var namespace: String
        var name: String

        /// The part of its principal behind the trust domain.
        var path: String { "/ns/\(self.namespace)/sa/\(self.name)" }

        var description: String { "\(self.namespace)/\(self.name)" }
    }

    /// Whether the rule admits the account.
    /// - Parameter resource: the policy, in whose namespace bare service accounts are.
    static func admits(_ rule: Declared.AuthorizationPolicy.Rule, _ account: Account, from resource: DeclaredResource)
        -> Bool
    {
        rule.from.isEmpty
            || rule.from.contains { source in
                func holds(_ values: [String], _ matches: (String) -> Bool) -> Bool {
                    values.isEmpty || values.contains(where: matches)
                }
                func isAccount(_ text: String) -> Bool {
                    let own = text.contains("/") ? text : "\(resource.metadata.namespace)/\(text)"
                    return own == account.description
                }
                return holds(source.principals) { Self.principal($0, account) }
                    && holds(source.namespaces) { Self.pattern($0, account.namespace) }
                    && holds(source.serviceAccounts, isAccount)
                    && !source.notPrincipals.contains { Self.principal($0, account) }
                    && !source.notNamespaces.contains { Self.pattern($0, account.namespace) }
                    && !source.notServiceAccounts.contains(where: isAccount)
                    && source.trustDomains.isEmpty
            }
    }

    /// Whether a principal's pattern fits the account in some trust domain.
    private static func principal(_ pattern: String, _ account: Account) -> Bool {
        let text = pattern.hasPrefix("spiffe://") ? String(pattern.dropFirst(9)) : pattern
        if text == "*" { return true }
        if text.hasPrefix("*") {
            let end = text.dropFirst()
            // Longer than the path, it reaches into the trust domain, which may be any.
            return account.path.hasSuffix(end) || end.hasSuffix(account.path)
        }
        guard let slash = text.firstIndex(of: "/") else { return text.hasSuffix("*") }
        let path = text[slash...]
        return path.hasSuffix("*") ? account.path.hasPrefix(path.dropLast()) : path == account.path
    }

    /// Istio's short patterns: `*`, `x*`, `*x` and exact.
    private static func pattern(_ pattern: String, _ text: String) -> Bool {
        if pattern == "*" { return true }
        if pattern.hasPrefix("*") { return text.hasSuffix(pattern.dropFirst()) }
        if pattern.hasSuffix("*") { return text.hasPrefix(pattern.dropLast()) }
        return pattern == text
    }
}

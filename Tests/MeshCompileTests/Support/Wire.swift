import MeshModel
import MeshProtos
import Testing

/// Reads policies of the wire as a data plane does, strictly: what can't be read fails the test.
enum Wire {
    struct Unreadable: Error {}

    static func policy(_ bytes: [UInt8]) throws -> AuthorizationPolicy {
        let wire = try IstioSecurity.Authorization(decoding: bytes)
        let scope: AuthorizationPolicy.Scope
        switch wire.scope {
        case .everywhere: scope = .mesh
        case .namespace: scope = .namespace
        case .workloadSelector: scope = .workload
        default: throw Unreadable()
        }
        guard wire.action == .allow || wire.action == .deny else { throw Unreadable() }
        return AuthorizationPolicy(
            name: wire.name,
            namespace: wire.namespace,
            scope: scope,
            action: wire.action == .allow ? .allow : .deny,
            rules: try wire.rules.map { rule in
                AuthorizationPolicy.Rule(
                    clauses: try rule.clauses.map { clause in
                        AuthorizationPolicy.Clause(matches: try clause.matches.map(self.match))
                    }
                )
            },
            isDryRun: wire.isDryRun
        )
    }

    private static func match(_ wire: IstioSecurity.Match) throws -> PolicyMatch {
        var match = PolicyMatch()
        match.namespaces = try wire.namespaces.map(self.text)
        match.notNamespaces = try wire.notNamespaces.map(self.text)
        match.principals = try wire.principals.map(self.text)
        match.notPrincipals = try wire.notPrincipals.map(self.text)
        match.serviceAccounts = wire.serviceAccounts.map(self.account)
        match.notServiceAccounts = wire.notServiceAccounts.map(self.account)
        match.sourceIPs = try wire.sourceIPs.map(self.block)
        match.notSourceIPs = try wire.notSourceIPs.map(self.block)
        match.destinationIPs = try wire.destinationIPs.map(self.block)
        match.notDestinationIPs = try wire.notDestinationIPs.map(self.block)
        match.destinationPorts = try wire.destinationPorts.map(self.port)
        match.notDestinationPorts = try wire.notDestinationPorts.map(self.port)
        return match
    }

    private static func text(_ wire: IstioSecurity.StringMatch) throws -> StringMatch {
        switch wire.kind {
        case .exact(let text): .exact(text)
        case .prefix(let text): .prefix(text)
        case .suffix(let text): .suffix(text)
        case .presence: .presence
        case nil: throw Unreadable()
        }
    }

    private static func block(_ wire: IstioSecurity.Address) throws -> PolicyMatch.Block {
        guard let base = IPAddress(bytes: wire.address), wire.length <= wire.address.count * 8 else {
            throw Unreadable()
        }
        return PolicyMatch.Block(base: base, prefixLength: Int(wire.length))
    }

    private static func port(_ wire: UInt32) throws -> UInt16 {
        guard let port = UInt16(exactly: wire) else { throw Unreadable() }
        return port
    }

    private static func account(_ wire: IstioSecurity.ServiceAccountMatch) -> PolicyMatch.ServiceAccount {
        PolicyMatch.ServiceAccount(namespace: wire.namespace, name: wire.serviceAccount)
    }
}

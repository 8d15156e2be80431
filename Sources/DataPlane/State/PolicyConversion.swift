import MeshModel
import MeshProtos

extension AuthorizationPolicy {
    /// Reads a policy of the wire.
    ///
    /// Istio's ztunnel leaves out tests and addresses that it cannot read, which can widen an ALLOW; we refuse the policy.
    /// Workloads that list it are then refused, unless an earlier version of it is held.
    init(_ wire: IstioSecurity.Authorization) throws(ConversionError) {
        guard !wire.name.isEmpty, !wire.namespace.isEmpty else {
            throw ConversionError("namespace, name", "\(wire.namespace)/\(wire.name)", allowed: "neither may be empty")
        }
        let scope: Scope
        switch wire.scope {
        case .everywhere: scope = .mesh
        case .namespace: scope = .namespace
        case .workloadSelector: scope = .workload
        default: throw ConversionError("scope", wire.scope.rawValue, allowed: "0 to 2 are known")
        }
        let action: Action
        switch wire.action {
        case .allow: action = .allow
        case .deny: action = .deny
        default: throw ConversionError("action", wire.action.rawValue, allowed: "0 and 1 are known")
        }
        var rules: [Rule] = []
        for rule in wire.rules {
            var clauses: [Clause] = []
            for clause in rule.clauses {
                var matches: [PolicyMatch] = []
                for match in clause.matches { matches.append(try PolicyMatch(match)) }
                clauses.append(Clause(matches: matches))
            }
            rules.append(Rule(clauses: clauses))
        }
        self.init(
            name: wire.name,
            namespace: wire.namespace,
            scope: scope,
            action: action,
            rules: rules,
            isDryRun: wire.isDryRun
        )
    }
}

extension PolicyMatch {
    fileprivate init(_ wire: IstioSecurity.Match) throws(ConversionError) {
        self.init()
        self.namespaces = try Self.texts(wire.namespaces, "namespaces")
        self.notNamespaces = try Self.texts(wire.notNamespaces, "not_namespaces")
        self.principals = try Self.texts(wire.principals, "principals")
        self.notPrincipals = try Self.texts(wire.notPrincipals, "not_principals")
        self.sourceIPs = try Self.blocks(wire.sourceIPs, "source_ips")
        self.notSourceIPs = try Self.blocks(wire.notSourceIPs, "not_source_ips")
        self.destinationIPs = try Self.blocks(wire.destinationIPs, "destination_ips")
        self.notDestinationIPs = try Self.blocks(wire.notDestinationIPs, "not_destination_ips")
        self.destinationPorts = try Self.ports(wire.destinationPorts, "destination_ports")
        self.notDestinationPorts = try Self.ports(wire.notDestinationPorts, "not_destination_ports")
        self.serviceAccounts = wire.serviceAccounts.map(Self.account)
        self.notServiceAccounts = wire.notServiceAccounts.map(Self.account)
    }

    private static func texts(
        _ wire: [IstioSecurity.StringMatch],
        _ field: String
    ) throws(ConversionError) -> [StringMatch] {
        var texts: [StringMatch] = []
        for match in wire {
            switch match.kind {
            case .exact(let text): texts.append(.exact(text))
            case .prefix(let text): texts.append(.prefix(text))
            case .suffix(let text): texts.append(.suffix(text))
            case .presence: texts.append(.presence)
            case nil:
                throw ConversionError(field, "an unknown test", allowed: "exact, prefix, suffix, presence are known")
            }
        }
        return texts
    }

    private static func blocks(_ wire: [IstioSecurity.Address], _ field: String) throws(ConversionError) -> [Block] {
        var blocks: [Block] = []
        for address in wire {
            let (base, length) = try WireValue.prefixLength(address.length, of: address.address, field)
            blocks.append(Block(base: base, prefixLength: length))
        }
        return blocks
    }

    private static func ports(_ wire: [UInt32], _ field: String) throws(ConversionError) -> [UInt16] {
        var ports: [UInt16] = []
        for port in wire { ports.append(try WireValue.port(port, field)) }
        return ports
    }

    private static func account(_ wire: IstioSecurity.ServiceAccountMatch) -> ServiceAccount {
        ServiceAccount(namespace: wire.namespace, name: wire.serviceAccount)
    }
}

import MeshModel
import MeshProtos

/// Reads the rules of one AuthorizationPolicy.
struct AccessRuleCompiler {
    let policy: TulleL7.AuthorizationPolicy
    let names: PrincipalNames
    /// Whether the bytes of connections are not read, so that only they themselves can be judged.
    let isStream: Bool

    private var isOpening: Bool { self.policy.action == .allow }

    /// The rules that can fit.
    ///
    /// What a stream does not show makes a rule that opens unusable, and is left out of a rule that closes, which then
    /// closes more. So Istio has it, and so neither lets through what the policy's author did not mean to.
    func rules() throws(PolicyFault) -> [AccessRule] {
        var rules: [AccessRule] = []
        for (index, rule) in self.policy.rules.enumerated() {
            var from: [[AccessClause]] = []
            for source in rule.from { from.append(try self.clauses(source)) }
            var to: [[AccessClause]] = []
            for operation in rule.to { to.append(try self.clauses(operation)) }
            var when: [AccessClause] = []
            for condition in rule.when { when += try self.clauses(condition) }
            let origin = PolicyRule(namespace: self.policy.namespace, name: self.policy.name, index: index)
            if self.isStream {
                let isShown: (AccessClause) -> Bool = { $0.attribute.isOfStream }
                if self.isOpening, !(from + to + [when]).allSatisfy({ $0.allSatisfy(isShown) }) { continue }
                // An alternative of which nothing is left fits everything, as it must.
                from = from.map { $0.filter(isShown) }
                to = to.map { $0.filter(isShown) }
                when = when.filter(isShown)
            }
            rules.append(
                AccessRule(
                    origin: origin,
                    isWide: !self.isOpening,
                    from: from.map(Self.ordered),
                    to: to.map(Self.ordered),
                    when: Self.ordered(when)
                )
            )
        }
        return rules
    }

    private static func ordered(_ clauses: [AccessClause]) -> [AccessClause] {
        clauses.filter(\.attribute.isOfConnection) + clauses.filter { !$0.attribute.isOfConnection }
    }

    private func clauses(_ source: TulleL7.AuthorizationPolicy.Source) throws(PolicyFault) -> [AccessClause] {
        var pairs: [(AccessAttribute, Bool)] = []
        for (values, isNegated) in [(source.principals, false), (source.notPrincipals, true)] where !values.isEmpty {
            pairs.append((self.principals(values), isNegated))
        }
        for (values, isNegated) in [(source.requestPrincipals, false), (source.notRequestPrincipals, true)]
        where !values.isEmpty {
            pairs.append((.requestPrincipals(values.map(StringMatch.init(pattern:))), isNegated))
        }
        for (values, isNegated) in [(source.namespaces, false), (source.notNamespaces, true)] where !values.isEmpty {
            pairs.append((.namespaces(values.map(StringMatch.init(pattern:))), isNegated))
        }
        for (values, isNegated) in [(source.serviceAccounts, false), (source.notServiceAccounts, true)]
        where !values.isEmpty {
            pairs.append((try self.serviceAccounts(values), isNegated))
        }
        for (values, isNegated) in [(source.ipBlocks, false), (source.notIpBlocks, true)] where !values.isEmpty {
            pairs.append((.sourceAddresses(try self.blocks(values, "ipBlocks")), isNegated))
        }
        for (values, isNegated) in [(source.remoteIpBlocks, false), (source.notRemoteIpBlocks, true)]
        where !values.isEmpty {
            pairs.append((.clientAddresses(try self.blocks(values, "remoteIpBlocks")), isNegated))
        }
        for (values, isNegated) in [(source.trustDomains, false), (source.notTrustDomains, true)]
        where !values.isEmpty {
            pairs.append((try self.trustDomains(values), isNegated))
        }
        guard !pairs.isEmpty else { throw self.fault("from.source is empty; at least one field is needed") }
        return pairs.map { AccessClause(attribute: $0.0, isNegated: $0.1) }
    }

    private func clauses(_ operation: TulleL7.AuthorizationPolicy.Operation) throws(PolicyFault) -> [AccessClause] {
        var pairs: [(AccessAttribute, Bool)] = []
        for (values, isNegated) in [(operation.hosts, false), (operation.notHosts, true)] where !values.isEmpty {
            pairs.append((.hosts(values.map { StringMatch(pattern: $0).foldedASCII }), isNegated))
        }
        for (values, isNegated) in [(operation.ports, false), (operation.notPorts, true)] where !values.isEmpty {
            pairs.append((.destinationPorts(try self.ports(values)), isNegated))
        }
        for (values, isNegated) in [(operation.methods, false), (operation.notMethods, true)] where !values.isEmpty {
            pairs.append((.methods(values.map(StringMatch.init(pattern:))), isNegated))
        }
        for (values, isNegated) in [(operation.paths, false), (operation.notPaths, true)] where !values.isEmpty {
            pairs.append((try self.paths(values), isNegated))
        }
        guard !pairs.isEmpty else { throw self.fault("to.operation is empty; at least one field is needed") }
        return pairs.map { AccessClause(attribute: $0.0, isNegated: $0.1) }
    }

    private func clauses(_ condition: TulleL7.AuthorizationPolicy.Condition) throws(PolicyFault) -> [AccessClause] {
        var clauses: [AccessClause] = []
        for (values, isNegated) in [(condition.values, false), (condition.notValues, true)] where !values.isEmpty {
            let attribute = try self.attribute(condition.key, values)
            clauses.append(AccessClause(attribute: attribute, isNegated: isNegated))
        }
        guard !clauses.isEmpty else { throw self.fault("when \(condition.key) needs values or notValues") }
        return clauses
    }
}

extension AccessRuleCompiler {
    private func attribute(_ key: String, _ values: [String]) throws(PolicyFault) -> AccessAttribute {
        let patterns = values.map(StringMatch.init(pattern:))
        switch key {
        case "source.ip": return .sourceAddresses(try self.blocks(values, key))
        case "remote.ip": return .clientAddresses(try self.blocks(values, key))
        case "source.namespace": return .namespaces(patterns)
        case "source.principal": return self.principals(values)
        case "source.serviceAccount": return try self.serviceAccounts(values)
        case "source.trustDomain": return try self.trustDomains(values)
        case "destination.ip": return .destinationAddresses(try self.blocks(values, key))
        case "destination.port": return .destinationPorts(try self.ports(values))
        case "connection.sni": return .serverName(patterns.map(\.foldedASCII))
        case "request.auth.principal": return .requestPrincipals(patterns)
        case "request.auth.audiences": return .audiences(patterns)
        case "request.auth.presenter": return .claim(["azp"], patterns)
        default: break
        }
        if let names = Self.brackets(key, after: "request.headers"), names.count == 1, let name = names.first {
            guard let header = HeaderAttribute(name) else {
                throw self.fault("when \(key): the name between brackets is none of a header")
            }
            return .header(header, patterns)
        }
        if let path = Self.brackets(key, after: "request.auth.claims") { return .claim(path, patterns) }
        throw self.fault("when key \(key) is none that a waypoint knows")
    }

    /// The texts of `<start>[a][b]…`; nil for another form.
    static func brackets(_ key: String, after start: String) -> [String]? {
        guard key.utf8.starts(with: start.utf8) else { return nil }
        var rest = key.utf8.dropFirst(start.utf8.count)
        var names: [String] = []
        while rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let name = rest[..<end].dropFirst()
            guard !name.isEmpty else { return nil }
            names.append(String(decoding: name, as: UTF8.self))
            rest = rest[rest.index(after: end)...]
        }
        return rest.isEmpty && !names.isEmpty ? names : nil
    }

    /// A text up to the first slash names a trust domain, which goes by several names.
    private func principals(_ values: [String]) -> AccessAttribute {
        .principals(
            values.map { value in
                switch StringMatch(pattern: value) {
                case .exact(let text): .exact(self.names.canonical(text))
                case .prefix(let text): .prefix(self.names.canonical(text))
                case let other: other
                }
            }
        )
    }

    private func serviceAccounts(_ values: [String]) throws(PolicyFault) -> AccessAttribute {
        var accounts: [(namespace: String, name: String)] = []
        for value in values {
            let parts = value.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            guard parts.count <= 2, let name = parts.last, let first = parts.first, !name.isEmpty, !first.isEmpty else {
                throw self.fault("service account \(value) must be <account> or <namespace>/<account>")
            }
            accounts.append((parts.count == 2 ? first : self.policy.namespace, name))
        }
        return .serviceAccounts(accounts)
    }

    private func trustDomains(_ values: [String]) throws(PolicyFault) -> AccessAttribute {
        var patterns: [TrustDomainPattern] = []
        for value in values {
            guard let pattern = TrustDomainPattern(parsing: value) else {
                throw self.fault("trust domain \(value) must have at most one *")
            }
            patterns.append(pattern)
        }
        return .trustDomains(patterns)
    }

    private func blocks(_ values: [String], _ field: String) throws(PolicyFault) -> [AddressBlock] {
        var blocks: [AddressBlock] = []
        for value in values {
            guard let block = AddressBlock(parsing: value) else {
                throw self.fault("\(field) \(value) must be an IP address or <address>/<prefix length>")
            }
            blocks.append(block.canonical)
        }
        return blocks
    }

    private func ports(_ values: [String]) throws(PolicyFault) -> [UInt16] {
        var ports: [UInt16] = []
        for value in values {
            guard (1...5).contains(value.utf8.count), value.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let port = UInt16(value), port > 0
            else { throw self.fault("port \(value) must be 1...65535") }
            ports.append(port)
        }
        return ports
    }

    private func paths(_ values: [String]) throws(PolicyFault) -> AccessAttribute {
        var patterns: [PathPattern] = []
        for value in values {
            guard let pattern = PathPattern(parsing: value) else {
                throw self.fault(
                    "path \(value) must have {*} and one {**}, followed by plain segments, as whole segments"
                )
            }
            patterns.append(pattern)
        }
        return .paths(patterns)
    }

    private func fault(_ reason: String) -> PolicyFault {
        PolicyFault(policy: "\(self.policy.namespace)/\(self.policy.name)", reason: reason)
    }
}

/// Rules on AuthorizationPolicies.
enum PolicyRules {
    private typealias Policy = Declared.AuthorizationPolicy

    /// Attributes of `when` that ztunnel evaluates.
    private static let ztunnelKeys: Set<String> = [
        "source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port",
    ]

    /// The policies with their resources.
    private static func policies(_ context: AnalysisContext) -> [(DeclaredResource, Policy)] {
        context.resources.compactMap { resource in
            guard case .authorizationPolicy(let policy) = resource.spec else { return nil }
            return (resource, policy)
        }
    }

    /// TUL0201, TUL0206, TUL0207: what ztunnel cannot do.
    static func ztunnelPolicies(_ context: AnalysisContext) -> [Finding] {
        Self.policies(context).filter { $0.1.targetRefs.isEmpty }.flatMap { resource, policy -> [Finding] in
            switch policy.action {
            case .audit, .custom:
                let message =
                    "ztunnel does not know the action \(policy.action.rawValue), so the policy does nothing; give it "
                    + "targetRefs, and the target a waypoint"
                return [Finding(.actionUnsupported, resource, message)]
            case .allow, .deny: break
            }
            var findings: [Finding] = []
            let attributes = Set(policy.rules.flatMap(Self.httpAttributes)).sorted().joined(separator: ", ")
            if !attributes.isEmpty {
                let effect = policy.action == .allow ? "rules with them allow nothing" : Self.denyEffect(policy)
                let message =
                    "ztunnel sees no HTTP (\(attributes)): \(effect); use targetRefs, a waypoint"
                findings.append(Finding(.policyNeedsWaypoint, resource, message))
            }
            if policy.rules.contains(where: { $0.from.contains { !($0.trustDomains + $0.notTrustDomains).isEmpty } }) {
                let message =
                    "ztunnel does not compare trust domains, so rules with trustDomains allow nothing and deny more "
                    + "than they say; write the trust domain into principals"
                findings.append(Finding(.trustDomainsIgnored, resource, message))
            }
            return findings
        }
    }

    private static func denyEffect(_ policy: Policy) -> String {
        let isEmpty = policy.rules.filter { !Self.httpAttributes($0).isEmpty }.allSatisfy { rule in
            rule.to.allSatisfy { $0.ports.isEmpty && $0.notPorts.isEmpty }
        }
        return isEmpty ? "rules with them deny nothing" : "rules with them deny whatever fits the rest of the rule"
    }

    /// Names of the parts of a rule that need HTTP.
    private static func httpAttributes(_ rule: Policy.Rule) -> [String] {
        var names: [String] = []
        func note(_ name: String, _ values: [String]) { if !values.isEmpty { names.append(name) } }
        for source in rule.from {
            note("requestPrincipals", source.requestPrincipals + source.notRequestPrincipals)
            note("remoteIpBlocks", source.remoteIpBlocks + source.notRemoteIpBlocks)
        }
        for operation in rule.to {
            note("hosts", operation.hosts + operation.notHosts)
            note("methods", operation.methods + operation.notMethods)
            note("paths", operation.paths + operation.notPaths)
        }
        for condition in rule.when where !Self.ztunnelKeys.contains(condition.key) {
            names.append("when \(condition.key)")
        }
        return names
    }

    /// TUL0202, for PeerAuthentications too.
    static func selectors(_ context: AnalysisContext) -> [Finding] {
        guard let workloads = context.labelledWorkloads else { return [] }
        let byNamespace = Dictionary(grouping: workloads, by: \.namespace)
        return context.resources.compactMap { resource in
            let selector: Declared.Selector?
            switch resource.spec {
            case .authorizationPolicy(let policy): selector = policy.selector
            case .peerAuthentication(let peers): selector = peers.selector
            case .serviceEntry(let entry): selector = entry.workloadSelector
            default: return nil
            }
            guard let selector else { return nil }
            let namespace = resource.metadata.namespace
            let isRoot = namespace == context.rootNamespace
            let candidates = isRoot ? workloads : byNamespace[namespace] ?? []
            let matches = candidates.contains { selector.selects($0.labels) }
            guard !matches else { return nil }
            let labels = selector.matchLabels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ", ")
            let place = isRoot ? "in the mesh" : "in namespace \"\(namespace)\""
            return Finding(.selectorMatchesNothing, resource, "no workload \(place) has the labels \(labels)")
        }
    }

    /// TUL0203, TUL0204.
    static func targets(_ context: AnalysisContext) -> [Finding] {
        Self.policies(context).flatMap { resource, policy in
            policy.targetRefs.compactMap { Self.check($0, of: resource, context) }
        }
    }

    private static func check(
        _ target: Declared.TargetReference,
        of resource: DeclaredResource,
        _ context: AnalysisContext
    ) -> Finding? {
        let namespace = resource.metadata.namespace
        let name = "\(namespace)/\(target.name)"
        func missing() -> Finding {
            let message = "the target \(target.kind) \(name) is not there; the policy is enforced nowhere"
            return Finding(.policyTargetMissing, resource, message)
        }
        switch target.kind {
        case "Gateway": return context.gateways[name] == nil ? missing() : nil
        case "Service", "ServiceEntry":
            guard let service = context.service(target.name, in: namespace) else {
                return target.kind == "ServiceEntry" || context.knowsServices ? missing() : nil
            }
            guard (service.resource != nil) == (target.kind == "ServiceEntry") else { return missing() }
            guard service.waypoint == nil else { return nil }
            let message = "\(target.kind) \(name) has no waypoint, so nobody enforces the policy"
            return Finding(.policyTargetWithoutWaypoint, resource, message)
        default: return nil
        }
    }

    /// TUL0205: workloads behind a waypoint see the waypoint's identity, so an ALLOW policy must have it.
    static func waypointAdmission(_ context: AnalysisContext) -> [Finding] {
        Self.policies(context).compactMap { resource, policy in
            guard policy.action == .allow, policy.targetRefs.isEmpty else { return nil }
            let isRoot = resource.metadata.namespace == context.rootNamespace
            let services = isRoot ? context.services : context.services(in: resource.metadata.namespace)
            for service in services where Self.covers(policy, service, context) {
                guard let waypoint = service.waypoint else { continue }
                for account in Self.accounts(ofWaypoint: waypoint, context)
                where !policy.rules.contains(where: { PrincipalMatch.admits($0, account, from: resource) }) {
                    let message =
                        "the policy covers endpoints of \(service.key), whose connections come from the waypoint "
                        + "\(waypoint) (\(account)), and does not allow that identity"
                    return Finding(.policyBarsWaypoint, resource, message)
                }
            }
            return nil
        }
    }

    /// Whether a policy covers endpoints of a service of its namespace.
    private static func covers(
        _ policy: Policy,
        _ service: AnalysisContext.KnownService,
        _ context: AnalysisContext
    ) -> Bool {
        guard service.waypoint != nil else { return false }
        // Endpoints that are no workloads of the mesh have no ztunnel that could enforce anything.
        if case .serviceEntry(let entry)? = service.resource?.spec, entry.location == .external { return false }
        guard let selector = policy.selector else { return true }
        return context.workloads(of: service).contains { $0.labels.map(selector.selects) ?? false }
    }

    /// Service accounts of a waypoint's workloads; the one of its name while none runs.
    private static func accounts(ofWaypoint key: String, _ context: AnalysisContext) -> [PrincipalMatch.Account] {
        let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return [] }
        let workloads = context.service(parts[1], in: parts[0]).map(context.workloads) ?? []
        let accounts = Set(workloads.map { PrincipalMatch.Account(namespace: $0.namespace, name: $0.serviceAccount) })
        return accounts.isEmpty
            ? [PrincipalMatch.Account(namespace: parts[0], name: parts[1])]
            : accounts.sorted { $0.description < $1.description }
    }
}

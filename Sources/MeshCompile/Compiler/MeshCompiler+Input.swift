import MeshConfig
import MeshModel

extension MeshCompiler {
    /// Takes in what changed, and notes what has to be looked at for it.
    mutating func take(_ delta: MeshDelta, _ work: inout PendingWork) {
        for key in delta.removedResources { self.replace(key, with: nil, &work) }
        for resource in delta.resources { self.replace(resource.key, with: resource, &work) }
        for key in delta.removedServices { self.replace(key, with: nil, &work) }
        for facts in delta.services { self.replace(facts.key, with: facts, &work) }
        for uid in delta.removedWorkloads { self.replace(uid, with: nil, &work) }
        for facts in delta.workloads { self.replace(facts.uid, with: facts, &work) }
        if let keySets = delta.keySets { self.take(keySets: keySets, &work) }
    }

    private mutating func replace(_ key: ResourceKey, with new: DeclaredResource?, _ work: inout PendingWork) {
        guard self.input.resources[key] != new else { return }
        self.input.resources[key] = new
        self.noteL7(key, new, &work)
        switch key.kind {
        case .meshConfig: work.isEverything = true
        case .namespace: work.namespaces.insert(key.name)
        case .gateway: work.gateways.insert(key)
        case .serviceEntry: work.entries.insert(key)
        case .workloadEntry: work.workloadEntries.insert(key)
        case .authorizationPolicy, .peerAuthentication: work.policies.insert(key)
        default: break
        }
        work.statuses.insert(key)
    }

    private mutating func replace(_ key: NamespacedHostname, with new: ServiceFacts?, _ work: inout PendingWork) {
        let old = self.input.services[key]
        guard old != new else { return }
        self.input.services[key] = new
        if let old { self.servicesByName.take(key, from: "\(key.namespace)/\(old.name)") }
        if let new { self.servicesByName.add(key, to: "\(key.namespace)/\(new.name)") }
        self.replaceClaim(of: .platform, to: key, with: new.map { ServiceClaim($0) }, &work)
    }

    private mutating func replace(_ uid: String, with new: WorkloadFacts?, _ work: inout PendingWork) {
        guard self.input.workloads[uid] != new else { return }
        self.input.workloads[uid] = new
        self.replaceNode(uid, with: new.map { WorkloadNode($0) }, &work)
    }

    // MARK: Parts

    /// Puts a claim in the place of the one that the same source had.
    mutating func replaceClaim(
        of source: ServiceClaim.Source,
        to key: NamespacedHostname,
        with claim: ServiceClaim?,
        _ work: inout PendingWork
    ) {
        var claims = self.claims[key] ?? []
        let old = claims.first { $0.source == source }
        guard old != claim else { return }
        claims.removeAll { $0.source == source }
        if let claim { claims.append(claim) }
        self.claims[key] = claims.isEmpty ? nil : claims
        work.names.insert(key)
    }

    /// Puts a workload in the place of the one with the same uid.
    mutating func replaceNode(_ uid: String, with node: WorkloadNode?, _ work: inout PendingWork) {
        let old = self.nodes[uid]
        guard old != node else { return }
        if let old {
            self.index.remove(uid, namespace: old.facts.namespace, labels: old.policyLabels)
            self.workloadsByNetwork.take(uid, from: self.network(of: old))
            work.gateways.formUnion(self.waypointCandidates(uid, old))
        }
        self.nodes[uid] = node
        if node?.facts.refusesPlain == true { self.refusers.insert(uid) } else { self.refusers.remove(uid) }
        if let node {
            self.index.insert(uid, namespace: node.facts.namespace, labels: node.policyLabels)
            self.workloadsByNetwork.add(uid, to: self.network(of: node))
        }
        work.memberships.insert(uid)
        work.workloads.insert(uid)
    }

    func network(of node: WorkloadNode) -> String { node.facts.network ?? self.settings.network }

    // MARK: What concerns many

    mutating func settleConfig(_ work: inout PendingWork) {
        guard work.isEverything else { return }
        var config = Declared.MeshConfig()
        let key = ResourceKey(kind: .meshConfig, namespace: "", name: "default")
        if case .meshConfig(let declared) = self.input.resources[key]?.spec { config = declared }
        if config.rootNamespace != self.config.rootNamespace {
            self.policySet = PolicySet(rootNamespace: config.rootNamespace)
            self.policyConditions = [:]
        }
        self.config = config
        self.l7.providers = self.providerHosts
        let resources = self.input.resources.keys
        work.policies.formUnion(resources.filter { $0.kind == .authorizationPolicy || $0.kind == .peerAuthentication })
        work.entries.formUnion(resources.filter { $0.kind == .serviceEntry })
        work.gateways.formUnion(resources.filter { $0.kind == .gateway })
        work.statuses.formUnion(resources.filter { $0.kind == .authorizationPolicy || $0.kind == .serviceEntry })
        work.services.formUnion(self.services.keys)
        work.workloads.formUnion(self.nodes.keys)
    }

    mutating func settleNamespaces(_ work: inout PendingWork) {
        for name in work.namespaces {
            work.entries.formUnion(self.entriesByNamespace[name] ?? [])
            work.services.formUnion(self.servicesByNamespace[name] ?? [])
            work.workloads.formUnion(self.index.candidates(WorkloadScope(namespace: name)))
        }
    }

    /// Notes the workloads that a scope concerns.
    func workloads(in scope: WorkloadScope) -> [String] {
        self.index.candidates(scope).filter { uid in
            guard let labels = self.nodes[uid]?.policyLabels else { return false }
            return scope.labels.allSatisfy { labels[$0.key] == $0.value }
        }
    }
}

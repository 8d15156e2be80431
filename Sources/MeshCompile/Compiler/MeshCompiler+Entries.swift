import MeshConfig
import MeshModel

extension MeshCompiler {
    // MARK: WorkloadEntries

    mutating func settleWorkloadEntries(_ work: inout PendingWork) {
        for key in work.workloadEntries.sorted() {
            var nodes: [WorkloadNode] = []
            if let resource = self.input.resources[key], case .workloadEntry(let entry) = resource.spec,
                let node = WorkloadNode(entry, resource: resource, settings: self.settings)
            {
                nodes = [node]
            }
            self.replaceNodes(of: key, with: nodes, &work)
        }
    }

    /// Puts workloads in the place of those that came from the same resource. Of several with one uid the first counts.
    mutating func replaceNodes(of key: ResourceKey, with nodes: [WorkloadNode], _ work: inout PendingWork) {
        let byUID = Dictionary(nodes.map { ($0.facts.uid, $0) }) { first, _ in first }
        for uid in self.nodesByResource[key] ?? [] where byUID[uid] == nil {
            self.replaceNode(uid, with: nil, &work)
        }
        for (uid, node) in byUID { self.replaceNode(uid, with: node, &work) }
        self.nodesByResource[key] = byUID.isEmpty ? nil : byUID.keys.sorted()
    }

    // MARK: ServiceEntries

    mutating func settleEntries(_ work: inout PendingWork) {
        for key in work.entries.sorted() {
            let resource = self.input.resources[key]
            var names: [NamespacedHostname] = []
            var hosts: Set<String> = []
            var nodes: [WorkloadNode] = []
            var selector: [String: String]?
            if let resource, case .serviceEntry(let entry) = resource.spec {
                self.entriesByNamespace.add(key, to: key.namespace)
                let visibility = self.visibility(of: entry, in: key.namespace)
                if visibility != .nobody {
                    for host in entry.hosts where hosts.insert(host).inserted {
                        let claim = ServiceClaim(
                            entry,
                            host: host,
                            resource: resource,
                            isNamespaceOnly: visibility == .ownNamespace
                        )
                        names.append(claim.key)
                        self.replaceClaim(of: .entry(key), to: claim.key, with: claim, &work)
                    }
                    nodes = WorkloadNode.nodes(of: entry, resource: resource, settings: self.settings)
                    if entry.endpoints.isEmpty { selector = entry.workloadSelector?.matchLabels }
                }
            } else {
                self.entriesByNamespace.take(key, from: key.namespace)
            }
            for name in self.namesByEntry[key] ?? [] where !hosts.contains(name.hostname) {
                self.replaceClaim(of: .entry(key), to: name, with: nil, &work)
            }
            self.namesByEntry[key] = names.isEmpty ? nil : names
            self.replaceNodes(of: key, with: nodes, &work)
            work.memberships.formUnion(self.nodesByResource[key] ?? [])
            self.replaceSelector(of: key, with: selector, &work)
            work.statuses.insert(key)
            work.statuses.formUnion(self.targetPolicies[key.namespace] ?? [])
        }
    }

    func visibility(of entry: Declared.ServiceEntry, in namespace: String) -> Visibility {
        Visibility(entry, namespaceLabels: self.namespace(namespace).labels, config: self.config)
    }

    private mutating func replaceSelector(
        of key: ResourceKey,
        with new: [String: String]?,
        _ work: inout PendingWork
    ) {
        let old = self.selectors[key.namespace]?[key]
        self.selectors[key.namespace, default: [:]][key] = new
        if self.selectors[key.namespace]?.isEmpty == true { self.selectors[key.namespace] = nil }
        // Also where it is the same: the names of the entry's ports may be others.
        for labels in Set([old, new].compactMap(\.self)) { self.noteSelected(labels, key.namespace, &work) }
    }

    private func noteSelected(_ labels: [String: String], _ namespace: String, _ work: inout PendingWork) {
        work.memberships.formUnion(self.workloads(in: WorkloadScope(namespace: namespace, labels: labels)))
    }

    // MARK: Names

    /// Decides which claim to a name counts, and which of the services of a host name is canonical.
    mutating func settleNames(_ work: inout PendingWork) {
        var hostnames: Set<String> = []
        for key in work.names.sorted() {
            let claims = self.claims[key] ?? []
            let winner = claims.min { $0.beats($1) }
            let old = self.winners[key]
            work.statuses.formUnion(claims.compactMap(\.entry))
            guard old != winner else { continue }
            self.winners[key] = winner
            work.services.insert(key)
            if winner == nil {
                self.namespacesByHostname.take(key.namespace, from: key.hostname)
                self.servicesByNamespace.take(key, from: key.namespace)
            } else {
                self.namespacesByHostname.add(key.namespace, to: key.hostname)
                self.servicesByNamespace.add(key, to: key.namespace)
            }
            hostnames.insert(key.hostname)
            self.noteAddresses(old: old, new: winner, &work)
            // Endpoints follow the claim that counts, and its ports.
            for entry in Set([old, winner].compactMap { $0?.entry }) {
                work.memberships.formUnion(self.nodesByResource[entry] ?? [])
                if let labels = self.selectors[entry.namespace]?[entry] {
                    self.noteSelected(labels, entry.namespace, &work)
                }
            }
            if let gateway = WaypointState.gateway(of: key, settings: self.settings),
                self.input.resources[gateway] != nil
            {
                work.gateways.insert(gateway)
            }
        }
        for hostname in hostnames { self.electCanonical(hostname, &work) }
    }

    /// Counts the addresses that owners chose. Who holds one of them by chance has to give it up.
    private mutating func noteAddresses(old: ServiceClaim?, new: ServiceClaim?, _ work: inout PendingWork) {
        for block in old?.addresses ?? [] where block.isSingle {
            let count = (self.chosenAddresses[block.base] ?? 0) - 1
            self.chosenAddresses[block.base] = count > 0 ? count : nil
        }
        for block in new?.addresses ?? [] where block.isSingle {
            self.chosenAddresses[block.base, default: 0] += 1
            if let holder = self.holders[block.base] { work.services.insert(holder) }
        }
    }

    /// Decides whose service clients of all namespaces get by a host name: the platform's own, else that of the oldest
    /// entry that everybody may see.
    private mutating func electCanonical(_ hostname: String, _ work: inout PendingWork) {
        var best: ServiceClaim?
        for namespace in self.namespacesByHostname[hostname] ?? [] {
            let name = NamespacedHostname(namespace: namespace, hostname: hostname)
            guard let claim = self.winners[name], claim.mayBeCanonical else { continue }
            // A platform's are so by right, each of them.
            guard !claim.isPlatform else {
                best = nil
                break
            }
            guard let known = best else {
                best = claim
                continue
            }
            func age(_ claim: ServiceClaim) -> (Int64, String, String) {
                (claim.created, claim.key.namespace, claim.name)
            }
            if age(claim) < age(known) { best = claim }
        }
        let old = self.canonicalEntries[hostname]
        guard old != best?.key else { return }
        self.canonicalEntries[hostname] = best?.key
        work.services.formUnion([old, best?.key].compactMap(\.self))
    }

    /// Whether clients of all namespaces get this service by its host name.
    func isCanonical(_ claim: ServiceClaim) -> Bool {
        claim.isPlatform ? claim.mayBeCanonical : self.canonicalEntries[claim.key.hostname] == claim.key
    }

    // MARK: Memberships

    /// Finds the services that workloads back.
    mutating func settleMemberships(_ work: inout PendingWork) {
        for uid in work.memberships {
            self.counts.selections += 1
            let node = self.nodes[uid]
            let new = node.map { self.membership(of: $0) } ?? [:]
            let old = self.memberships[uid] ?? [:]
            if old != new {
                self.memberships[uid] = new.isEmpty ? nil : new
                for key in old.keys where new[key] == nil { self.endpoints.take(uid, from: key) }
                for key in new.keys where old[key] == nil { self.endpoints.add(uid, to: key) }
                work.workloads.insert(uid)
                for key in old.keys {
                    guard let gateway = WaypointState.gateway(of: key, settings: self.settings),
                        self.input.resources[gateway] != nil
                    else { continue }
                    work.gateways.insert(gateway)
                }
            }
            if let node { work.gateways.formUnion(self.waypointCandidates(uid, node)) }
        }
    }

    private func membership(of node: WorkloadNode) -> [NamespacedHostname: [ServicePort]] {
        var services = node.facts.services
        if case .endpoint(let key, let host) = node.origin {
            self.add(entry: key, host: host, node, to: &services)
        }
        guard node.isSelectable else { return services }
        for (key, labels) in self.selectors[node.facts.namespace] ?? [:]
        where labels.allSatisfy({ node.policyLabels[$0.key] == $0.value }) {
            self.add(entry: key, host: nil, node, to: &services)
        }
        return services
    }

    /// Adds the services of an entry whose names are its own.
    private func add(
        entry: ResourceKey,
        host: String?,
        _ node: WorkloadNode,
        to services: inout [NamespacedHostname: [ServicePort]]
    ) {
        guard case .serviceEntry(let spec)? = self.input.resources[entry]?.spec else { return }
        for name in self.namesByEntry[entry] ?? [] where host == nil || host == name.hostname {
            guard let winner = self.winners[name], winner.entry == entry else { continue }
            services[name] = zip(spec.ports, winner.ports).map { declared, port in
                var own = port
                own.targetPort = node.facts.portsByName[declared.name] ?? port.targetPort
                return own
            }
        }
    }
}

extension ServiceClaim {
    /// The ServiceEntry that claims; nil for the platform.
    var entry: ResourceKey? {
        guard case .entry(let key) = self.source else { return nil }
        return key
    }
}

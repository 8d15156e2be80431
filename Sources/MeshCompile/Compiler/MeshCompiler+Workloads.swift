import MeshConfig
import MeshModel

extension MeshCompiler {
    /// Joins workloads with the rest of the mesh, and encodes those that became others.
    mutating func settleWorkloads(_ work: inout PendingWork) {
        for uid in work.workloads.sorted() {
            self.counts.resolutions += 1
            guard let node = self.nodes[uid] else {
                self.forgetWorkload(uid, &work)
                continue
            }
            let instance = self.waypoint(of: uid, node)
            let binding = instance == nil ? self.binding(of: node) : WaypointBinding()
            self.replaceBinding(of: uid, node, with: binding, &work)
            let new = self.resolve(node, binding: binding, instance: instance)
            guard self.workloads[uid] != new else { continue }
            self.workloads[uid] = new
            self.put(new.resource(settings: self.settings), &work)
        }
    }

    /// The waypoint that a workload is an instance of; nil for none.
    private func waypoint(of uid: String, _ node: WorkloadNode) -> WaypointState? {
        self.waypointCandidates(uid, node).sorted().lazy.compactMap { self.waypoints[$0] }.first
    }

    private mutating func forgetWorkload(_ uid: String, _ work: inout PendingWork) {
        for gateway in self.bindings.removeValue(forKey: uid)?.dependencies ?? [] {
            self.dependentWorkloads.take(uid, from: gateway)
        }
        self.workloadFindings[uid] = nil
        self.workloads[uid] = nil
        self.drop(uid, &work)
    }

    private mutating func replaceBinding(
        of uid: String,
        _ node: WorkloadNode,
        with new: WaypointBinding,
        _ work: inout PendingWork
    ) {
        let old = self.bindings[uid]
        if old?.dependencies != new.dependencies {
            for gateway in old?.dependencies ?? [] { self.dependentWorkloads.take(uid, from: gateway) }
            for gateway in new.dependencies { self.dependentWorkloads.add(uid, to: gateway) }
        }
        self.bindings[uid] = new.dependencies.isEmpty ? nil : new
        self.workloadFindings[uid] = nil
        switch node.origin {
        case .workloadEntry(let key): work.statuses.insert(key)
        case .platform:
            guard let condition = new.condition, !condition.isTrue else { return }
            let detail = "\(condition.reason): \(condition.message)"
            self.workloadFindings[uid] = MeshFinding(.waypointUnbound, uid, detail)
        case .endpoint, .gateway: return
        }
    }

    private func binding(of node: WorkloadNode) -> WaypointBinding {
        self.binder.bind(
            WaypointSubject(
                kind: .workload,
                namespace: node.facts.namespace,
                choice: node.facts.waypoint ?? WaypointChoice(labels: node.facts.labels),
                labels: node.facts.labels,
                annotations: [:],
                isNamespaceOnly: false,
                namespaceMetadata: self.namespace(node.facts.namespace)
            )
        )
    }

    private func resolve(
        _ node: WorkloadNode,
        binding: WaypointBinding,
        instance: WaypointState?
    ) -> ResolvedWorkload {
        var facts = node.facts
        // They are inputs of what follows, and not sent themselves.
        facts.services = [:]
        facts.portsByName = [:]
        facts.waypoint = nil
        let services = self.memberships[facts.uid] ?? [:]
        var tunnel: InboundBinding?
        if let instance {
            if instance.binding.usesProxyProtocol {
                tunnel = instance.binding
            } else if facts.tunnel == .none {
                // A waypoint without a ztunnel in front of it ends the tunnels itself.
                facts.tunnel = .hbone
                facts.hasNativeTunnel = true
            }
        }
        let network = self.network(of: node)
        var networkGateway = self.gatewaysByNetwork[network]?.address
        // The way in is not reached by the way in.
        if case .gateway = node.origin { networkGateway = nil }
        return ResolvedWorkload(
            facts: facts,
            services: services,
            policies: self.policies(of: node, services: services.keys, binding, isInstance: instance != nil),
            waypoint: binding.address,
            networkGateway: networkGateway,
            applicationTunnel: tunnel,
            network: network,
            labels: self.comparedLabels(of: facts)
        )
    }

    private func policies(
        of node: WorkloadNode,
        services: some Sequence<NamespacedHostname>,
        _ binding: WaypointBinding,
        isInstance: Bool
    ) -> [String] {
        if case .gateway = node.origin { return [] }
        let listed = self.policySet.listed(
            namespace: node.facts.namespace,
            labels: node.policyLabels,
            refusesPlain: node.facts.refusesPlain
        )
        guard self.config.allowsWaypoints, !isInstance else { return listed }
        var bound: Set<ResourceKey> = []
        for binding in [binding] + services.compactMap({ self.services[$0]?.binding }) {
            for (key, state) in binding.dependencies.compactMap({ key in self.waypoints[key].map { (key, $0) } })
            where binding.address == state.address || binding.weighted.contains(where: { $0.gateway == state.address })
            {
                bound.insert(key)
            }
        }
        return (listed + bound.map { self.allowKey(of: $0) }).sorted()
    }
}

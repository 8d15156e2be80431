import MeshConfig
import MeshModel

extension MeshCompiler {
    // MARK: Ways into other networks

    mutating func settleNetworkGateways(_ work: inout PendingWork) {
        for key in work.gateways.sorted() {
            var new: NetworkGateway?
            var nodes: [WorkloadNode] = []
            if let resource = self.input.resources[key], case .gateway(let gateway) = resource.spec,
                let found = NetworkGateway(gateway, resource: resource)
            {
                new = found
                nodes = [WorkloadNode(gateway: found, resource: resource)]
            }
            let old = self.networkGateways[key]
            guard old != new || !nodes.isEmpty else { continue }
            self.networkGateways[key] = new
            self.replaceNodes(of: key, with: nodes, &work)
            for network in Set([old, new].compactMap { $0?.network }) { self.chooseGateway(into: network, &work) }
        }
        // Two may be declared for one address: what stands for it goes with the last.
        for (key, gateway) in self.networkGateways where self.nodes[gateway.uid] == nil {
            guard let resource = self.input.resources[key] else { continue }
            self.replaceNodes(of: key, with: [WorkloadNode(gateway: gateway, resource: resource)], &work)
        }
    }

    private mutating func chooseGateway(into network: String, _ work: inout PendingWork) {
        let best = self.networkGateways.values.filter { $0.network == network }.min { $0 < $1 }
        guard self.gatewaysByNetwork[network] != best else { return }
        self.gatewaysByNetwork[network] = best
        work.workloads.formUnion(self.workloadsByNetwork[network] ?? [])
    }

    // MARK: Waypoints

    mutating func settleWaypoints(_ work: inout PendingWork) {
        for key in work.gateways.sorted() {
            let service = WaypointState.service(of: key, settings: self.settings)
            let hasService = self.winners[service] != nil && self.endpoints[service] != nil
            var new: WaypointState?
            if let resource = self.input.resources[key], case .gateway(let gateway) = resource.spec {
                new = WaypointState(
                    gateway,
                    resource: resource,
                    settings: self.settings,
                    hasService: hasService
                )
            }
            let old = self.waypoints[key]
            if old != new {
                self.waypoints[key] = new
                work.l7.gateways.insert(key)
                work.services.formUnion(self.dependentServices[key] ?? [])
                work.workloads.formUnion(self.dependentWorkloads[key] ?? [])
                // Its own instances and its own service never have one.
                work.workloads.formUnion(self.instances(of: key))
                if self.winners[service] != nil { work.services.insert(service) }
                work.statuses.formUnion(self.targetPolicies[key.namespace] ?? [])
            }
            self.settleAllowPolicy(of: key)
            work.statuses.insert(key)
        }
    }

    /// The workloads that are instances of a waypoint: those that say so, and those behind its own service.
    func instances(of key: ResourceKey) -> Set<String> {
        let scope = WorkloadScope(namespace: key.namespace, labels: [MeshKeys.gatewayName: key.name])
        let service = WaypointState.service(of: key, settings: self.settings)
        return Set(self.workloads(in: scope)).union(self.endpoints[service] ?? [])
    }

    /// The declared gateways that a workload may be an instance of.
    func waypointCandidates(_ uid: String, _ node: WorkloadNode) -> Set<ResourceKey> {
        var keys: Set<ResourceKey> = []
        let namespace = node.facts.namespace
        if let name = node.policyLabels[MeshKeys.gatewayName] {
            keys.insert(ResourceKey(kind: .gateway, namespace: namespace, name: name))
        }
        for service in (self.memberships[uid] ?? [:]).keys where service.namespace == namespace {
            if let key = WaypointState.gateway(of: service, settings: self.settings) { keys.insert(key) }
        }
        return keys.filter { self.input.resources[$0] != nil }
    }

    // MARK: Bindings

    var binder: WaypointBinder {
        WaypointBinder(
            waypoint: { self.waypoints[$0] },
            settings: self.settings,
            unready: self.config.unreadyWaypoint
        )
    }

    /// Whether a service belongs to a gateway itself.
    func isGatewayService(_ claim: ServiceClaim) -> Bool {
        if claim.labels[MeshKeys.managed] != nil { return true }
        guard let key = WaypointState.gateway(of: claim.key, settings: self.settings) else { return false }
        return self.waypoints[key] != nil || self.networkGateways[key] != nil
    }
}

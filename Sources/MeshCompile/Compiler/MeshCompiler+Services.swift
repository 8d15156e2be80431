import MeshConfig
import MeshModel

extension MeshCompiler {
    /// Joins services with the rest of the mesh, and encodes those that became others.
    mutating func settleServices(_ work: inout PendingWork) {
        let keys = work.services.sorted()
        self.addresses.keep(keys.filter { self.winners[$0]?.isAutomatic == true }.map(\.description))
        for key in keys {
            self.counts.resolutions += 1
            let old = self.services[key]
            let new = self.winners[key].map { self.resolve($0, &work) }
            if new == nil { self.release(key, keeping: []) }
            guard old != new else { continue }
            self.services[key] = new
            work.l7.services.updateValue(old?.claim, forKey: key)
            if old?.binding != new?.binding { self.noteBinding(of: key, old: old?.binding, new: new?.binding, &work) }
            if let entry = (new ?? old)?.claim.entry { work.statuses.insert(entry) }
            if let new {
                self.put(new.resource(network: self.settings.network), &work)
            } else {
                self.serviceFindings[key] = nil
                self.drop(key.description, &work)
            }
        }
    }

    private mutating func noteBinding(
        of key: NamespacedHostname,
        old: WaypointBinding?,
        new: WaypointBinding?,
        _ work: inout PendingWork
    ) {
        for gateway in old?.dependencies ?? [] { self.dependentServices.take(key, from: gateway) }
        for gateway in new?.dependencies ?? [] { self.dependentServices.add(key, to: gateway) }
        work.statuses.formUnion(self.targetPolicies[key.namespace] ?? [])
        // Who backs it must let its waypoint through.
        if self.config.allowsWaypoints { work.workloads.formUnion(self.endpoints[key] ?? []) }
    }

    private mutating func resolve(_ claim: ServiceClaim, _ work: inout PendingWork) -> ResolvedService {
        let namespace = self.namespace(claim.key.namespace)
        let subject = WaypointSubject(
            kind: .service,
            namespace: claim.key.namespace,
            choice: claim.waypoint ?? WaypointChoice(labels: claim.labels),
            labels: claim.labels,
            annotations: claim.annotations,
            isNamespaceOnly: claim.isNamespaceOnly,
            namespaceMetadata: namespace
        )
        let addresses = self.automaticAddresses(of: claim)
        let binding = self.isGatewayService(claim) ? WaypointBinding() : self.binder.bind(subject)
        var findings: [MeshFinding] = []
        if claim.isAutomatic, addresses.isEmpty {
            let detail =
                "all virtual addresses are taken, or none could be claimed yet; clients reach it by its endpoints' "
                + "addresses only"
            findings.append(MeshFinding(.addressesExhausted, claim.key.description, detail))
        }
        // Declared resources have conditions instead.
        if claim.isPlatform, let condition = binding.condition, !condition.isTrue {
            let detail = "\(condition.reason): \(condition.message)"
            findings.append(MeshFinding(.waypointUnbound, claim.key.description, detail))
        }
        self.serviceFindings[claim.key] = findings.isEmpty ? nil : findings
        return ResolvedService(
            claim: claim,
            addresses: addresses,
            isCanonical: self.isCanonical(claim),
            binding: binding,
            ingressUsesWaypoint: WaypointBinder.isIngress(subject),
            distribution: self.distribution(of: claim, namespace)
        )
    }

    private func distribution(of claim: ServiceClaim, _ namespace: ResourceMetadata) -> TrafficDistribution? {
        claim.distribution
            ?? TrafficDistribution(annotation: claim.annotations[MeshKeys.trafficDistribution])
            ?? TrafficDistribution(annotation: namespace.annotations[MeshKeys.trafficDistribution])
            ?? (claim.isPlatform ? self.settings.distribution : nil)
    }

    // MARK: Virtual addresses

    private mutating func automaticAddresses(of claim: ServiceClaim) -> [IPAddress] {
        guard claim.isAutomatic else {
            self.release(claim.key, keeping: [])
            return []
        }
        let chosen = self.chosenAddresses
        let addresses = self.addresses.addresses(for: claim.key.description) { chosen[$0] != nil }
        self.release(claim.key, keeping: addresses)
        for address in addresses { self.holders[address] = claim.key }
        return addresses
    }

    /// Gives back what a service held and no longer holds.
    private mutating func release(_ key: NamespacedHostname, keeping kept: [IPAddress]) {
        let held = self.services[key]?.addresses ?? []
        for address in held where !kept.contains(address) && self.holders[address] == key {
            self.holders[address] = nil
        }
        if kept.isEmpty, !held.isEmpty { self.addresses.release(key.description) }
    }
}

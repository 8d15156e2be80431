import MeshConfig
import MeshModel

extension MeshCompiler {
    /// Says what became of declared resources, where that is something else than before.
    mutating func settleStatuses(_ work: inout PendingWork) {
        for key in work.statuses {
            let conditions = self.input.resources[key].map { self.conditions(of: $0).sorted() } ?? []
            guard conditions != self.statuses[key] ?? [] else { continue }
            self.statuses[key] = conditions.isEmpty ? nil : conditions
            work.change.statuses[key] = conditions
        }
    }

    private func conditions(of resource: DeclaredResource) -> [ResourceCondition] {
        switch resource.spec {
        case .serviceEntry(let entry): self.conditions(of: entry, resource)
        case .workloadEntry:
            (self.nodesByResource[resource.key] ?? []).compactMap { self.bindings[$0]?.condition }
        case .authorizationPolicy(let policy):
            if policy.targetRefs.isEmpty {
                [self.policyConditions[resource.key]].compactMap(\.self)
            } else {
                [self.targetCondition(of: policy.targetRefs, resource)]
            }
        case .gateway(let gateway): self.conditions(of: gateway, resource)
        case .route(let kind, let spec): self.conditions(of: kind, spec, resource)
        default: []
        }
    }

    // MARK: ServiceEntries

    private func conditions(of entry: Declared.ServiceEntry, _ resource: DeclaredResource) -> [ResourceCondition] {
        let key = resource.key
        var conditions = [self.visibility(of: entry, in: key.namespace).condition]
        let names = self.namesByEntry[key] ?? []
        let own = names.compactMap { self.services[$0] }.filter { $0.claim.entry == key }
        // All hosts have the same labels, hence the same waypoint.
        if let condition = own.first?.binding.condition { conditions.append(condition) }
        if let missing = own.first(where: { $0.claim.needsWaypoint && $0.binding.address == nil }) {
            conditions.append(
                ResourceCondition(
                    .waypointMissing,
                    true,
                    reason: "NoWaypointForWildcardService",
                    message: "\(missing.claim.key.hostname) can be resolved by a waypoint only: bind one"
                )
            )
        }
        let shadows = names.compactMap { name -> String? in
            guard let winner = self.winners[name], winner.entry != key else { return nil }
            return "\(name.hostname) by \(winner.entry?.description ?? "a service of the platform")"
        }
        if !shadows.isEmpty {
            let more = shadows.count > 5 ? " and \(shadows.count - 5) more" : ""
            let message = "another has its names: \(shadows.prefix(5).joined(separator: ", "))\(more)"
            conditions.append(ResourceCondition(.shadowed, true, reason: "HostConflict", message: message))
        }
        return conditions
    }

    // MARK: Gateways

    private func conditions(of gateway: Declared.Gateway, _ resource: DeclaredResource) -> [ResourceCondition] {
        if let waypoint = self.waypoints[resource.key] { return waypoint.conditions }
        guard NetworkGateway.classes.contains(gateway.gatewayClassName) else {
            let message = "class \(gateway.gatewayClassName) is not known"
            return [ResourceCondition(.accepted, false, reason: "InvalidParameters", message: message)]
        }
        let accepted = ResourceCondition(.accepted, true, reason: "Accepted", message: "a way into another network")
        guard let found = self.networkGateways[resource.key] else {
            let message =
                "needs spec.addresses, a listener of protocol HBONE with TLS that it terminates, and the label "
                + MeshKeys.network
            return [
                accepted, ResourceCondition(.programmed, false, reason: "AddressNotAssigned", message: message),
            ]
        }
        let message = "network \(found.network) is reached at \(found.address)"
        return [accepted, ResourceCondition(.programmed, true, reason: "Programmed", message: message)]
    }

    // MARK: Policies with targets

    private struct Target {
        var name: String
        var reason: String
    }

    func targetCondition(of references: [Declared.TargetReference], _ resource: DeclaredResource) -> ResourceCondition {
        let targets = references.map { reference in
            Target(
                name: "\(reference.kind)/\(reference.name)",
                reason: self.reason(of: reference, namespace: resource.metadata.namespace)
            )
        }
        let failing = targets.filter { $0.reason != "Accepted" }
        guard let first = failing.first else {
            let names = targets.map(\.name).joined(separator: ", ")
            return ResourceCondition(.waypointAccepted, true, reason: "Accepted", message: "bound to \(names)")
        }
        let reason =
            switch (targets.count, failing.count) {
            case (1, _): first.reason
            case (let all, let some) where some < all: "PartiallyInvalid"
            default: "Invalid"
            }
        let message = failing.map { "\($0.name): \($0.reason)" }.joined(separator: ", ")
        return ResourceCondition(.waypointAccepted, false, reason: reason, message: message)
    }

    private func reason(of reference: Declared.TargetReference, namespace: String) -> String {
        func outcome(_ services: [ResolvedService]) -> String {
            if services.isEmpty { return "TargetNotFound" }
            let isBound = services.contains { $0.binding.condition?.isTrue == true }
            return isBound ? "Accepted" : "AncestorNotBound"
        }
        switch reference.kind {
        case "Service":
            let keys = self.servicesByName["\(namespace)/\(reference.name)"] ?? []
            return outcome(keys.compactMap { self.services[$0] })
        case "ServiceEntry":
            let key = ResourceKey(kind: .serviceEntry, namespace: namespace, name: reference.name)
            let names = self.namesByEntry[key] ?? []
            return outcome(names.compactMap { self.services[$0] }.filter { $0.claim.entry == key })
        case "Gateway":
            let key = ResourceKey(kind: .gateway, namespace: namespace, name: reference.name)
            return self.waypoints[key]?.isReady == true ? "Accepted" : "TargetNotFound"
        case "GatewayClass":
            let isOurs = WaypointState.classes.contains(reference.name)
            return isOurs && namespace == self.config.rootNamespace ? "Accepted" : "Invalid"
        default: return "Invalid"
        }
    }
}

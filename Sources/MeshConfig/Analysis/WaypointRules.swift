/// Rules on waypoints and on what is bound to them.
enum WaypointRules {
    private static let classes: Set<String> = ["istio-waypoint", "tulle-waypoint"]
    private static let trafficType = "istio.io/waypoint-for"
    private static let inboundBinding = "ambient.istio.io/waypoint-inbound-binding"
    private static let tunnelPort: UInt16 = 15008

    /// TUL0101, TUL0102, TUL0105, TUL0106.
    static func references(_ context: AnalysisContext) -> [Finding] {
        context.resources.flatMap { resource -> [Finding] in
            // What inherits its namespace's waypoint is told of once, at the namespace.
            guard let reference = WaypointReference(of: resource, in: context.namespaces), reference.isOwn else {
                return []
            }
            guard let found = context.gateways[reference.key] else {
                let message =
                    "the label \(WaypointReference.use) names the waypoint \(reference.key), which is not declared; "
                    + "connections are refused until it is"
                return [Finding(.waypointMissing, resource, message)]
            }
            guard Self.classes.contains(found.gateway.gatewayClassName) else {
                let message =
                    "the gateway \(reference.key) is no waypoint: its class is \"\(found.gateway.gatewayClassName)\"; "
                    + "allowed are \(Self.classes.sorted().joined(separator: " and "))"
                return [Finding(.waypointClassWrong, resource, message)]
            }
            return Self.attachment(of: resource, to: reference, found.gateway, context)
                + Self.traffic(of: resource, to: reference, found.resource)
        }
    }

    private static func attachment(
        of resource: DeclaredResource,
        to reference: WaypointReference,
        _ gateway: Declared.Gateway,
        _ context: AnalysisContext
    ) -> [Finding] {
        let home = resource.spec == .namespace ? resource.metadata.name : resource.metadata.namespace
        guard home != reference.namespace, let listener = Self.listener(of: gateway) else { return [] }
        let allowed: Bool
        switch listener.allowedNamespaces {
        case .same: allowed = false
        case .all: allowed = true
        case .selector(let selector): allowed = selector.selects(Self.labels(of: home, context))
        }
        guard !allowed else { return [] }
        let message =
            "the waypoint \(reference.key) does not take what namespace \"\(home)\" binds to it; its listener "
            + "\"\(listener.name)\" must allow it with allowedRoutes.namespaces"
        return [Finding(.waypointRefusesNamespace, resource, message)]
    }

    /// A namespace's labels, with the one that Kubernetes gives each.
    private static func labels(of namespace: String, _ context: AnalysisContext) -> [String: String] {
        var labels = context.namespaces[namespace]?.metadata.labels ?? [:]
        labels["kubernetes.io/metadata.name"] = labels["kubernetes.io/metadata.name"] ?? namespace
        return labels
    }

    private static func traffic(
        of resource: DeclaredResource,
        to reference: WaypointReference,
        _ gateway: DeclaredResource
    ) -> [Finding] {
        let type = gateway.metadata.labels[Self.trafficType] ?? "service"
        let needed: String
        switch resource.spec {
        case .serviceEntry: needed = "service"
        case .workloadEntry: needed = "workload"
        default: return []
        }
        guard type != "all", type != needed else { return [] }
        let message =
            "the waypoint \(reference.key) is for \"\(type)\", so it does not carry this \(needed)'s connections; "
            + "label it \(Self.trafficType): all, or \(needed)"
        return [Finding(.waypointTypeMismatch, resource, message)]
    }

    /// TUL0103, TUL0104.
    static func gateways(_ context: AnalysisContext) -> [Finding] {
        var used = Set(context.resources.compactMap { WaypointReference(of: $0, in: context.namespaces)?.key })
        used.formUnion(context.facts?.services.compactMap(\.waypoint) ?? [])
        return context.gateways.values.flatMap { resource, gateway -> [Finding] in
            guard Self.classes.contains(gateway.gatewayClassName) else { return [] }
            var findings: [Finding] = []
            if Self.listener(of: gateway) == nil {
                let message =
                    "the waypoint has no listener with protocol HBONE on port \(Self.tunnelPort); it takes no tunnel"
                findings.append(Finding(.waypointListenerWrong, resource, message))
            }
            let type = resource.metadata.labels[Self.trafficType]
            if !used.contains("\(resource.metadata.namespace)/\(resource.metadata.name)"), type != "none" {
                let message =
                    "nothing is bound to this waypoint; label a namespace or a ServiceEntry, or tag a service, "
                    + "\(WaypointReference.use): \(resource.metadata.name)"
                findings.append(Finding(.waypointUnused, resource, message))
            }
            return findings
        }
    }

    /// The listener that takes tunnels, or in sandwich mode what the other proxy sends.
    private static func listener(of gateway: Declared.Gateway) -> Declared.Gateway.Listener? {
        if let binding = gateway.infrastructureAnnotations[Self.inboundBinding], binding.hasPrefix("PROXY") {
            let port = binding.split(separator: "/").dropFirst().first.flatMap { UInt16($0) }
            return gateway.listeners.first { port == nil || $0.port == port }
        }
        return gateway.listeners.first { $0.protocol == "istio.io/PROXY" }
            ?? gateway.listeners.first { $0.protocol == "HBONE" && $0.port == Self.tunnelPort }
    }
}

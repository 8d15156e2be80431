import MeshConfig
import MeshModel

/// Which waypoint stands in front of something, and why.
struct WaypointBinding: Hashable {
    /// The waypoint that was asked for; nil for none.
    var gateway: ResourceKey?
    /// Where connections go; nil for straight to the target.
    var address: GatewayAddress?
    /// Both waypoints and their shares; empty where there is only one.
    var weighted: [WeightedWaypoint] = []
    /// What the owner should know; nil where nothing was asked for.
    var condition: ResourceCondition?
    /// Every waypoint that had to be looked at.
    var dependencies: Set<ResourceKey> = []

    /// Whether it is asked for and does not stand there.
    var isBroken: Bool { self.condition?.isTrue == false }
}

/// Something that a waypoint may stand in front of.
struct WaypointSubject {
    enum Kind {
        case service, workload
    }

    var kind: Kind
    var namespace: String
    /// What its owner says; nil for nothing.
    var choice: WaypointChoice?
    var labels: [String: String]
    var annotations: [String: String]
    var isNamespaceOnly: Bool
    var namespaceMetadata: ResourceMetadata
}

/// Finds waypoints as Istio does (labels of the object, then of its namespace), and says why one is not used.
struct WaypointBinder {
    /// Why a waypoint is not used.
    private struct Refusal {
        var reason: String
        var message: String
        /// Whether connections must not go round it.
        var closes = false
    }

    /// The waypoint of a Gateway; nil where there is no such one.
    let waypoint: (ResourceKey) -> WaypointState?
    let settings: MeshSettings
    let unready: Declared.MeshConfig.UnreadyWaypoint

    func bind(_ subject: WaypointSubject) -> WaypointBinding {
        let inherited = WaypointChoice(labels: subject.namespaceMetadata.labels)
        let isInherited = subject.choice == nil
        guard case .gateway(let namespace, let name) = subject.choice ?? inherited else { return WaypointBinding() }
        let key = ResourceKey(kind: .gateway, namespace: namespace ?? subject.namespace, name: name)
        var binding = WaypointBinding(gateway: key, dependencies: [key])
        switch self.find(key, for: subject, isInherited: isInherited) {
        case .success(let state):
            binding.address = state.address
            var message = "bound to \(key.namespace)/\(key.name)"
            if subject.kind == .service {
                message += self.addCanary(to: &binding, subject, isInherited: isInherited, primary: key, state)
                message +=
                    Self.isIngress(subject)
                    ? "; ingress goes through it as well" : "; ingress goes round it"
            }
            binding.condition = ResourceCondition(.waypointBound, true, reason: "WaypointAccepted", message: message)
        case .failure(nil):
            // A namespace's waypoint that is not for workloads is none of theirs.
            return WaypointBinding(dependencies: [key])
        case .failure(let refusal?):
            if refusal.closes, self.unready == .refuse {
                binding.address =
                    self.waypoint(key)?.address
                    ?? GatewayAddress(
                        destination: .hostname(WaypointState.service(of: key, settings: self.settings)),
                        hbonePort: WaypointState.hbonePort
                    )
            }
            let consequence = binding.address == nil ? "connections go round it" : "connections are refused"
            binding.condition = ResourceCondition(
                .waypointBound,
                false,
                reason: refusal.reason,
                message: "\(key.namespace)/\(key.name) \(refusal.message); \(consequence)"
            )
        }
        return binding
    }

    /// Whether ingress gateways must use the waypoint as well: as the object says, else its namespace.
    static func isIngress(_ subject: WaypointSubject) -> Bool {
        let label = subject.labels[MeshKeys.ingressUseWaypoint]
        return (label ?? subject.namespaceMetadata.labels[MeshKeys.ingressUseWaypoint]) == "true"
    }

    // MARK: Steps

    private enum Outcome {
        case success(WaypointState)
        /// Nil where nobody needs to know.
        case failure(Refusal?)
    }

    private func find(_ key: ResourceKey, for subject: WaypointSubject, isInherited: Bool) -> Outcome {
        if subject.isNamespaceOnly, key.namespace != subject.namespace {
            let message = "is in another namespace, and what only its own namespace sees can't be bound to it"
            return .failure(Refusal(reason: "CrossNamespaceWaypointForbidden", message: message))
        }
        guard let state = self.waypoint(key) else {
            // One that is not there has the usual audience, services, unless a workload asks by itself.
            guard subject.kind == .service || !isInherited else { return .failure(nil) }
            return .failure(Refusal(reason: "WaypointIsNotReady", message: "is no waypoint that exists", closes: true))
        }
        guard state.allows(namespace: subject.namespace, labels: subject.namespaceMetadata.labels) else {
            let message = "does not allow namespace \(subject.namespace) in its listener's allowedRoutes"
            return .failure(Refusal(reason: "AttachmentDenied", message: message))
        }
        switch subject.kind {
        case .service where !state.audience.takesServices, .workload where !state.audience.takesWorkloads:
            if subject.kind == .workload, isInherited { return .failure(nil) }
            let message = "is for \(state.audience.rawValue), by its label \(MeshKeys.waypointFor)"
            return .failure(Refusal(reason: "UnsupportedTrafficType", message: message))
        default: break
        }
        guard state.isReady else {
            return .failure(Refusal(reason: "WaypointIsNotReady", message: "has no address yet", closes: true))
        }
        return .success(state)
    }

    /// Adds the second waypoint where one is asked for, and says what became of it.
    private func addCanary(
        to binding: inout WaypointBinding,
        _ subject: WaypointSubject,
        isInherited: Bool,
        primary: ResourceKey,
        _ state: WaypointState
    ) -> String {
        var choice = WaypointChoice(canary: subject.labels)
        var annotations = subject.annotations
        if choice == nil, isInherited {
            choice = WaypointChoice(canary: subject.namespaceMetadata.labels)
            annotations = subject.namespaceMetadata.annotations
        }
        guard case .gateway(let namespace, let name) = choice else { return "" }
        let key = ResourceKey(kind: .gateway, namespace: namespace ?? subject.namespace, name: name)
        binding.dependencies.insert(key)
        guard key != primary else { return "; CanarySameAsPrimary: the canary is the waypoint itself" }
        guard let weight = annotations[MeshKeys.canaryWeight].flatMap({ DecimalText.number($0) }), weight <= 100 else {
            return "; CanaryInvalidWeight: \(MeshKeys.canaryWeight) must be 0 to 100"
        }
        switch self.find(key, for: subject, isInherited: false) {
        case .success(let canary):
            binding.weighted = [
                WeightedWaypoint(gateway: state.address, weight: 100 - weight),
                WeightedWaypoint(gateway: canary.address, weight: weight),
            ]
            return ", \(weight)% to \(key.namespace)/\(key.name)"
        case .failure(let refusal):
            let reason = refusal.map { "\($0.reason), \(key.namespace)/\(key.name) \($0.message)" } ?? "not found"
            return "; canary not used: \(reason)"
        }
    }
}

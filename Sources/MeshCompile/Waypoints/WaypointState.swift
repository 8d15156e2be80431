import MeshConfig
import MeshModel

/// A Gateway that is a waypoint, as far as others depend on it.
struct WaypointState: Hashable {
    /// What may be sent through it.
    enum Audience: String, Hashable, CaseIterable {
        case service, workload, all, none

        var takesServices: Bool { self == .service || self == .all }
        var takesWorkloads: Bool { self == .workload || self == .all }
    }

    static let hbonePort: UInt16 = 15_008
    static let classes: Set<String> = ["istio-waypoint", "tulle-waypoint"]

    var key: ResourceKey
    var audience: Audience
    /// Where it is reached, or would be.
    var address: GatewayAddress
    /// Whether it is there to be reached.
    var isReady: Bool
    var binding: InboundBinding
    /// Whose its configuration is.
    var identity: WaypointIdentity
    /// Which namespaces may be bound to it.
    var allowedNamespaces: Declared.Gateway.RouteNamespaces

    /// Reads a Gateway; nil for another class.
    ///
    /// - Parameter hasService: whether its own service is known and has a workload.
    init?(_ gateway: Declared.Gateway, resource: DeclaredResource, settings: MeshSettings, hasService: Bool) {
        guard Self.classes.contains(gateway.gatewayClassName) else { return nil }
        let metadata = resource.metadata
        self.key = resource.key
        self.identity = WaypointIdentity(
            trustDomain: settings.trustDomain,
            namespace: metadata.namespace,
            serviceAccount: metadata.annotations[MeshKeys.gatewayServiceAccount] ?? metadata.name
        )
        self.audience = metadata.labels[MeshKeys.waypointFor].map { Audience(rawValue: $0) ?? .none } ?? .service
        var binding = InboundBinding(annotation: metadata.annotations[MeshKeys.inboundBinding])
        let listener = binding.listener(of: gateway)
        if binding.usesProxyProtocol, binding.port == nil, listener?.protocol == "istio.io/PROXY" {
            binding.port = listener?.port
        }
        self.binding = binding
        self.allowedNamespaces = listener?.allowedNamespaces ?? .same
        let destination = Self.destination(gateway, metadata, network: settings.network)
        self.address = GatewayAddress(
            destination: destination ?? .hostname(Self.service(of: resource.key, settings: settings)),
            hbonePort: Self.hbonePort
        )
        self.isReady = destination != nil || hasService
    }

    /// A name is better than an address: behind it may be several instances.
    private static func destination(
        _ gateway: Declared.Gateway,
        _ metadata: ResourceMetadata,
        network: String
    ) -> GatewayAddress.Destination? {
        for case .hostname(let name) in gateway.addresses {
            return .hostname(NamespacedHostname(namespace: metadata.namespace, hostname: name))
        }
        for case .ip(let text) in gateway.addresses {
            guard let address = IPAddress(parsing: text) else { continue }
            return .address(NetworkAddress(network: network, ip: address.canonical))
        }
        return nil
    }

    /// The service that has a waypoint's instances behind it.
    static func service(of gateway: ResourceKey, settings: MeshSettings) -> NamespacedHostname {
        NamespacedHostname(
            namespace: gateway.namespace,
            hostname: "\(gateway.name).\(gateway.namespace).\(settings.meshDomain)"
        )
    }

    /// The waypoint whose own service this would be; nil for a name of another form.
    static func gateway(of service: NamespacedHostname, settings: MeshSettings) -> ResourceKey? {
        let suffix = ".\(service.namespace).\(settings.meshDomain)"
        guard service.hostname.hasSuffix(suffix) else { return nil }
        let name = String(service.hostname.dropLast(suffix.count))
        guard !name.isEmpty, !name.contains(".") else { return nil }
        return ResourceKey(kind: .gateway, namespace: service.namespace, name: name)
    }

    /// Whether what is in a namespace may be bound to it.
    func allows(namespace: String, labels: [String: String]) -> Bool {
        switch self.allowedNamespaces {
        case .all: true
        case .same: namespace == self.key.namespace
        case .selector(let selector): selector.selects(labels)
        }
    }

    /// What its owner should know.
    var conditions: [ResourceCondition] {
        [
            ResourceCondition(.accepted, true, reason: "Accepted", message: "a waypoint"),
            self.isReady
                ? ResourceCondition(.programmed, true, reason: "Programmed", message: "reached at \(self.address)")
                : ResourceCondition(
                    .programmed,
                    false,
                    reason: "AddressNotAssigned",
                    message: "spec.addresses is empty, and no workload serves \(self.address)"
                ),
        ]
    }
}

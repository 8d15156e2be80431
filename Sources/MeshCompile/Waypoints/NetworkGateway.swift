import MeshConfig
import MeshModel

/// A Gateway that is the way into another network.
struct NetworkGateway: Hashable {
    enum Destination: Hashable {
        case address(IPAddress)
        case hostname(String)
    }

    static let classes: Set<String> = ["istio-east-west", "istio-remote"]

    var key: ResourceKey
    var created: Int64
    /// The network that it leads into.
    var network: String
    var destination: Destination
    var hbonePort: UInt16

    /// Reads a Gateway; nil for another class, or one without a network, an HBONE listener or an address.
    init?(_ gateway: Declared.Gateway, resource: DeclaredResource) {
        let metadata = resource.metadata
        guard Self.classes.contains(gateway.gatewayClassName),
            let network = metadata.labels[MeshKeys.network] ?? gateway.infrastructureLabels[MeshKeys.network],
            !network.isEmpty, let listener = gateway.listeners.first(where: Self.takesTunnels),
            let destination = gateway.addresses.lazy.compactMap(Self.destination).first
        else { return nil }
        self.key = resource.key
        self.created = metadata.created
        self.network = network
        self.destination = destination
        self.hbonePort = listener.port
    }

    /// HBONE that ends here; where it passes through, nobody would take the outer tunnel.
    private static func takesTunnels(_ listener: Declared.Gateway.Listener) -> Bool {
        listener.protocol == "HBONE" && listener.port > 0 && (listener.tlsMode ?? "Terminate") == "Terminate"
    }

    private static func destination(_ address: Declared.Gateway.Address) -> Destination? {
        switch address {
        case .ip(let text): IPAddress(parsing: text).map { .address($0.canonical) }
        case .hostname(let name): .hostname(name)
        }
    }

    /// The name of the workload that stands for it.
    var uid: String {
        switch self.destination {
        case .address(let address): "NetworkGateway/\(self.network)/\(address)/\(self.hbonePort)"
        case .hostname(let name): "NetworkGateway/\(self.network)/\(name)/\(self.hbonePort)"
        }
    }

    /// Where others find it.
    var address: GatewayAddress {
        let destination: GatewayAddress.Destination =
            switch self.destination {
            case .address(let ip): .address(NetworkAddress(network: self.network, ip: ip))
            case .hostname(let name): .hostname(NamespacedHostname(namespace: self.key.namespace, hostname: name))
            }
        return GatewayAddress(destination: destination, hbonePort: self.hbonePort)
    }

    /// Of several into one network the oldest is used.
    static func < (left: Self, right: Self) -> Bool {
        (left.created, left.key.namespace, left.key.name) < (right.created, right.key.namespace, right.key.name)
    }
}

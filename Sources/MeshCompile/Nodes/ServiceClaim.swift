import MeshConfig
import MeshModel
import MeshProtos

/// One claim to a host name in a namespace, by the platform or by a ServiceEntry. Of several the best one is the service.
struct ServiceClaim: Hashable {
    /// Who claims, best first.
    enum Source: Hashable {
        case platform
        case entry(ResourceKey)
    }

    var key: NamespacedHostname
    var source: Source
    /// In seconds since 1970; the older wins.
    var created: Int64 = 0
    var name: String
    var aliases: [String] = []
    var ports: [ServicePort] = []
    /// Addresses and blocks that the owner chose.
    var addresses: [AddressBlock] = []
    /// Whether it gets virtual addresses of ours.
    var isAutomatic = false
    /// Whether it may be the one that clients of all namespaces get.
    var mayBeCanonical = true
    var isNamespaceOnly = false
    /// Whether connections keep their destination: resolution NONE.
    var isPassthrough = false
    var publishesNotReady = false
    /// Whether it can't do without a waypoint.
    var needsWaypoint = false
    var subjectAltNames: [String] = []
    var labels: [String: String] = [:]
    var annotations: [String: String] = [:]
    var waypoint: WaypointChoice?
    var distribution: TrafficDistribution?

    /// Whether the platform made it.
    var isPlatform: Bool { self.source == .platform }

    /// Whether this claim beats another to the same name in the same namespace.
    func beats(_ other: Self) -> Bool {
        func rank(_ claim: Self) -> (Int, Int64, String) {
            switch claim.source {
            case .platform: (0, 0, "")
            case .entry(let key): (1, claim.created, key.name)
            }
        }
        return rank(self) < rank(other)
    }

    /// The claim of a service of the platform.
    init(_ facts: ServiceFacts) {
        self.key = facts.key
        self.source = .platform
        self.name = facts.name
        self.aliases = facts.aliases
        self.ports = facts.ports
        switch facts.addresses {
        case .automatic: self.isAutomatic = true
        case .fixed(let addresses): self.addresses = addresses.map { AddressBlock($0.canonical) }
        }
        self.mayBeCanonical = facts.isCanonical
        self.publishesNotReady = facts.publishesNotReady
        self.labels = facts.labels
        self.annotations = facts.annotations
        self.waypoint = facts.waypoint
        self.distribution = facts.distribution
    }

    /// The claim of a ServiceEntry to one of its hosts.
    init(_ entry: Declared.ServiceEntry, host: String, resource: DeclaredResource, isNamespaceOnly: Bool) {
        let metadata = resource.metadata
        let isWildcard = host.hasPrefix("*")
        self.key = NamespacedHostname(namespace: metadata.namespace, hostname: host)
        self.source = .entry(resource.key)
        self.created = metadata.created
        self.name = metadata.name
        self.ports = entry.ports.map { port in
            ServicePort(
                port: port.number,
                targetPort: port.targetPort ?? port.number,
                appProtocol: Self.appProtocol(port)
            )
        }
        self.addresses = entry.addresses.compactMap { AddressBlock(parsing: $0) }.map(\.masked)
        self.isAutomatic =
            entry.resolution != .none && entry.addresses.isEmpty && metadata.labels[MeshKeys.autoallocate] != "false"
            && (!isWildcard || entry.resolution == .dynamicDNS)
        self.mayBeCanonical = !isNamespaceOnly
        self.isNamespaceOnly = isNamespaceOnly
        self.isPassthrough = entry.resolution == .none
        self.needsWaypoint = isWildcard && entry.resolution == .dynamicDNS
        self.subjectAltNames = entry.subjectAltNames
        self.labels = metadata.labels
        self.annotations = metadata.annotations
    }

    /// What is spoken on a port: by its protocol, else by what its name begins with.
    private static func appProtocol(_ port: Declared.ServiceEntry.Port) -> ServicePort.AppProtocol {
        let word = port.protocol.isEmpty ? String(port.name.prefix { $0 != "-" }) : port.protocol
        return switch word.uppercased() {
        case "HTTP", "HTTP_PROXY": .http11
        case "HTTP2": .http2
        case "GRPC", "GRPC-WEB": .grpc
        case "TLS", "HTTPS": .tls
        case "TCP", "MONGO", "REDIS", "MYSQL": .tcp
        default: .unknown
        }
    }
}

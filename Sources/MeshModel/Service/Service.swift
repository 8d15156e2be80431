/// A name, its virtual addresses and how its endpoints are chosen.
package struct Service: Hashable, Sendable {
    /// The address families endpoints are reached by.
    package enum Families: String, Hashable, Sendable, CaseIterable {
        case automatic, v4Only, v6Only, dual

        /// Whether an address may be used.
        package func allows(_ ip: IPAddress) -> Bool {
            switch self {
            case .automatic, .dual: true
            case .v4Only: ip.isV4
            case .v6Only: !ip.isV4
            }
        }
    }

    /// Who sees the service.
    package enum Visibility: String, Hashable, Sendable, CaseIterable {
        case everywhere, ownNamespace
    }

    /// The namespace and host name; together the key.
    package var key: NamespacedHostname
    /// The short name.
    package var name: String
    /// Virtual addresses.
    package var vips: [NetworkAddress] = []
    /// Blocks of virtual addresses.
    package var ranges: [NetworkRange] = []
    /// The declared ports.
    package var ports: [ServicePort] = []
    /// Further identities its endpoints may prove.
    package var subjectAltNames: [SPIFFEID] = []
    /// The waypoint in front of it.
    package var waypoint: GatewayAddress?
    /// Several waypoints and their shares.
    package var weightedWaypoints: [WeightedWaypoint] = []
    /// How an endpoint is chosen.
    package var loadBalancing = LoadBalancing()
    /// The address families endpoints are reached by.
    package var families = Families.automatic
    /// Whether it is the first choice among services of its host name in foreign namespaces.
    package var isCanonical = false
    /// Who sees it.
    package var visibility = Visibility.everywhere

    /// A service without addresses and ports.
    package init(key: NamespacedHostname, name: String) {
        self.key = key
        self.name = name
    }

    /// Its namespace.
    package var namespace: String { self.key.namespace }
    /// Its full host name.
    package var hostname: String { self.key.hostname }

    /// The declared port with the number `port`.
    package func declaredPort(_ port: UInt16) -> ServicePort? { self.ports.first { $0.port == port } }

    /// Whether clients of `namespace` see it.
    package func isVisible(to namespace: String) -> Bool {
        self.visibility == .everywhere || namespace == self.namespace
    }
}

/// A name, its virtual addresses and how its endpoints are chosen. Copies share their memory until one of them is changed.
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
    package var key: NamespacedHostname {
        get { self.facts.value.key }
        _modify { yield &self.facts.value.key }
    }
    /// The short name.
    package var name: String {
        get { self.facts.value.name }
        _modify { yield &self.facts.value.name }
    }
    /// Virtual addresses.
    package var vips: [NetworkAddress] {
        get { self.facts.value.vips }
        _modify { yield &self.facts.value.vips }
    }
    /// Blocks of virtual addresses.
    package var ranges: [NetworkRange] {
        get { self.facts.value.ranges }
        _modify { yield &self.facts.value.ranges }
    }
    /// The declared ports.
    package var ports: [ServicePort] {
        get { self.facts.value.ports }
        _modify { yield &self.facts.value.ports }
    }
    /// Further identities its endpoints may prove.
    package var subjectAltNames: [SPIFFEID] {
        get { self.facts.value.subjectAltNames }
        _modify { yield &self.facts.value.subjectAltNames }
    }
    /// The waypoint in front of it.
    package var waypoint: GatewayAddress? {
        get { self.facts.value.waypoint }
        _modify { yield &self.facts.value.waypoint }
    }
    /// Several waypoints and their shares.
    package var weightedWaypoints: [WeightedWaypoint] {
        get { self.facts.value.weightedWaypoints }
        _modify { yield &self.facts.value.weightedWaypoints }
    }
    /// How an endpoint is chosen.
    package var loadBalancing: LoadBalancing {
        get { self.facts.value.loadBalancing }
        _modify { yield &self.facts.value.loadBalancing }
    }
    /// The address families endpoints are reached by.
    package var families: Families {
        get { self.facts.value.families }
        _modify { yield &self.facts.value.families }
    }
    /// Whether it is the first choice among services of its host name in foreign namespaces.
    package var isCanonical: Bool {
        get { self.facts.value.isCanonical }
        _modify { yield &self.facts.value.isCanonical }
    }
    /// Who sees it.
    package var visibility: Visibility {
        get { self.facts.value.visibility }
        _modify { yield &self.facts.value.visibility }
    }

    /// A service without addresses and ports.
    package init(key: NamespacedHostname, name: String) { self.facts = Shared(Facts(key: key, name: name)) }

    /// What the properties above stand for.
    private struct Facts: Hashable, Sendable {
        var key: NamespacedHostname
        var name: String
        var vips: [NetworkAddress] = []
        var ranges: [NetworkRange] = []
        var ports: [ServicePort] = []
        var subjectAltNames: [SPIFFEID] = []
        var waypoint: GatewayAddress?
        var weightedWaypoints: [WeightedWaypoint] = []
        var loadBalancing = LoadBalancing()
        var families = Families.automatic
        var isCanonical = false
        var visibility = Visibility.everywhere
    }

    private var facts: Shared<Facts>

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

import MeshModel
import MeshProtos

extension Service {
    /// Reads a service of the wire. What is unknown, or would have to be guessed, is refused.
    ///
    /// Subject alternative names that are no identities of the mesh are left out: no peer can prove them.
    init(_ wire: IstioWorkload.Service) throws(ConversionError) {
        guard !wire.namespace.isEmpty, !wire.hostname.isEmpty, !wire.namespace.utf8.contains(UInt8(ascii: "/")),
            !wire.hostname.utf8.contains(UInt8(ascii: "/"))
        else {
            let key = "\(wire.namespace)/\(wire.hostname)"
            throw ConversionError("namespace, hostname", key, allowed: "neither may be empty or have a /")
        }
        self.init(key: NamespacedHostname(namespace: wire.namespace, hostname: wire.hostname), name: wire.name)
        for address in wire.addresses {
            let bits = UInt32(clamping: address.address.count * 8)
            let (base, length) = try WireValue.prefixLength(
                address.length ?? bits,
                of: address.address,
                "addresses.address"
            )
            if length == (base.isV4 ? 32 : 128) {
                self.vips.append(NetworkAddress(network: address.network, ip: base))
            } else {
                self.ranges.append(NetworkRange(network: address.network, base: base, prefixLength: length))
            }
        }
        self.ports = try WireValue.ports(wire.ports, "ports")
        self.subjectAltNames = wire.subjectAltNames.compactMap { try? SPIFFEID(parsing: $0) }
        self.waypoint = try wire.waypoint.map(WireValue.gateway("waypoint"))
        for weighted in wire.weightedWaypoints {
            let gateway = try WireValue.gateway("weighted_waypoints.destination")(weighted.destination ?? .init())
            self.weightedWaypoints.append(WeightedWaypoint(gateway: gateway, weight: weighted.weight))
        }
        if let balancing = wire.loadBalancing { self.loadBalancing = try Self.loadBalancing(balancing) }
        self.families = try Self.families(wire.ipFamilies)
        self.isCanonical = wire.isCanonical
        self.visibility = try Self.visibility(wire.visibility)
    }

    private static func loadBalancing(_ wire: IstioWorkload.LoadBalancing) throws(ConversionError) -> LoadBalancing {
        var balancing = LoadBalancing()
        switch wire.mode {
        case .unspecified: balancing.mode = .any
        case .strict: balancing.mode = .strict
        case .failover: balancing.mode = .failover
        case .passthrough: balancing.mode = .passthrough
        default: throw ConversionError("load_balancing.mode", wire.mode.rawValue, allowed: "0 to 3 are known")
        }
        switch wire.healthPolicy {
        case .onlyHealthy: balancing.allowsUnhealthy = false
        case .allowAll: balancing.allowsUnhealthy = true
        default:
            let number = wire.healthPolicy.rawValue
            throw ConversionError("load_balancing.health_policy", number, allowed: "0 and 1 are known")
        }
        for scope in wire.routingPreference { balancing.preference.append(try Self.scope(scope)) }
        return balancing
    }

    private static func scope(_ wire: IstioWorkload.LoadBalancing.Scope) throws(ConversionError) -> LoadBalancing.Scope
    {
        switch wire {
        case .region: .region
        case .zone: .zone
        case .subzone: .subzone
        case .node: .node
        case .cluster: .cluster
        case .network: .network
        default: throw ConversionError("load_balancing.routing_preference", wire.rawValue, allowed: "1 to 6 are known")
        }
    }

    private static func families(_ wire: IstioWorkload.IPFamilies) throws(ConversionError) -> Families {
        switch wire {
        case .automatic: .automatic
        case .ipv4Only: .v4Only
        case .ipv6Only: .v6Only
        case .dual: .dual
        default: throw ConversionError("ip_families", wire.rawValue, allowed: "0 to 3 are known")
        }
    }

    /// Istio's ztunnel shows a service of unknown visibility to everybody; we refuse it.
    private static func visibility(_ wire: IstioWorkload.Visibility) throws(ConversionError) -> Visibility {
        switch wire {
        case .everywhere: .everywhere
        case .ownNamespace: .ownNamespace
        default: throw ConversionError("visibility", wire.rawValue, allowed: "0 and 1 are known")
        }
    }
}

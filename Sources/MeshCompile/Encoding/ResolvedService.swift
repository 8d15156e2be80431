import MeshModel
import MeshProtos
import MeshXDS

/// A service with all that is sent of it: equal values, equal bytes.
struct ResolvedService: Hashable {
    var claim: ServiceClaim
    /// Addresses that were given out.
    var addresses: [IPAddress]
    var isCanonical: Bool
    var binding: WaypointBinding
    var ingressUsesWaypoint: Bool
    var distribution: TrafficDistribution?

    /// The service's resource.
    func resource(network: String) -> ResourceCatalog.Resource {
        let blocks = self.claim.addresses + self.addresses.map { AddressBlock($0) }
        let message = IstioWorkload.Service.with { message in
            message.name = self.claim.name
            message.namespace = self.claim.key.namespace
            message.hostname = self.claim.key.hostname
            message.addresses = blocks.map { Self.address($0, network: network) }
            message.ports = self.claim.ports.map(\.message)
            message.subjectAltNames = self.claim.subjectAltNames
            message.waypoint = self.binding.address?.message
            message.weightedWaypoints = self.binding.weighted.map { weighted in
                IstioWorkload.WeightedWaypoint.with {
                    $0.destination = weighted.gateway.message
                    $0.weight = weighted.weight
                }
            }
            message.loadBalancing = self.loadBalancing
            message.ipFamilies = Self.families(blocks)
            message.isCanonical = self.isCanonical
            message.ingressUsesWaypoint = self.ingressUsesWaypoint
            message.visibility = self.claim.isNamespaceOnly ? .ownNamespace : .everywhere
        }
        let names = self.claim.aliases.map { "\(self.claim.key.namespace)/\($0)" }
        return ResourceCatalog.Resource(
            name: self.claim.key.description,
            bytes: IstioWorkload.Address.with { $0.kind = .service(message) }.serialized,
            aliases: blocks.map { "\(network)/\($0)" } + names
        )
    }

    private var loadBalancing: IstioWorkload.LoadBalancing? {
        if self.claim.isPassthrough {
            return IstioWorkload.LoadBalancing.with {
                $0.mode = .passthrough
                $0.healthPolicy = .allowAll
            }
        }
        var balancing = self.distribution?.message
        if self.claim.publishesNotReady {
            balancing = balancing ?? IstioWorkload.LoadBalancing()
            balancing?.healthPolicy = .allowAll
        }
        return balancing
    }

    private static func families(_ blocks: [AddressBlock]) -> IstioWorkload.IPFamilies {
        switch (blocks.contains { $0.base.isV4 }, blocks.contains { !$0.base.isV4 }) {
        case (true, true): .dual
        case (true, false): .ipv4Only
        case (false, true): .ipv6Only
        case (false, false): .automatic
        }
    }

    private static func address(_ block: AddressBlock, network: String) -> IstioWorkload.NetworkAddress {
        IstioWorkload.NetworkAddress.with {
            $0.network = network
            $0.address = block.base.bytes
            $0.length = block.isSingle ? nil : UInt32(clamping: block.length)
        }
    }
}

import MeshProtos

/// Which endpoints of a service are taken first.
package enum TrafficDistribution: String, Hashable, Sendable, CaseIterable {
    /// Those of the client's zone, then of its region, then of its network.
    case sameZone = "PreferSameZone"
    /// Those of the client's host, then as ``sameZone``.
    case sameNode = "PreferSameNode"
    /// None but those of the client's host.
    case onlyNode = "OnlySameNode"

    /// Reads the annotation `networking.istio.io/traffic-distribution`; nil for anything that it does not know.
    init?(annotation: String?) {
        switch annotation {
        case "PreferClose", "PreferSameZone": self = .sameZone
        case "PreferSameNode": self = .sameNode
        default: return nil
        }
    }

    /// The same on the wire.
    var message: IstioWorkload.LoadBalancing {
        IstioWorkload.LoadBalancing.with {
            switch self {
            case .sameZone:
                $0.mode = .failover
                $0.routingPreference = [.network, .region, .zone]
            case .sameNode:
                $0.mode = .failover
                $0.routingPreference = [.network, .region, .zone, .subzone, .node]
            case .onlyNode:
                $0.mode = .strict
                $0.routingPreference = [.node]
            }
        }
    }
}

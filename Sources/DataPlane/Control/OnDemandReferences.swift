package import MeshModel

/// What a resource leads to, by the names under which it is asked for.
package enum OnDemandReferences {
    /// The waypoints and gateways of a workload or service of this name.
    package static func names(of name: String, in snapshot: MeshSnapshot) -> [String] {
        var gateways: [GatewayAddress?] = []
        if let workload = snapshot.workload(uid: name) { gateways = [workload.waypoint, workload.networkGateway] }
        if let service = NamespacedHostname(parsing: name).flatMap({ snapshot.service($0) }) {
            gateways.append(service.waypoint)
            gateways += service.weightedWaypoints.map { $0.gateway }
        }
        return gateways.compactMap { gateway in
            switch gateway?.destination {
            case .hostname(let name): "\(name)"
            case .address(let address): "\(address)"
            case nil: nil
            }
        }
    }

    /// What to ask for before a connection to `address` can be decided; nothing where it is known.
    package static func names(to address: SocketAddress, network: String, in snapshot: MeshSnapshot) -> [String] {
        let destination = NetworkAddress(network: network, ip: address.ip)
        guard snapshot.workload(at: destination) == nil,
            snapshot.service(vip: destination, from: "") == nil,
            snapshot.service(rangeContaining: destination, from: "") == nil
        else { return [] }
        return ["\(destination)"]
    }

    /// What to ask for before a connection to a name can be decided: the second label may be its namespace.
    package static func names(to host: String, namespace: String) -> [String] {
        let labels = host.split(separator: ".", maxSplits: 2)
        var namespaces = [namespace]
        if labels.count > 1, labels[1] != namespace { namespaces.append(String(labels[1])) }
        return namespaces.map { "\($0)/\(host)" }
    }
}

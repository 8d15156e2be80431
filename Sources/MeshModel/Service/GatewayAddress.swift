/// Where a waypoint or a network gateway is found.
package struct GatewayAddress: Hashable, Sendable, CustomStringConvertible {
    /// By the name of a service or workload, or by address.
    package enum Destination: Hashable, Sendable {
        case hostname(NamespacedHostname)
        case address(NetworkAddress)
    }

    /// The gateway.
    package var destination: Destination
    /// The port of its HBONE listener.
    package var hbonePort: UInt16

    /// Joins the two.
    package init(destination: Destination, hbonePort: UInt16) {
        self.destination = destination
        self.hbonePort = hbonePort
    }

    package var description: String {
        switch self.destination {
        case .hostname(let name): "\(name):\(self.hbonePort)"
        case .address(let address): "\(address):\(self.hbonePort)"
        }
    }
}

/// A waypoint and its share of the connections.
package struct WeightedWaypoint: Hashable, Sendable {
    /// The waypoint.
    package var gateway: GatewayAddress
    /// Its share; 0 is never chosen.
    package var weight: UInt32

    /// Joins the two.
    package init(gateway: GatewayAddress, weight: UInt32) {
        self.gateway = gateway
        self.weight = weight
    }
}

/// An IP address in one of the mesh's networks; addresses of different networks may be equal.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    /// The network; "" is the default network.
    package var network: String
    /// The address, canonical.
    package var ip: IPAddress

    /// Joins the two.
    package init(network: String, ip: IPAddress) {
        self.network = network
        self.ip = ip.canonical
    }

    /// `network/ip`, the form in which xDS names it.
    package var description: String { "\(self.network)/\(self.ip)" }
}

/// A block of IP addresses in one of the mesh's networks.
package struct NetworkRange: Hashable, Sendable, CustomStringConvertible {
    /// The network; "" is the default network.
    package var network: String
    /// Any address of the block.
    package var base: IPAddress
    /// How many leading bits the addresses share.
    package var prefixLength: Int

    /// Joins the three.
    package init(network: String, base: IPAddress, prefixLength: Int) {
        self.network = network
        self.base = base
        self.prefixLength = prefixLength
    }

    /// Whether `ip` of `network` lies in the block.
    package func contains(_ ip: IPAddress, network: String) -> Bool {
        network == self.network && ip.isContained(in: self.base, prefixLength: self.prefixLength)
    }

    package var description: String { "\(self.network)/\(self.base)/\(self.prefixLength)" }
}

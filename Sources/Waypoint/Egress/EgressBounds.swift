import MeshModel

/// Addresses that nobody is led to, whatever a client asks for and whatever a name resolves to.
///
/// A name's owner decides what it resolves to, and a waypoint reaches what its clients may not: its own loopback, the
/// credentials of its task. These are what server-side request forgery looks for, so they are closed in all entries.
package struct EgressBounds: Sendable {
    /// Addresses of one host alone, where it keeps what is for itself: loopback, and link-local with the metadata and
    /// credentials of instances and tasks (169.254.169.254, 169.254.170.2, fd00:ec2::254).
    var hosts: [AddressBlock]
    /// Addresses that stand for no single host, or hide one of another family in a form that is out of use.
    var nowhere: [AddressBlock]

    /// What holds for every waypoint.
    package static let standard = EgressBounds(
        hosts: Self.blocks("127.0.0.0/8", "169.254.0.0/16", "::1", "fe80::/10", "fd00:ec2::/32"),
        nowhere: Self.blocks("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/96", "ff00::/8", "fec0::/10", "2002::/16")
    )

    /// NAT64's well-known prefix (RFC 6052 §2.1): what it leads to is the IPv4 address in its last four bytes.
    private static let translated = Self.blocks("64:ff9b::/96")

    private static func blocks(_ texts: String...) -> [AddressBlock] {
        texts.compactMap { AddressBlock(parsing: $0) }.map(\.masked)
    }

    private static func holds(_ blocks: [AddressBlock], _ ip: IPAddress) -> Bool {
        blocks.contains { ip.isContained(in: $0.base, prefixLength: $0.length) }
    }

    /// The address that packets to this one reach in the end, as far as its form tells.
    private static func meant(_ ip: IPAddress) -> IPAddress {
        guard self.holds(self.translated, ip) else { return ip.canonical }
        return IPAddress(v4: UInt32(truncatingIfNeeded: ip.v6Halves.low))
    }

    /// Whether it is an address of one host alone.
    func isHostOnly(_ ip: IPAddress) -> Bool { Self.holds(self.hosts, Self.meant(ip)) }

    /// Whether nobody outside can be there.
    func isNowhere(_ ip: IPAddress) -> Bool { Self.holds(self.nowhere, Self.meant(ip)) }
}

extension WaypointPlan {
    /// Why an address that a client or a DNS server gave is not connected to; nil where it may be.
    func obstacle(at ip: IPAddress) -> String? {
        if self.bounds.isHostOnly(ip) { return "\(ip) is an address of one host alone" }
        if self.bounds.isNowhere(ip) { return "\(ip) is no host's address" }
        // We would ask ourselves, without end.
        if self.own.addresses.contains(ip.canonical) { return "\(ip) is the waypoint's own address" }
        return nil
    }

    /// The same for an address that a name of a wildcard resolves to: whoever owns the name must not lead requests into
    /// the mesh, past the policies and waypoints of what is there.
    func obstacle(outsideAt ip: IPAddress) -> String? {
        if let obstacle = self.obstacle(at: ip) { return obstacle }
        let address = NetworkAddress(network: self.own.network, ip: ip.canonical)
        if let workload = self.mesh.workload(at: address) { return "\(ip) is workload \(workload.uid) of the mesh" }
        if let service = self.mesh.service(vip: address, from: self.own.namespace) {
            return "\(ip) is service \(service.key) of the mesh"
        }
        return nil
    }
}

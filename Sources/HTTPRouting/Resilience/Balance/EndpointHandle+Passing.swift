package import MeshModel

extension EndpointHandle {
    /// An endpoint that discovery does not know, found for one request: nothing is remembered of it, and it is never
    /// ejected.
    package static func passing(_ facts: EndpointFacts) -> EndpointHandle {
        EndpointHandle(facts, state: EndpointState())
    }
}

extension EndpointFacts {
    /// The upper half of the block whose packets are thrown away (RFC 6666): nobody has an address in it.
    private static let discarded: UInt64 = 0x0100_0000_0000_0000

    /// Stands for the address of what is known by a name alone, so that sessions and consistent choices can tell such
    /// endpoints apart.
    package static func mark(_ name: String) -> IPAddress {
        IPAddress(v6High: self.discarded, v6Low: XXHash64.hash(name))
    }

    /// Whether the address stands for a name.
    package var isMarked: Bool { !self.address.ip.isV4 && self.address.ip.v6Halves.high == Self.discarded }
}

/// An IPv4 address as its 32 bits, in host order.
package struct IPv4Address: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The address's bits.
    package var bits: UInt32

    /// The address with these bits.
    package init(bits: UInt32) { self.bits = bits }

    /// Parses "a.b.c.d" in plain decimal; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard part.utf8.count <= 3, part.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let byte = UInt8(part) else {
                return nil
            }
            bits = bits << 8 | UInt32(byte)
        }
        self.bits = bits
    }

    package static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }

    package var description: String {
        "\(self.bits >> 24).\(self.bits >> 16 & 255).\(self.bits >> 8 & 255).\(self.bits & 255)"
    }
}

/// An IPv4 network: a first address and a prefix length.
package struct IPv4Network: Hashable, Sendable, CustomStringConvertible {
    /// The network's first address; its host bits are zero.
    package var first: IPv4Address
    /// The number of leading bits that all addresses share, 8 to 28.
    package var prefixLength: Int

    /// Parses "10.77.0.0/16".
    ///
    /// Refuses host bits that are set, and prefixes outside 8…28, in which a VPC could not lie.
    package init(parsing text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Address(parsing: parts[0]), let length = Int(parts[1]) else {
            throw LabError(.invalidConfiguration, "subnet \(text.prefix(64)): write it as 10.77.0.0/16")
        }
        guard (8...28).contains(length) else {
            throw LabError(.invalidConfiguration, "subnet \(text): the prefix length must be 8 to 28, not \(length)")
        }
        let mask = UInt32.max << UInt32(32 - length)
        guard address.bits & ~mask == 0 else {
            let corrected = IPv4Address(bits: address.bits & mask)
            throw LabError(
                .invalidConfiguration,
                "subnet \(text) has host bits set; did you mean \(corrected)/\(length)?"
            )
        }
        self.first = address
        self.prefixLength = length
    }

    /// The router's address, which is also the resolver's and the AWS API's: the network's second address.
    package var gateway: IPv4Address { IPv4Address(bits: self.first.bits &+ 1) }

    /// Whether the address lies in the network.
    package func contains(_ address: IPv4Address) -> Bool {
        let mask = UInt32.max << UInt32(32 - self.prefixLength)
        return address.bits & mask == self.first.bits
    }

    package var description: String { "\(self.first)/\(self.prefixLength)" }
}

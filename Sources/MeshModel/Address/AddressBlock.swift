/// An IP address or a CIDR block (RFC 4632), as people write them.
package struct AddressBlock: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The address as written, host bits and all.
    package var base: IPAddress
    /// How many leading bits count: 0 to 32 or 128.
    package var length: Int

    /// A single address.
    package init(_ address: IPAddress) {
        self.base = address
        self.length = Self.bits(of: address)
    }

    /// Reads `10.0.0.1`, `10.0.0.0/8` or their IPv6 forms; nil when malformed.
    package init?(parsing text: String) {
        // An address has at most 45 bytes, "/" and three digits follow.
        guard text.utf8.count <= 49 else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let address = IPAddress(parsing: first) else { return nil }
        self.init(address)
        guard parts.count == 2, let digits = parts.last else { return }
        // Digits only, where Swift's own reading takes a sign as well.
        guard (1...3).contains(digits.utf8.count),
            digits.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
            let length = Int(digits), length <= Self.bits(of: address)
        else { return nil }
        self.length = length
    }

    /// Whether it is one address.
    package var isSingle: Bool { self.length == Self.bits(of: self.base) }

    /// The same block with the bits after its length cleared.
    package var masked: AddressBlock {
        var block = self
        block.base = self.base.prefix(self.length)
        return block
    }

    /// The same block with an IPv4-mapped IPv6 address turned into IPv4, as addresses of connections are. One that also
    /// holds other addresses of IPv6 stays.
    package var canonical: AddressBlock {
        let address = self.base.canonical
        guard address.isV4, !self.base.isV4, self.length >= 96 else { return self }
        var block = AddressBlock(address)
        block.length = self.length - 96
        return block
    }

    /// `10.0.0.0/8`, or only the address where it is one.
    package var description: String { self.isSingle ? "\(self.base)" : "\(self.base)/\(self.length)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.base, left.length) < (right.base, right.length)
    }

    private static func bits(of address: IPAddress) -> Int { address.isV4 ? 32 : 128 }
}

package import MeshModel

/// A block of addresses (CIDR), in canonical form: equal blocks are equal values.
package struct AddressBlock: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Its first address.
    package let base: IPAddress
    /// How many leading bits its addresses share; at least 1.
    package let prefixLength: Int

    /// Reads `10.0.0.0/8` or a single address; bits behind the prefix are dropped, and /0 is refused.
    package init?(parsing text: String) {
        guard text.utf8.count <= 64 else { return nil }
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        guard let address = IPAddress(parsing: String(text[..<slash]))?.canonical else { return nil }
        let width = address.isV4 ? 32 : 128
        var length = width
        if slash < text.endIndex {
            let digits = text[slash...].dropFirst()
            guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits), (1...width).contains(number)
            else { return nil }
            length = number
        }
        var bytes = address.bytes
        for index in bytes.indices {
            let kept = min(max(0, length - index * 8), 8)
            bytes[index] &= kept == 0 ? 0 : UInt8(truncatingIfNeeded: 0xff << (8 - kept))
        }
        guard let base = IPAddress(bytes: bytes) else { return nil }
        self.base = base
        self.prefixLength = length
    }

    /// `10.0.0.0/8`; a single address stands without its length.
    package var description: String {
        self.prefixLength == (self.base.isV4 ? 32 : 128) ? "\(self.base)" : "\(self.base)/\(self.prefixLength)"
    }

    /// IPv4 first, then by address and length.
    package static func < (one: AddressBlock, other: AddressBlock) -> Bool {
        if one.base.isV4 != other.base.isV4 { return one.base.isV4 }
        let (left, right) = (one.base.v6Halves, other.base.v6Halves)
        return (left.high, left.low, one.prefixLength) < (right.high, right.low, other.prefixLength)
    }
}

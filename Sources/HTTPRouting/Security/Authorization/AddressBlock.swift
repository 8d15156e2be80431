import MeshModel

/// A block of IP addresses, as policies write it: `10.0.0.0/8`, or one address.
struct AddressBlock: Hashable, Sendable {
    private let base: IPAddress
    private let prefixLength: Int

    /// Nil where `text` is neither an address nor a block.
    init?(parsing text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2,
            let written = IPAddress(parsing: String(decoding: first, as: UTF8.self))
        else { return nil }
        let base = written.canonical
        guard parts.count == 2, let digits = parts.last else {
            self.base = base
            self.prefixLength = base.isV4 ? 32 : 128
            return
        }
        guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(String(decoding: digits, as: UTF8.self)), length <= (written.isV4 ? 32 : 128)
        else { return nil }
        guard written.isV4 == base.isV4 else {
            // `::ffff:10.0.0.0/104` is a block of IPv4 addresses in the other notation; a wider one is of IPv6.
            self.base = length >= 96 ? base : written
            self.prefixLength = length >= 96 ? length - 96 : length
            return
        }
        self.base = base
        self.prefixLength = length
    }

    /// Whether the canonical address lies in the block.
    func contains(_ ip: IPAddress) -> Bool { ip.isContained(in: self.base, prefixLength: self.prefixLength) }
}

extension [AddressBlock] {
    /// Whether one holds the address.
    func contain(_ ip: IPAddress) -> Bool {
        for block in self where block.contains(ip) { return true }
        return false
    }
}

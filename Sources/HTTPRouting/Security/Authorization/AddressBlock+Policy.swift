import MeshModel

extension AddressBlock {
    /// The same block with an IPv4-mapped IPv6 address turned into IPv4, as addresses of connections are. One that also
    /// holds other addresses of IPv6 stays.
    var canonical: AddressBlock {
        let address = self.base.canonical
        guard address.isV4, !self.base.isV4, self.length >= 96 else { return self }
        var block = AddressBlock(address)
        block.length = self.length - 96
        return block
    }

    /// Whether the canonical address lies in the block.
    func holds(_ ip: IPAddress) -> Bool { ip.isContained(in: self.base, prefixLength: self.length) }
}

extension [AddressBlock] {
    /// Whether one holds the address.
    func contain(_ ip: IPAddress) -> Bool {
        for block in self where block.holds(ip) { return true }
        return false
    }
}

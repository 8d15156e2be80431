import MeshModel

extension AddressBlock {
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

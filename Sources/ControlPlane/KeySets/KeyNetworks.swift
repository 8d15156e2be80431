import MeshModel

/// Which addresses keys may be fetched from: public ones, and those that the owner names.
///
/// Whoever may declare a RequestAuthentication names a URL, and the control plane goes there: it must not be led to what
/// only it can reach, as the metadata of its own task or machine.
struct KeyNetworks: Sendable {
    private static let closed = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "::ffff:0:0/96",
        "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2001:2::/48", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8",
    ].compactMap(Self.block)
    /// Never, whatever the owner says: where AWS answers for tasks and machines.
    private static let metadata = ["169.254.0.0/16", "fd00:ec2::/32"].compactMap(Self.block)

    private struct Block: Hashable, Sendable {
        var base: IPAddress
        var length: Int

        func contains(_ address: IPAddress) -> Bool {
            address.isV4 == self.base.isV4 && address.prefix(self.length) == self.base.prefix(self.length)
        }
    }

    private let open: [Block]

    /// - Parameter blocks: closed blocks that are open all the same, such as `10.0.0.0/8`; what is no block counts for
    ///   nothing.
    init(open blocks: [String] = []) { self.open = blocks.compactMap(Self.block) }

    /// Whether keys may be fetched from an address.
    func allows(_ address: IPAddress) -> Bool {
        let address = address.canonical
        if Self.metadata.contains(where: { $0.contains(address) }) { return false }
        return !Self.closed.contains { $0.contains(address) } || self.open.contains { $0.contains(address) }
    }

    private static func block(_ text: String) -> Block? {
        let parts = text.split(separator: "/")
        guard let base = parts.first.flatMap({ IPAddress(parsing: String($0)) }) else { return nil }
        let full = base.isV4 ? 32 : 128
        let length = parts.count == 2 ? parts.last.flatMap { Int($0) } : full
        guard let length, (0...full).contains(length) else { return nil }
        return Block(base: base, length: length)
    }
}

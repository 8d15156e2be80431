import Crypto
import MeshModel

/// Virtual addresses of IPv6 for services that have one of IPv4, out of 2001:2::/48, which is Istio's block for them.
///
/// The last 80 bits are the hash of the name, so that replicas and restarts agree by themselves; what was given is
/// remembered all the same, as somebody may have chosen the address that comes first.
struct LongVIPs: Sendable, Hashable {
    /// The first 48 bits of every address, in the upper half.
    private static let prefix: UInt64 = 0x2001_0002_0000_0000
    /// How often another hash is tried where an address is taken. Two names never meet by chance in 80 bits, and nobody
    /// chooses that many addresses so that they do.
    private static let attempts = 64

    /// What is given out, by name.
    private(set) var byName: [String: IPAddress] = [:]
    private var taken: Set<IPAddress> = []

    /// Nothing given out.
    init() {}

    /// What was given out before. Addresses outside the block, and the later (by name) of two names with the same address,
    /// are ignored.
    init(_ allocations: [String: IPAddress]) {
        for (name, address) in allocations.sorted(by: { $0.key < $1.key }) where Self.holds(address) {
            if self.taken.insert(address).inserted { self.byName[name] = address }
        }
    }

    /// The address of a name; nil when too many are taken.
    mutating func address(for name: String, avoiding isTaken: (IPAddress) -> Bool) -> IPAddress? {
        if let known = self.byName[name] {
            if !isTaken(known) { return known }
            self.forget(name)
        }
        guard let address = self.candidate(for: name, avoiding: isTaken) else { return nil }
        self.taken.insert(address)
        self.byName[name] = address
        return address
    }

    /// The first address for a name that is free; nil when too many are taken.
    func candidate(for name: String, avoiding isTaken: (IPAddress) -> Bool) -> IPAddress? {
        (0..<Self.attempts).lazy.map { Self.address(for: name, $0) }.first { !isTaken($0) && !self.taken.contains($0) }
    }

    /// Takes back the address of a name.
    mutating func forget(_ name: String) {
        if let address = self.byName.removeValue(forKey: name) { self.taken.remove(address) }
    }

    private static func address(for name: String, _ attempt: Int) -> IPAddress {
        // No name has a line break in it.
        let text = attempt == 0 ? name : "\(name)\n\(attempt)"
        let hash = SHA256.hash(data: Array(text.utf8)).prefix(10)
        let high = hash.prefix(2).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = hash.dropFirst(2).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return IPAddress(v6High: self.prefix | high, v6Low: low)
    }

    private static func holds(_ address: IPAddress) -> Bool {
        !address.isV4 && address.v6Halves.high & ~0xffff == self.prefix
    }
}

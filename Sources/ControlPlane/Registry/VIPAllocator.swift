import Crypto
import MeshCompile
package import MeshModel

/// Gives each service a virtual address out of 240.240.0.0/16, the same one always and everywhere, and one out of
/// 2001:2::/48 beside it where the mesh asks for both.
///
/// The hash of the name says where to look first, so replicas and restarts mostly agree by themselves; what was given
/// is remembered, so that a collision settled once stays settled. Addresses of services that are gone are not given
/// out again before the pool is nearly full: a client may still have the old name cached.
package struct VIPAllocator: Sendable {
    /// The first 16 bits of every address.
    private static let prefix: UInt32 = 240 << 24 | 240 << 16
    /// The first and the last address of the range stay free, as some stacks treat them as network and broadcast.
    private static let offsets: ClosedRange<UInt32> = 1...0xfffe
    /// From here on, addresses of services that are gone are taken back.
    private static let reclaiming = 60_000

    /// Whether services get an address of IPv6 too. Those that were given stay remembered while this is off.
    package var givesBoth = false

    private(set) var byName: [String: UInt32] = [:]
    private(set) var byOffset: [UInt32: String] = [:]
    /// Names that have an address and are gone, or were not asked for yet.
    private var idle: Set<String> = []
    /// Only for names that have an address of IPv4, whose number bounds this one.
    private(set) var long = LongVIPs()
    /// What must be settled with other replicas; nil where there are none.
    var sharing: Sharing?

    /// Makes an allocator that has given out nothing.
    package init() {}

    /// Makes an allocator that remembers.
    ///
    /// - Parameters:
    ///   - allocations: what was given out before. Addresses outside the range, and the later (by name) of two names with
    ///     the same address, are ignored: those services get a fresh one.
    ///   - long: the same for IPv6. Names without an address of IPv4 are ignored.
    package init(allocations: [String: IPAddress], long: [String: IPAddress] = [:]) {
        for (name, address) in allocations.sorted(by: { $0.key < $1.key }) {
            guard let offset = Self.offset(of: address), self.byOffset[offset] == nil else { continue }
            self.byName[name] = offset
            self.byOffset[offset] = name
        }
        self.idle = Set(self.byName.keys)
        self.long = LongVIPs(long.filter { self.byName[$0.key] != nil })
    }

    /// Forgets all that was given out, for what stands in its place.
    mutating func replace(_ offsets: [String: UInt32], long: [String: IPAddress]) {
        self.byName = offsets
        self.byOffset = Dictionary(offsets.map { ($0.value, $0.key) }) { first, _ in first }
        self.idle = Set(offsets.keys)
        self.long = LongVIPs(long)
    }

    /// Every address of IPv4 that is given out, by name.
    package var allocations: [String: IPAddress] { self.byName.mapValues(Self.address) }
    /// Every address of IPv6 that is given out, by name.
    package var longAllocations: [String: IPAddress] { self.long.byName }

    /// Gives addresses of IPv4 to all of these names at once.
    ///
    /// - Parameter names: every service that exists now.
    /// - Returns: the addresses, without those names for which none is left.
    package mutating func assign(_ names: Set<String>) -> [String: IPAddress] {
        self.idle = Set(self.byName.keys).subtracting(names)
        var assigned: [String: IPAddress] = [:]
        assigned.reserveCapacity(names.count)
        // In order of name, so that the outcome does not depend on the order in a set.
        for name in names.sorted() {
            if let address = self.address(for: name, avoiding: { _ in false }) { assigned[name] = address }
        }
        return assigned
    }

    private mutating func address(for name: String, avoiding isTaken: (IPAddress) -> Bool) -> IPAddress? {
        self.idle.remove(name)
        if let offset = self.byName[name] {
            let address = Self.address(offset)
            guard isTaken(address) else { return address }
            self.byName[name] = nil
            self.byOffset[offset] = nil
        }
        self.reclaim()
        return self.take(name, avoiding: isTaken).map(Self.address)
    }

    /// Takes back the addresses of names that are gone when the pool is nearly full.
    private mutating func reclaim() {
        guard self.byName.count >= Self.reclaiming else { return }
        for name in self.idle { self.forget(name) }
        self.idle = []
    }

    private mutating func forget(_ name: String) {
        self.long.forget(name)
        guard let offset = self.byName.removeValue(forKey: name) else { return }
        self.byOffset[offset] = nil
    }

    private mutating func take(_ name: String, avoiding isTaken: (IPAddress) -> Bool) -> UInt32? {
        let found = self.offset(for: name) { self.byOffset[$0] == nil && !isTaken(Self.address($0)) }
        guard let offset = found else { return nil }
        self.byName[name] = offset
        self.byOffset[offset] = name
        return offset
    }

    /// The first offset for a name, from its hash on, that is free; nil for none.
    func offset(for name: String, _ isFree: (UInt32) -> Bool) -> UInt32? {
        let size = Self.offsets.upperBound - Self.offsets.lowerBound + 1
        guard self.byOffset.count < Int(size) else { return nil }
        let first = SHA256.hash(data: Array(name.utf8)).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } % size
        return (0..<size).lazy.map { Self.offsets.lowerBound + (first + $0) % size }.first(where: isFree)
    }

    static func address(_ offset: UInt32) -> IPAddress {
        IPAddress(v4: self.prefix | offset)
    }

    static func offset(of address: IPAddress) -> UInt32? {
        guard address.isV4 else { return nil }
        let value = address.bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard value & 0xffff_0000 == self.prefix, self.offsets.contains(value & 0xffff) else { return nil }
        return value & 0xffff
    }
}

/// Equal when the same is given out; who uses it now does not matter.
extension VIPAllocator: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        left.byName == right.byName && left.long == right.long
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(self.byName)
        hasher.combine(self.long)
    }
}

extension VIPAllocator: VirtualAddresses {
    package mutating func keep(_ names: [String]) { self.idle.subtract(names) }

    package mutating func addresses(for name: String, avoiding isTaken: (IPAddress) -> Bool) -> [IPAddress] {
        if self.sharing != nil { return self.sharedAddresses(for: name, avoiding: isTaken) }
        guard let short = self.address(for: name, avoiding: isTaken) else {
            self.long.forget(name)
            return []
        }
        guard self.givesBoth, let long = self.long.address(for: name, avoiding: isTaken) else { return [short] }
        return [short, long]
    }

    package mutating func release(_ name: String) {
        if self.byName[name] != nil { self.idle.insert(name) }
    }
}

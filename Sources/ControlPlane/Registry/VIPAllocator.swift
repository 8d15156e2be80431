import Crypto
package import MeshModel

/// Gives each service a virtual address out of 240.240.0.0/16, the same one always and everywhere.
///
/// The hash of the name says where to look first, so replicas and restarts mostly agree by themselves; what was given
/// is remembered, so that a collision settled once stays settled. Addresses of services that are gone are not given
/// out again before the pool is nearly full: a client may still have the old name cached.
package struct VIPAllocator: Sendable, Hashable {
    /// The first 16 bits of every address.
    private static let prefix: UInt32 = 240 << 24 | 240 << 16
    /// The first and the last address of the range stay free, as some stacks treat them as network and broadcast.
    private static let offsets: ClosedRange<UInt32> = 1...0xfffe
    /// From here on, addresses of services that are gone are taken back.
    private static let reclaiming = 60_000

    private var byName: [String: UInt32] = [:]
    private var byOffset: [UInt32: String] = [:]

    /// Makes an allocator that has given out nothing.
    package init() {}

    /// Makes an allocator that remembers.
    ///
    /// - Parameter allocations: what was given out before. Addresses outside the range, and the later (by name) of two
    ///   names with the same address, are ignored: those services get a fresh one.
    package init(allocations: [String: IPAddress]) {
        for (name, address) in allocations.sorted(by: { $0.key < $1.key }) {
            guard let offset = Self.offset(of: address), self.byOffset[offset] == nil else { continue }
            self.byName[name] = offset
            self.byOffset[offset] = name
        }
    }

    /// Everything that is given out, by name.
    package var allocations: [String: IPAddress] { self.byName.mapValues(Self.address) }

    /// Gives addresses to all of these names at once.
    ///
    /// - Parameter names: every service that exists now.
    /// - Returns: the addresses, without those names for which none is left.
    package mutating func assign(_ names: Set<String>) -> [String: IPAddress] {
        if self.byName.count + names.count > Self.reclaiming {
            for (name, offset) in self.byName where !names.contains(name) {
                self.byName[name] = nil
                self.byOffset[offset] = nil
            }
        }
        var assigned: [String: IPAddress] = [:]
        assigned.reserveCapacity(names.count)
        // In order of name, so that the outcome does not depend on the order in a set.
        for name in names.sorted() {
            if let offset = self.byName[name] ?? self.take(name) { assigned[name] = Self.address(offset) }
        }
        return assigned
    }

    private mutating func take(_ name: String) -> UInt32? {
        let size = Self.offsets.upperBound - Self.offsets.lowerBound + 1
        guard self.byOffset.count < Int(size) else { return nil }
        let first = SHA256.hash(data: Array(name.utf8)).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } % size
        for step in 0..<size {
            let offset = Self.offsets.lowerBound + (first + step) % size
            guard self.byOffset[offset] == nil else { continue }
            self.byName[name] = offset
            self.byOffset[offset] = name
            return offset
        }
        return nil
    }

    private static func address(_ offset: UInt32) -> IPAddress {
        IPAddress(v4: self.prefix | offset)
    }

    private static func offset(of address: IPAddress) -> UInt32? {
        guard address.isV4 else { return nil }
        let value = address.bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard value & 0xffff_0000 == self.prefix, self.offsets.contains(value & 0xffff) else { return nil }
        return value & 0xffff
    }
}

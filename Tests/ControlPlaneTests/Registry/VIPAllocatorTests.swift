import CertificateAuthority
import ControlPlane
import Foundation
import MeshModel
import Testing

@Suite struct VIPAllocatorTests {
    private func names(_ count: Int) -> Set<String> {
        Set((0..<count).map { "shop/service-\($0).shop.mesh.internal" })
    }

    @Test func theSameNameGetsTheSameAddressEverywhere() {
        var one = VIPAllocator()
        var other = VIPAllocator()
        let first = one.assign(["shop/orders.shop.mesh.internal"])
        #expect(first == other.assign(["shop/orders.shop.mesh.internal"]))
        #expect(first.values.first?.bytes.prefix(2) == [240, 240])
    }

    @Test func noTwoNamesShareAnAddress() {
        var allocator = VIPAllocator()
        let assigned = allocator.assign(self.names(20_000))
        #expect(assigned.count == 20_000)
        #expect(Set(assigned.values).count == 20_000)
        #expect(!assigned.values.contains(IPAddress(v4: 240 << 24 | 240 << 16)))
        #expect(!assigned.values.contains(IPAddress(v4: 240 << 24 | 240 << 16 | 0xffff)))
    }

    @Test func addressesStayWhenNeighboursComeAndGo() {
        var allocator = VIPAllocator()
        let all = allocator.assign(self.names(1000))
        let some = allocator.assign(self.names(10))
        let more = allocator.assign(self.names(2000))
        for (name, address) in some { #expect(all[name] == address) }
        for (name, address) in all { #expect(more[name] == address) }
    }

    @Test func aRestartKeepsThem() throws {
        let directory = try TemporaryDirectory()
        let file = VIPFile(state: try StateDirectory(path: directory.path))
        var allocator = try file.load()
        let assigned = allocator.assign(self.names(500))
        try file.store(allocator)
        var loaded = try file.load()
        #expect(loaded == allocator)
        #expect(loaded.assign(self.names(500)) == assigned)
    }

    @Test func aBrokenFileStopsTheStart() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        try state.write("vips.json", Array("{".utf8))
        #expect(throws: AuthorityError.self) { try VIPFile(state: state).load() }
    }

    @Test func foreignAndDoubleAddressesInTheFileAreIgnored() {
        let address = IPAddress(v4: 240 << 24 | 240 << 16 | 5)
        var allocator = VIPAllocator(allocations: ["a": address, "b": address, "c": IPAddress(v4: 0x0a00_0001)])
        let assigned = allocator.assign(["a", "b", "c"])
        #expect(assigned["a"] == address)
        #expect(Set(assigned.values).count == 3)
        #expect(assigned["c"]?.bytes.first == 240)
    }

    @Test func aFullPoolTakesBackWhatIsGoneAndThenSaysNo() {
        let held = Dictionary(
            uniqueKeysWithValues: (UInt32(1)...0xfffe).map { ("held-\($0)", IPAddress(v4: 240 << 24 | 240 << 16 | $0)) }
        )
        var full = VIPAllocator(allocations: held)
        #expect(full.assign(Set(held.keys).union(["new"]))["new"] == nil, "what is in use stays in use")
        #expect(full.assign(["new", "held-7"]) == full.assign(["new", "held-7"]))
        #expect(full.allocations.count == 2, "those that are gone made room")
    }

    @Test func oneByOneItGivesTheSameAsAllAtOnce() {
        var one = VIPAllocator()
        var all = VIPAllocator()
        let assigned = all.assign(self.names(200))
        one.keep(Array(self.names(200)))
        for name in self.names(200).sorted() {
            #expect(one.addresses(for: name, avoiding: { _ in false }) == assigned[name].map { [$0] })
        }
        #expect(one == all)
    }

    @Test func aNearlyFullPoolTakesBackOnlyWhatWasReleased() {
        let held = Dictionary(
            uniqueKeysWithValues: (UInt32(1)...60_000).map { ("held-\($0)", IPAddress(v4: 240 << 24 | 240 << 16 | $0)) }
        )
        var allocator = VIPAllocator(allocations: held)
        allocator.keep(Array(held.keys))
        #expect(!allocator.addresses(for: "new", avoiding: { _ in false }).isEmpty)
        #expect(allocator.allocations.count == 60_001, "all are in use")
        allocator.release("held-7")
        #expect(allocator.allocations["held-7"] != nil, "clients may have it cached")
        _ = allocator.addresses(for: "newer", avoiding: { _ in false })
        #expect(allocator.allocations["held-7"] == nil)
        #expect(allocator.allocations["held-8"] == held["held-8"])
    }

    @Test func aTakenAddressIsExchangedAndStaysSo() throws {
        var allocator = VIPAllocator()
        let first = try #require(allocator.addresses(for: "a", avoiding: { _ in false }).first)
        let second = allocator.addresses(for: "a", avoiding: { $0 == first })
        #expect(second.count == 1)
        #expect(second != [first])
        #expect(allocator.addresses(for: "a", avoiding: { _ in false }) == second)
        #expect(allocator.addresses(for: "b", avoiding: { _ in true }).isEmpty)
    }

    @Test func whereBothAreAskedForANameHasOneOfEachFamilyAlways() throws {
        var one = VIPAllocator()
        var other = VIPAllocator()
        one.givesBoth = true
        other.givesBoth = true
        let name = "shop/orders.shop.mesh.internal"
        let both = one.addresses(for: name, avoiding: { _ in false })
        #expect(both == other.addresses(for: name, avoiding: { _ in false }))
        #expect(both.map(\.isV4) == [true, false])
        let long = try #require(both.last)
        #expect(AddressBlock(parsing: "2001:2::/48").map { long.isContained(in: $0.base, prefixLength: 48) } == true)
        #expect(both.first == VIPAllocator().with(name).first, "that of IPv4 is the same as without")
    }

    @Test func addressesOfIPv6AreOneEachAndOutliveARestartAndAPause() throws {
        let directory = try TemporaryDirectory()
        let file = VIPFile(state: try StateDirectory(path: directory.path))
        var allocator = VIPAllocator()
        allocator.givesBoth = true
        var given: [String: [IPAddress]] = [:]
        for name in self.names(5000).sorted() { given[name] = allocator.addresses(for: name, avoiding: { _ in false }) }
        #expect(Set(given.values.joined()).count == 10_000)
        try file.store(allocator)
        var loaded = try file.load()
        #expect(loaded == allocator)
        let first = try #require(given.min { $0.key < $1.key })
        #expect(loaded.addresses(for: first.key, avoiding: { _ in false }) == Array(first.value.prefix(1)), "a pause")
        loaded.givesBoth = true
        for (name, addresses) in given { #expect(loaded.addresses(for: name, avoiding: { _ in false }) == addresses) }
    }

    @Test func aChosenAddressOfIPv6MovesThatOneOnly() throws {
        var allocator = VIPAllocator()
        allocator.givesBoth = true
        let before = allocator.addresses(for: "a", avoiding: { _ in false })
        let after = allocator.addresses(for: "a", avoiding: { $0 == before.last })
        #expect(after.first == before.first)
        #expect(after.count == 2 && after.last != before.last)
        #expect(allocator.addresses(for: "a", avoiding: { _ in false }) == after, "and stays")
        #expect(allocator.addresses(for: "a", avoiding: { $0 == before.first }).last == after.last)
        #expect(allocator.addresses(for: "a", avoiding: { !$0.isV4 }).map(\.isV4) == [true])
    }

    @Test func foreignAndDoubleAddressesOfIPv6InTheFileAreIgnored() throws {
        let short = [
            "a": IPAddress(v4: 240 << 24 | 240 << 16 | 5), "b": IPAddress(v4: 240 << 24 | 240 << 16 | 6),
            "c": IPAddress(v4: 240 << 24 | 240 << 16 | 7),
        ]
        let inside = try #require(IPAddress(parsing: "2001:2::5"))
        let outside = try #require(IPAddress(parsing: "2001:2:1::5"))
        let allocator = VIPAllocator(
            allocations: short,
            long: ["a": inside, "b": inside, "c": outside, "nobody": try #require(IPAddress(parsing: "2001:2::6"))]
        )
        #expect(allocator.longAllocations == ["a": inside])
    }

    @Test func whatIsTakenBackIsTakenBackInBothFamilies() {
        let held = Dictionary(
            uniqueKeysWithValues: (UInt32(1)...60_000).map { ("held-\($0)", IPAddress(v4: 240 << 24 | 240 << 16 | $0)) }
        )
        var allocator = VIPAllocator(allocations: held)
        allocator.givesBoth = true
        allocator.keep(Array(held.keys))
        #expect(allocator.addresses(for: "held-7", avoiding: { _ in false }).count == 2)
        allocator.release("held-7")
        #expect(allocator.longAllocations.count == 1)
        _ = allocator.addresses(for: "new", avoiding: { _ in false })
        #expect(allocator.longAllocations.keys.sorted() == ["new"])
    }
}

extension VIPAllocator {
    fileprivate func with(_ name: String) -> [IPAddress] {
        var copy = self
        return copy.addresses(for: name, avoiding: { _ in false })
    }
}

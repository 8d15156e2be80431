import AWSClient
import CertificateAuthority
import ECSDiscovery
import Foundation
import Logging
import MeshCompile
import MeshModel
import MeshProtos
import MeshXDS
import Synchronization
import Testing

@testable import ControlPlane

@Suite(.timeLimit(.minutes(1))) struct SharedAddressTests {
    /// One replica's publisher over a table.
    private struct Replica {
        let directory: TemporaryDirectory
        let store = ResourceStore()
        let publisher: RegistryPublisher

        init(_ table: MemoryTable, in directory: TemporaryDirectory? = nil, isDual: Bool = false) throws {
            let directory = try directory ?? TemporaryDirectory()
            self.directory = directory
            var settings = TestObservations.settings()
            settings.givesLongAddresses = isDual
            self.publisher = try RegistryPublisher(
                settings: settings,
                workers: ["us-east-1"],
                store: self.store,
                addressFile: VIPFile(state: try StateDirectory(path: directory.path), table: "t@r"),
                claims: AddressClaims(table: table),
                zones: nil,
                metrics: ControlPlaneMetrics(),
                quiet: .milliseconds(10),
                patience: .milliseconds(100),
                logger: Logger(label: "test")
            )
        }

        func observe(_ names: [String]) {
            let services = names.map { TestObservations.service($0) }
            // The same task for a service in whatever order they are seen.
            let sorted = services.sorted { $0.arn < $1.arn }.enumerated()
            let tasks = sorted.map { TestObservations.task($0.offset + 1, of: $0.element) }
            self.publisher.observe(TestObservations.snapshot(services, tasks), of: "us-east-1")
        }

        func run(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.publisher.run() }
                try await body()
                group.cancelAll()
            }
        }

        /// What data planes are told, by name.
        var versions: [String: String] {
            let resources = self.store.catalog?.resources(of: XDSTypes.address) ?? []
            return Dictionary(uniqueKeysWithValues: resources.map { ($0.name, $0.version) })
        }

        func address(_ name: String) -> IPAddress? {
            self.publisher.overview.services.first { $0.name == name }?.address
        }

        func eventually(_ condition: () -> Bool) async throws {
            for _ in 0..<500 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
            #expect(condition())
        }
    }

    private static let names = ["orders", "cart", "stock", "mail"]

    private static func claim(_ name: String, _ address: IPAddress, in table: MemoryTable) async throws {
        let item = TableItem(TableKey("vip", name), ["address": .string("\(address)")])
        let reverse = TableItem(TableKey("vip-address", "\(address)"), ["name": .string(name)])
        #expect(try await table.write([.put(item, if: .absent), .put(reverse, if: .absent)]) == .done)
    }

    /// A data plane that moves from one replica to the other is sent nothing that it has: counted on the wire.
    @Test func replicasTellTheSameAndAMoveSendsNothingAgain() async throws {
        let table = MemoryTable()
        let (one, two) = (try Replica(table), try Replica(table))
        // The hash of `orders` leads to an address that another name has, whoever comes first.
        let taken = try #require(VIPAllocator().offset(for: "shop/orders.shop.mesh.internal") { _ in true })
        try await Self.claim("other/one", VIPAllocator.address(taken), in: table)
        try await one.run {
            try await two.run {
                one.observe(Self.names)
                two.observe(Self.names.reversed().map { $0 })
                try await one.eventually { one.store.isReady && two.store.isReady }
                #expect(one.versions.count == 8 && one.versions == two.versions)
                let addresses = Self.names.compactMap { one.address($0) }
                #expect(Set(addresses).count == 4 && !addresses.contains(VIPAllocator.address(taken)))
                // One that comes later, to the second one first.
                two.observe(Self.names + ["late"])
                try await two.eventually { two.address("late") != nil }
                one.observe(Self.names + ["late"])
                try await one.eventually { one.address("late") != nil && one.versions == two.versions }
            }
        }
        var first = DeltaRequest.first()
        var held = DeltaServerStream(id: "one")
        let all = try held.receive(first, catalog: try #require(one.store.catalog), at: 1)
        #expect(all.map(\.resources) == [10])
        first.initialResourceVersions = one.versions
        var moved = DeltaServerStream(id: "two")
        let again = try moved.receive(first, catalog: try #require(two.store.catalog), at: 1)
        #expect(again.map(\.resources) == [0] && again.map(\.sectionBytes) == [0], "nothing removed either")
    }

    @Test func whatAnotherClaimedAMomentBeforeIsAdopted() async throws {
        let table = MemoryTable()
        let one = try Replica(table)
        let name = "shop/orders.shop.mesh.internal"
        let chosen = IPAddress(v4: 240 << 24 | 240 << 16 | 77)
        table.meddle { try await Self.claim(name, chosen, in: table) }
        try await one.run {
            one.observe(["orders", "cart"])
            try await one.eventually { one.store.isReady }
            #expect(one.address("orders") == chosen)
            #expect(one.address("cart") != nil)
        }
        let claims = table.items.keys.filter { $0.partition == "vip" }.count
        #expect(claims == 2 && table.items.keys.filter { $0.partition == "vip-address" }.count == 2)
    }

    @Test func withoutTheTableOnlyNewServicesWaitForTheirAddress() async throws {
        let table = MemoryTable()
        let one = try Replica(table)
        try await one.run {
            one.observe(["orders"])
            try await one.eventually { one.address("orders") != nil }
            let known = one.address("orders")
            table.failure = MemoryTable.gone
            one.observe(["orders", "cart"])
            try await one.eventually { one.versions.count == 4 }
            #expect(one.address("cart") == nil && one.address("orders") == known)
            table.failure = nil
            try await one.eventually { one.address("cart") != nil }
        }
    }

    @Test func aRestartWithoutTheTableKeepsAddresses() async throws {
        let table = MemoryTable()
        let directory = try TemporaryDirectory()
        var known: [String: String] = [:]
        do {
            let one = try Replica(table, in: directory, isDual: true)
            try await one.run {
                one.observe(Self.names)
                try await one.eventually { one.store.isReady }
                known = one.versions
            }
        }
        table.failure = MemoryTable.gone
        let again = try Replica(table, in: directory, isDual: true)
        try await again.run {
            again.observe(Self.names)
            try await again.eventually { again.store.isReady }
            #expect(again.versions == known)
        }
    }

    @Test func addressesFromBeforeThereWasATableAreClaimed() async throws {
        let directory = try TemporaryDirectory()
        let name = "shop/orders.shop.mesh.internal"
        let before = IPAddress(v4: 240 << 24 | 240 << 16 | 99)
        do {
            let state = try StateDirectory(path: directory.path)
            try VIPFile(state: state).store(VIPAllocator(allocations: [name: before]))
        }
        let table = MemoryTable()
        let one = try Replica(table, in: directory)
        try await one.run {
            one.observe(["orders"])
            try await one.eventually { one.store.isReady }
            #expect(one.address("orders") == before)
        }
        #expect(table.items[TableKey("vip", name)]?["address"] == .string("\(before)"))
    }

    /// Many replicas that see services in another order each end with the same addresses, and no address twice.
    @Test func manyThatClaimAtOnceAgree() async throws {
        let table = MemoryTable()
        let names = (0..<300).map { "shop/s\($0).shop.mesh.internal" }
        let outcomes = try await withThrowingTaskGroup(of: [String: VIPClaim].self) { group in
            for replica in 0..<4 {
                group.addTask {
                    let claims = AddressClaims(table: table)
                    var allocator = VIPAllocator()
                    allocator.share(isClaimed: true)
                    allocator.givesBoth = true
                    let mine = replica.isMultiple(of: 2) ? names : names.reversed()
                    for part in [mine.prefix(170), mine[...]] {
                        for _ in 0..<20 {
                            for name in part { _ = allocator.addresses(for: name) { _ in false } }
                            if allocator.proposals.isEmpty { break }
                            _ = allocator.adopt(try await claims.settle(allocator.proposals))
                        }
                    }
                    #expect(allocator.proposals.isEmpty)
                    return try await claims.load()
                }
            }
            var outcomes: [[String: VIPClaim]] = []
            for try await outcome in group { outcomes.append(outcome) }
            return outcomes
        }
        #expect(outcomes.last?.count == 300)
        let addresses = outcomes.last?.values.flatMap(\.addresses) ?? []
        #expect(Set(addresses).count == 600)
        #expect(table.items.keys.filter { $0.partition == "vip-address" }.count == 600)
    }
}

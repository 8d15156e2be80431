import AWSClient
import CertificateAuthority
import ControlPlane
import Foundation
import Logging
import MeshModel
import Synchronization
import Testing

/// Secrets of sessions, and used attestations, of replicas that share a table.
@Suite struct SharedSecretsTests {
    private static let orders = NamespacedHostname(namespace: "shop", hostname: "orders.shop.mesh.internal")
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)
    private static let key = TableKey("secret", "sessions")

    private let table = MemoryTable()

    private func keys(after days: Double = 0) async throws -> [[UInt8]] {
        let now = Self.start.addingTimeInterval(days * 86_400)
        return try await SessionSecretTable(table: self.table).load(now: now).keys(for: Self.orders)
    }

    @Test func whoeverIsFirstMakesThemForAll() async throws {
        let keys = try await withThrowingTaskGroup(of: [[UInt8]].self) { group in
            for _ in 0..<3 { group.addTask { try await self.keys() } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
        #expect(keys.first?.map(\.count) == [32])
        #expect(self.table.writes.count == 1)
    }

    @Test func anotherReplicaMayBeFirst() async throws {
        let others = Mutex<[[UInt8]]>([])
        self.table.meddle {
            let keys = try await self.keys()
            others.withLock { $0 = keys }
        }
        let ours = try await self.keys()
        #expect(ours == others.withLock { $0 } && !ours.isEmpty)
    }

    @Test func afterAMonthOneReplicaRenewsThem() async throws {
        let first = try await self.keys()
        #expect(try await self.keys(after: 29) == first)
        let second = try await self.keys(after: 31)
        #expect(second.count == 2 && second[1] == first[0])
        #expect(try await self.keys(after: 31) == second)
        // One whose clock is behind takes what is there.
        #expect(try await self.keys(after: 1) == second)
        #expect(self.table.writes.count == 2)
    }

    @Test func replacedAtOnceNothingOfBeforeOpens() async throws {
        let first = try await self.keys()
        let replaced = try await SessionSecretTable(table: self.table).replace(now: Self.start.addingTimeInterval(9))
        #expect(replaced.keys(for: Self.orders).count == 1)
        #expect(try await self.keys() == replaced.keys(for: Self.orders))
        #expect(!replaced.keys(for: Self.orders).contains(first[0]))
        #expect(!"\(replaced)".contains("secret:") && Mirror(reflecting: replaced).children.count == 1)
    }

    @Test func whatCannotBeReadIsReplacedAndAFaultIsNot() async throws {
        for fields: [String: TableValue] in [
            [:], ["secrets": .bytes([1]), "version": .number(4)], ["secrets": .string("x")],
        ] {
            _ = try await self.table.write([.put(TableItem(Self.key, fields))])
            let keys = try await self.keys()
            #expect(keys.count == 1)
            #expect(try await self.keys() == keys)
        }
        self.table.failure = MemoryTable.gone
        let error = await #expect(throws: AuthorityError.self) { try await self.keys() }
        #expect(error?.code == .stateUnavailable)
    }

    @Test func aKeeperHandsOutWhatIsNewAndKeepsWhatItHas() async throws {
        let store = SessionSecretTable(table: self.table)
        let first = try await store.load(now: Date())
        let published = Mutex<[SessionSecrets]>([])
        let keeper = SessionKeeper(store: store, first: first, logger: Logger(label: "test")) { secrets in
            published.withLock { $0.append(secrets) }
        }
        try await keeper.look(now: Date())
        #expect(published.withLock { $0.isEmpty })
        // Another replica is told to end all sessions.
        let second = try await SessionSecretTable(table: self.table).replace(now: Date())
        try await keeper.look(now: Date())
        #expect(published.withLock { $0 } == [second])
        self.table.failure = MemoryTable.gone
        await #expect(throws: AuthorityError.self) { try await keeper.look(now: Date()) }
        let fault = await #expect(throws: AdminFault.self) { try await keeper.replace() }
        #expect(fault?.code == .unavailable)
        #expect(published.withLock { $0.count } == 1)
        self.table.failure = nil
        _ = try await keeper.replace()
        #expect(published.withLock { $0.count } == 2)
    }

    @Test func anAttestationIsNotedOnceForAllReplicas() async throws {
        let replicas = [TableAttestationMemory(table: self.table), TableAttestationMemory(table: self.table)]
        let uses = await withTaskGroup(of: AttestationUse.self) { group in
            for number in 0..<100 {
                group.addTask {
                    await replicas[number % 2].note(accessKey: "AKID", signature: "ab", now: Self.start)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(uses.filter { $0 == .first }.count == 1)
        #expect(uses.filter { $0 == .again }.count == 99)
        #expect(await replicas[0].note(accessKey: "AKID", signature: "cd", now: Self.start) == .first)
        #expect(await replicas[0].note(accessKey: "AKIE", signature: "ab", now: Self.start) == .first)
        let item = try #require(self.table.items.values.first)
        #expect(item.key.partition == "attestation" && item.key.sort.count == 64)
        #expect(item["ttl"]?.number == Int64(Self.start.timeIntervalSince1970) + 3600)
        self.table.failure = MemoryTable.gone
        guard case .unknown = await replicas[1].note(accessKey: "AKID", signature: "ef", now: Self.start) else {
            Issue.record("a fault is taken for a verdict")
            return
        }
    }
}

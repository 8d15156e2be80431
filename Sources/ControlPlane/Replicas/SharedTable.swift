package import AWSClient
import CertificateAuthority
package import Foundation
package import MeshConfig
import MeshTelemetry
import Synchronization

/// The table that this replica shares with others, and how it answers.
package final class SharedTable: ReplicaTable {
    /// How it answers, for the pages.
    package struct Contact: Sendable, Hashable {
        /// When it last answered; nil for never.
        package var last: Date?
        /// Why the last call failed; nil when it did not.
        package var error: String?
        fileprivate var counts: [Outcome: UInt64] = [:]
    }

    fileprivate enum Outcome: String, CaseIterable {
        case answered, conflict, failed
    }

    /// What all makers of deadlines share.
    private final class Noted: Sendable {
        let contact = Mutex(Contact())
    }

    /// The table's name and region: what is kept of one table counts for nothing of another.
    package let identity: String
    /// Us among the replicas: our host's name, and what no other process has.
    package let replica: String
    private let table: any ReplicaTable
    private let noted: Noted

    /// The table that is configured; nil where there is none.
    package convenience init?(_ configuration: TulledConfiguration, client: AWSClient) {
        guard !configuration.sharedTable.isEmpty else { return nil }
        let region =
            configuration.sharedTableRegion.isEmpty ? configuration.regions.first : configuration.sharedTableRegion
        self.init(
            identity: "\(configuration.sharedTable)@\(region ?? "")",
            replica: "\(ReplicaName.ours)-\(String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16))",
            table: DynamoTable(TableClient(client: client, table: configuration.sharedTable, region: region))
        )
    }

    /// Makes it over a table.
    package convenience init(identity: String, replica: String, table: any ReplicaTable) {
        self.init(identity, replica, table, Noted())
    }

    private init(_ identity: String, _ replica: String, _ table: any ReplicaTable, _ noted: Noted) {
        self.identity = identity
        self.replica = replica
        self.table = table
        self.noted = noted
    }

    /// How it answers.
    package var contact: Contact { self.noted.contact.withLock { $0 } }

    package func get(_ key: TableKey) async throws -> TableItem? {
        try await self.noting { try await self.table.get(key) }
    }

    package func items(in partition: String, after sort: String?, limit: Int) async throws -> [TableItem] {
        try await self.noting { try await self.table.items(in: partition, after: sort, limit: limit) }
    }

    package func write(_ writes: [TableWrite]) async throws -> TableOutcome {
        let outcome = try await self.noting { try await self.table.write(writes) }
        if case .conflict = outcome { self.noted.contact.withLock { $0.counts[.conflict, default: 0] += 1 } }
        return outcome
    }

    package func within(_ deadline: Duration) -> any ReplicaTable {
        SharedTable(self.identity, self.replica, self.table.within(deadline), self.noted)
    }

    private func noting<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do {
            let value = try await body()
            self.noted.contact.withLock { contact in
                contact.last = Date()
                contact.error = nil
                contact.counts[.answered, default: 0] += 1
            }
            return value
        } catch {
            // A call that we gave up ourselves says nothing about the table.
            if !Task.isCancelled {
                self.noted.contact.withLock { contact in
                    contact.error = String("\(error)".prefix(512))
                    contact.counts[.failed, default: 0] += 1
                }
            }
            throw error
        }
    }

    /// Adds the table's figures, which are read when somebody asks.
    func measure(in registry: MetricsRegistry) {
        let noted = self.noted
        registry.sampled(
            "tulle_shared_table_age_seconds",
            help: "Seconds since the shared table last answered."
        ) {
            noted.contact.withLock { $0.last }.map { max(0, Date().timeIntervalSince($0)) }
        }
        registry.sampledCounters(
            "tulle_shared_table_calls_total",
            help: "Calls of the shared table, by what became of them; a conflict was answered, too.",
            labels: ["outcome"]
        ) {
            let counts = noted.contact.withLock(\.counts)
            return Outcome.allCases.map { (values: [$0.rawValue], count: counts[$0] ?? 0) }
        }
    }
}

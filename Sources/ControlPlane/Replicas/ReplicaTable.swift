package import AWSClient

/// The table that the replicas of a control plane share: DynamoDB, or a stand-in in tests. All calls throw `AWSError`.
///
/// Its partitions are `head`, `config`, `vip`, `vip-address`, `lease` and `event`; each is described where it is used.
package protocol ReplicaTable: Sendable {
    /// The item of a key as it was last written; nil when there is none.
    func get(_ key: TableKey) async throws -> TableItem?
    /// The items of a partition in the order of their keys, from after one on.
    func items(in partition: String, after sort: String?, limit: Int) async throws -> [TableItem]
    /// Makes all of these writes or none, each of another item, at most 100.
    func write(_ writes: [TableWrite]) async throws -> TableOutcome
    /// The same table with another deadline of calls.
    func within(_ deadline: Duration) -> any ReplicaTable
}

/// DynamoDB's table.
package struct DynamoTable: ReplicaTable {
    private let client: TableClient

    /// Makes it over a client.
    package init(_ client: TableClient) {
        self.client = client
    }

    package func get(_ key: TableKey) async throws -> TableItem? { try await self.client.get(key) }

    package func items(in partition: String, after sort: String?, limit: Int) async throws -> [TableItem] {
        try await self.client.items(in: partition, after: sort, limit: limit)
    }

    package func write(_ writes: [TableWrite]) async throws -> TableOutcome { try await self.client.write(writes) }

    package func within(_ deadline: Duration) -> any ReplicaTable { DynamoTable(self.client.within(deadline)) }
}

import AWSClient
import ControlPlane
import Synchronization

/// A table in memory, with DynamoDB's transactions and conditions, that can be made to fail.
final class MemoryTable: ReplicaTable {
    private struct State {
        var items: [TableKey: TableItem] = [:]
        var failure: AWSError?
        /// Called before a write, outside of the lock: what another replica does just then.
        var meddler: (@Sendable () async throws -> Void)?
        var writes: [[TableWrite]] = []
        var reads = 0
        /// Of those, of whole partitions, by partition.
        var lists: [String: Int] = [:]
    }

    private let state = Mutex(State())

    static let gone = AWSError(
        service: "dynamodb",
        action: "GetItem",
        code: AWSError.Code.connectionFailed,
        message: "no connection",
        kind: .transport
    )

    /// What every call throws from now on; nil for none.
    var failure: AWSError? {
        get { self.state.withLock(\.failure) }
        set { self.state.withLock { $0.failure = newValue } }
    }

    /// All transactions that were made.
    var writes: [[TableWrite]] { self.state.withLock(\.writes) }
    var reads: Int { self.state.withLock(\.reads) }
    var lists: [String: Int] { self.state.withLock(\.lists) }
    var items: [TableKey: TableItem] { self.state.withLock(\.items) }

    /// Has this done before the next write.
    func meddle(_ meddler: @escaping @Sendable () async throws -> Void) {
        self.state.withLock { $0.meddler = meddler }
    }

    func get(_ key: TableKey) async throws -> TableItem? {
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            state.reads += 1
            return state.items[key]
        }
    }

    func items(in partition: String, after sort: String?, limit: Int) async throws -> [TableItem] {
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            state.reads += 1
            state.lists[partition, default: 0] += 1
            let items = state.items.values.filter { $0.key.partition == partition && $0.key.sort > (sort ?? "") }
            return Array(items.sorted { $0.key.sort < $1.key.sort }.prefix(limit))
        }
    }

    func write(_ writes: [TableWrite]) async throws -> TableOutcome {
        let meddler = self.state.withLock { state in
            defer { state.meddler = nil }
            return state.meddler
        }
        try await meddler?()
        return try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            precondition((1...100).contains(writes.count) && Set(writes.map(\.key)).count == writes.count)
            let failed = writes.indices.filter { !Self.holds(writes[$0].condition, state.items[writes[$0].key]) }
            guard failed.isEmpty else { return .conflict(failed) }
            for write in writes { Self.make(write, &state.items) }
            state.writes.append(writes)
            return .done
        }
    }

    func within(_ deadline: Duration) -> any ReplicaTable { self }

    private static func holds(_ condition: TableCondition?, _ item: TableItem?) -> Bool {
        switch condition {
        case nil: true
        case .absent: item == nil
        case .present: item != nil
        case .equal(let fields): item.map { item in fields.allSatisfy { item[$0.key] == $0.value } } ?? false
        }
    }

    private static func make(_ write: TableWrite, _ items: inout [TableKey: TableItem]) {
        switch write.action {
        case .put(let fields): items[write.key] = TableItem(write.key, fields)
        case .delete: items[write.key] = nil
        case .check: break
        case .update(let set, let add):
            var item = items[write.key] ?? TableItem(write.key)
            item.fields.merge(set) { $1 }
            for (name, number) in add { item.fields[name] = .number((item[name]?.number ?? 0) + number) }
            items[write.key] = item
        }
    }
}

/// A dictionary in 256 parts, so that changing one entry of a shared copy copies one part only.
struct ShardedMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// None before the first entry: a small mesh leaves most maps empty.
    private var shards: [[Key: Value]] = []
    /// How many entries there are.
    private(set) var count = 0

    /// An empty map.
    init() {}

    subscript(key: Key) -> Value? { self.shards.isEmpty ? nil : self.shards[Self.shard(key)][key] }

    /// Changes the entry of `key` in place; nil is no entry.
    mutating func modify<R>(_ key: Key, _ body: (inout Value?) -> R) -> R {
        if self.shards.isEmpty { self.shards = Array(repeating: [:], count: Self.shardCount) }
        let shard = Self.shard(key)
        let before = self.shards[shard].count
        let result = body(&self.shards[shard][key])
        self.count += self.shards[shard].count - before
        return result
    }

    /// All values, in no order.
    var values: some Sequence<Value> { self.shards.lazy.flatMap(\.values) }

    /// All keys, in no order.
    var keys: some Sequence<Key> { self.shards.lazy.flatMap(\.keys) }

    private static var shardCount: Int { 256 }
    private static func shard(_ key: Key) -> Int { key.hashValue & (self.shardCount - 1) }
}

extension ShardedMap: Equatable where Value: Equatable {
    static func == (left: ShardedMap, right: ShardedMap) -> Bool {
        left.count == right.count && (left.count == 0 || left.shards == right.shards)
    }
}

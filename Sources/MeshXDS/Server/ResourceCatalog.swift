/// All resources a server offers, with a log of what changed lately.
///
/// A wildcard stream remembers only how far in the log it is, not which names it sent: ten thousand streams cost the same
/// whether the mesh has ten services or ten thousand.
package struct ResourceCatalog: Sendable {
    /// One resource, encoded once for all streams.
    package struct Resource: Hashable, Sendable {
        /// Its name.
        package let name: String
        /// Changes when the bytes do.
        package let version: String
        /// Its message's bytes.
        package let bytes: [UInt8]
        /// Other names it is asked for by, `network/ip`.
        package let aliases: [String]

        /// A resource whose version is the hash of its bytes.
        package init(name: String, bytes: [UInt8], aliases: [String] = []) {
            self.name = name
            self.version = ContentHash.version(of: bytes)
            self.bytes = bytes
            self.aliases = aliases
        }
    }

    /// The resources of one type.
    struct TypeCatalog: Sendable {
        private(set) var resources: [String: Resource] = [:]
        /// Which resources an alias stands for.
        private var namesByAlias: [String: Set<String>] = [:]
        /// Grows with every change.
        private(set) var revision: UInt64 = 0
        /// Changes after this revision are in the log.
        private var logStart: UInt64 = 0
        private var log: [(revision: UInt64, name: String)] = []

        /// The resource asked for by name or alias. Of several with one alias the first by name.
        func resource(_ key: String) -> Resource? {
            if let resource = self.resources[key] { return resource }
            return self.namesByAlias[key]?.min().flatMap { self.resources[$0] }
        }

        /// The names that changed after `revision`; nil when the log does not reach that far back.
        func changes(since revision: UInt64) -> Set<String>? {
            guard revision >= self.logStart else { return nil }
            var low = 0
            var high = self.log.count
            while low < high {
                let middle = low + (high - low) / 2
                if self.log[middle].revision <= revision { low = middle + 1 } else { high = middle }
            }
            return Set(self.log[low...].lazy.map(\.name))
        }

        /// Applies a change; true when anything is different now.
        mutating func update(_ upserts: [Resource], removing removals: [String], logLimit: Int) -> Bool {
            var changed: [String] = []
            for name in removals {
                guard let old = self.resources.removeValue(forKey: name) else { continue }
                self.unlist(old)
                changed.append(name)
            }
            for resource in upserts where self.resources[resource.name] != resource {
                if let old = self.resources.updateValue(resource, forKey: resource.name) { self.unlist(old) }
                for alias in resource.aliases { self.namesByAlias[alias, default: []].insert(resource.name) }
                changed.append(resource.name)
            }
            guard !changed.isEmpty else { return false }
            self.revision += 1
            self.log.append(contentsOf: changed.map { (self.revision, $0) })
            // Cut half at a time, so that the cost of moving the rest is spread.
            if self.log.count > logLimit {
                let cut = self.log.count - logLimit / 2
                self.logStart = self.log[cut - 1].revision
                self.log.removeFirst(cut)
            }
            return true
        }

        private mutating func unlist(_ old: Resource) {
            for alias in old.aliases {
                self.namesByAlias[alias]?.remove(old.name)
                if self.namesByAlias[alias]?.isEmpty == true { self.namesByAlias[alias] = nil }
            }
        }
    }

    /// How many changes of a type are remembered. Default 64 Ki.
    ///
    /// A stream that falls further behind must be closed; on the next one its client says what it has.
    package let logLimit: Int
    private var types: [String: TypeCatalog] = [:]

    /// An empty catalog.
    package init(logLimit: Int = 1 << 16) { self.logLimit = max(2, logLimit) }

    /// Applies a change of one type, removals first; true when anything is different now.
    @discardableResult
    package mutating func update(
        _ typeURL: String,
        upserts: [Resource],
        removing removals: [String] = []
    ) -> Bool {
        self.types[typeURL, default: TypeCatalog()].update(upserts, removing: removals, logLimit: self.logLimit)
    }

    /// Makes `resources` all there is of a type; true when anything is different now.
    @discardableResult
    package mutating func replace(_ typeURL: String, with resources: [Resource]) -> Bool {
        let names = Set(resources.map(\.name))
        let gone = self.resources(of: typeURL).map(\.name).filter { !names.contains($0) }
        return self.update(typeURL, upserts: resources, removing: gone)
    }

    /// The resources of a type, by name.
    package func resources(of typeURL: String) -> [Resource] {
        (self.types[typeURL]?.resources ?? [:]).values.sorted { $0.name < $1.name }
    }

    /// How many resources of a type there are.
    package func count(of typeURL: String) -> Int { self.types[typeURL]?.resources.count ?? 0 }

    func type(_ typeURL: String) -> TypeCatalog { self.types[typeURL] ?? TypeCatalog() }
}

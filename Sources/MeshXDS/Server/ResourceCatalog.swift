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
        /// What brings it along: who follows one of these on demand follows it too. A workload's are its services and
        /// its node.
        package let parents: [String]

        /// A resource whose version is the hash of its bytes.
        package init(name: String, bytes: [UInt8], aliases: [String] = [], parents: [String] = []) {
            self.name = name
            self.version = ContentHash.version(of: bytes)
            self.bytes = bytes
            self.aliases = aliases
            self.parents = parents
        }

        /// Name and content, in bytes.
        var size: Int { self.name.utf8.count + self.bytes.count }
    }

    /// How many changes of a type are remembered, and how many removals, but at least the newest change, however large.
    /// Default 64 Ki.
    ///
    /// A stream that falls behind by more changes is compared with all resources. One that falls behind by more removals
    /// must be closed, as nobody knows what its client still has; on the next one the client says so.
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

    /// The size of all resources of all types, names and content, in bytes: about what a first answer costs.
    package var bytes: Int { self.types.values.reduce(0) { $0 + $1.bytes } }

    /// Grows with every change of a type; counts for one run of one server only.
    package func revision(of typeURL: String) -> UInt64 { self.types[typeURL]?.revision ?? 0 }

    /// How often the resources of a push were encoded for all streams together, over all types.
    package var sharedEncodings: Int { self.types.values.reduce(0) { $0 + $1.encodings } }

    func type(_ typeURL: String) -> TypeCatalog { self.types[typeURL] ?? TypeCatalog() }
}

/// The resources of one type, and what changed lately.
struct TypeCatalog: Sendable {
    typealias Resource = ResourceCatalog.Resource

    private(set) var resources: [String: Resource] = [:]
    /// The size of all of them, names and content, in bytes.
    private(set) var bytes = 0
    /// Which resources an alias stands for.
    private var namesByAlias: [String: Set<String>] = [:]
    /// Which resources a parent brings along.
    private var namesByParent: [String: Set<String>] = [:]
    /// Grows with every change.
    private(set) var revision: UInt64 = 0
    /// Changes after this revision are in the log.
    private var logStart: UInt64 = 0
    private var log: [(revision: UInt64, name: String)] = []
    /// The revision of the last change of every resource, and of the removal of those that are gone.
    private var lastChange: [String: UInt64] = [:]
    /// Removals after this revision are in `lastChange`.
    private var removalStart: UInt64 = 0
    /// What streams at this very revision share; another one takes its place with every change.
    private var sections = SharedSections()
    private var olderEncodings = 0

    /// The resource asked for by name or alias. Of several with one alias the first by name.
    func resource(_ key: String) -> Resource? {
        if let resource = self.resources[key] { return resource }
        return self.namesByAlias[key]?.min().flatMap { self.resources[$0] }
    }

    /// What `parent` brings along.
    func children(of parent: String) -> Set<String> { self.namesByParent[parent] ?? [] }

    /// The names that changed after `revision`; nil when removals since then are forgotten.
    ///
    /// As long as the log reaches that far back this costs as much as there are changes, from then on as much as there are
    /// resources.
    func changes(since revision: UInt64) -> Set<String>? {
        guard revision >= self.logStart else {
            guard revision >= self.removalStart else { return nil }
            return Set(self.lastChange.lazy.filter { $0.value > revision }.map(\.key))
        }
        var low = 0
        var high = self.log.count
        while low < high {
            let middle = low + (high - low) / 2
            if self.log[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return Set(self.log[low...].lazy.map(\.name))
    }

    /// The section that brings a wildcard stream from `basis` to this revision, made once for all of them; nil when
    /// removals since then are forgotten.
    func section(from basis: SharedSections.Basis, typeURL: String) -> ResourceSection? {
        self.sections.section(from: basis) {
            switch basis {
            case .nothing:
                ResourceSection(self.resources.values, removed: [], typeURL: typeURL, withAliases: false)
            case .revision(let revision):
                self.changes(since: revision).map { names in
                    ResourceSection(
                        names.compactMap { self.resources[$0] },
                        removed: names.filter { self.resources[$0] == nil },
                        typeURL: typeURL,
                        withAliases: false
                    )
                }
            }
        }
    }

    /// How many shared sections were made.
    var encodings: Int { self.olderEncodings + self.sections.made }

    /// Applies a change; true when anything is different now.
    mutating func update(_ upserts: [Resource], removing removals: [String], logLimit: Int) -> Bool {
        var changed: [String] = []
        for name in removals {
            guard let old = self.resources.removeValue(forKey: name) else { continue }
            self.unlist(old)
            self.bytes -= old.size
            changed.append(name)
        }
        for resource in upserts where self.resources[resource.name] != resource {
            if let old = self.resources.updateValue(resource, forKey: resource.name) {
                self.unlist(old)
                self.bytes -= old.size
            }
            self.bytes += resource.size
            for alias in resource.aliases { self.namesByAlias[alias, default: []].insert(resource.name) }
            for parent in resource.parents { self.namesByParent[parent, default: []].insert(resource.name) }
            changed.append(resource.name)
        }
        guard !changed.isEmpty else { return false }
        let previous = self.revision
        self.revision += 1
        self.olderEncodings += self.sections.made
        self.sections = SharedSections()
        self.log.append(contentsOf: changed.map { (self.revision, $0) })
        for name in changed { self.lastChange[name] = self.revision }
        self.trim(to: logLimit, keeping: previous)
        self.forgetRemovals(to: logLimit, keeping: previous)
        return true
    }

    /// Cuts half at a time, so that the cost of moving the rest is spread. What is newer than `previous` stays, or one
    /// large change would leave every stream behind.
    private mutating func trim(to limit: Int, keeping previous: UInt64) {
        guard self.log.count > limit else { return }
        var cut = self.log.count - limit / 2
        while cut > 0, self.log[cut - 1].revision > previous { cut -= 1 }
        guard cut > 0 else { return }
        self.logStart = self.log[cut - 1].revision
        self.log.removeFirst(cut)
    }

    /// Forgets the oldest removals, half at a time, and none that is newer than `previous`.
    private mutating func forgetRemovals(to limit: Int, keeping previous: UInt64) {
        let count = self.lastChange.count - self.resources.count
        guard count > limit else { return }
        let gone = self.lastChange.filter { self.resources[$0.key] == nil && $0.value <= previous }
            .sorted { $0.value < $1.value }
        for (name, revision) in gone.prefix(count - limit / 2) {
            self.lastChange[name] = nil
            self.removalStart = revision
        }
    }

    private mutating func unlist(_ old: Resource) {
        Self.remove(old.name, under: old.aliases, from: &self.namesByAlias)
        Self.remove(old.name, under: old.parents, from: &self.namesByParent)
    }

    private static func remove(_ name: String, under keys: [String], from index: inout [String: Set<String>]) {
        for key in keys {
            index[key]?.remove(name)
            if index[key]?.isEmpty == true { index[key] = nil }
        }
    }
}

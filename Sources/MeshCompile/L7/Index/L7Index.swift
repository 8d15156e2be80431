import MeshConfig

/// Resources for waypoints, by what they are attached to and what they name.
struct L7Index {
    private(set) var references: [ResourceKey: L7References] = [:]
    private(set) var attached: [L7Reference: Set<ResourceKey>] = [:]
    private(set) var mentioned: [L7Reference: Set<ResourceKey>] = [:]
    /// Patterns of host names that something is attached to, `*` or `*.` and a suffix.
    private(set) var patterns: Set<String> = []

    /// Puts a resource's references in the place of those that it had.
    ///
    /// - Returns: what it had and has.
    mutating func replace(_ key: ResourceKey, with new: L7References?) -> [L7References] {
        let old = self.references[key]
        if let old {
            for reference in old.attached {
                self.attached.take(key, from: reference)
                if case .host(let host) = reference, self.attached[reference] == nil { self.patterns.remove(host) }
            }
            for reference in old.mentioned { self.mentioned.take(key, from: reference) }
        }
        self.references[key] = new
        if let new {
            for reference in new.attached {
                self.attached.add(key, to: reference)
                if case .host(let host) = reference, host.hasPrefix("*") { self.patterns.insert(host) }
            }
            for reference in new.mentioned { self.mentioned.add(key, to: reference) }
        }
        return [old, new].compactMap(\.self)
    }

    /// The resources of a kind that are attached to something.
    func keys(_ kind: ResourceKind, attachedTo reference: L7Reference) -> [ResourceKey] {
        (self.attached[reference] ?? []).filter { $0.kind == kind }
    }
}

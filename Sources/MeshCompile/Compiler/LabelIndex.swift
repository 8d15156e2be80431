/// Workloads by namespace and label, so that what selects some of them need not look at all.
struct LabelIndex {
    private struct Label: Hashable {
        /// Nil for all namespaces.
        var namespace: String?
        var key: String
        var value: String
    }

    private var all: Set<String> = []
    private var byNamespace: [String: Set<String>] = [:]
    private var byLabel: [Label: Set<String>] = [:]

    /// Adds a workload.
    mutating func insert(_ uid: String, namespace: String, labels: [String: String]) {
        self.all.insert(uid)
        self.byNamespace[namespace, default: []].insert(uid)
        for label in Self.entries(namespace, labels) { self.byLabel[label, default: []].insert(uid) }
    }

    /// Removes what was added with the same values.
    mutating func remove(_ uid: String, namespace: String, labels: [String: String]) {
        self.all.remove(uid)
        self.byNamespace[namespace]?.remove(uid)
        if self.byNamespace[namespace]?.isEmpty == true { self.byNamespace[namespace] = nil }
        for label in Self.entries(namespace, labels) {
            self.byLabel[label]?.remove(uid)
            if self.byLabel[label]?.isEmpty == true { self.byLabel[label] = nil }
        }
    }

    /// Those that the scope may concern: they have at least the rarest of its labels.
    func candidates(_ scope: WorkloadScope) -> Set<String> {
        guard !scope.labels.isEmpty else {
            return scope.namespace.map { self.byNamespace[$0] ?? [] } ?? self.all
        }
        let sets = scope.labels.map { key, value in
            self.byLabel[Label(namespace: scope.namespace, key: key, value: value)] ?? []
        }
        return sets.min { $0.count < $1.count } ?? []
    }

    /// How many entries there are; 0 when every workload is gone.
    var count: Int { self.all.count + self.byNamespace.count + self.byLabel.count }

    private static func entries(_ namespace: String, _ labels: [String: String]) -> [Label] {
        labels.flatMap { key, value in
            [Label(namespace: namespace, key: key, value: value), Label(namespace: nil, key: key, value: value)]
        }
    }
}

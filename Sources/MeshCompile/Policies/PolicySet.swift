import MeshConfig
import MeshProtos

/// Every policy that ztunnels get from declared resources, and which of them a workload lists.
///
/// A change costs work for itself, and for PeerAuthentications of a namespace or the mesh also for the others of it.
struct PolicySet {
    /// What a change of the set means.
    struct Change {
        /// Policies that are new or different.
        var changed: [IstioSecurity.Authorization] = []
        /// Keys of policies that are gone.
        var removed: [String] = []
        /// Workloads whose lists may be others now.
        var scopes: [WorkloadScope] = []
    }

    private let rootNamespace: String
    private var peers: PeerModes
    /// Whether some workload refuses plain connections by itself.
    private var isStrictNeeded = false
    /// Labels of the policies that are listed, by namespace and name.
    private var selectors: [String: [String: [String: String]]] = [:]
    /// Every policy, by key.
    private(set) var policies: [String: IstioSecurity.Authorization] = [:]
    /// Keys of policies that became others since ``takeUnpublished()``.
    private var unpublished: Set<String> = []

    init(rootNamespace: String) {
        self.rootNamespace = rootNamespace
        self.peers = PeerModes(rootNamespace: rootNamespace)
    }

    /// The keys of the policies that a workload lists, sorted.
    ///
    /// - Parameter refusesPlain: whether the workload refuses plain connections whatever its PeerAuthentication says.
    func listed(namespace: String, labels: [String: String], refusesPlain: Bool = false) -> [String] {
        var keys = self.peers.policies(namespace: namespace, labels: labels)
        if refusesPlain, !keys.contains(self.peers.strictKey) { keys.append(self.peers.strictKey) }
        for level in Set([namespace, self.rootNamespace]) {
            for (name, selector) in self.selectors[level] ?? [:]
            where selector.allSatisfy({ labels[$0.key] == $0.value }) {
                keys.append("\(level)/\(name)")
            }
        }
        return keys.sorted()
    }

    // MARK: Changes

    /// Takes in an AuthorizationPolicy, or what became of it.
    ///
    /// - Returns: what changed, and what its owner should know.
    mutating func replace(
        _ metadata: ResourceMetadata,
        with policy: Declared.AuthorizationPolicy?
    ) -> (change: Change, condition: ResourceCondition?) {
        let translation = policy.map {
            PolicyTranslation($0, metadata: metadata, rootNamespace: self.rootNamespace)
        }
        var change = Change()
        self.put(translation?.authorization, key: "\(metadata.namespace)/\(metadata.name)", &change)
        let selector = translation?.authorization == nil ? nil : policy?.selector?.matchLabels
        let old = self.selectors[metadata.namespace]?[metadata.name]
        if old != selector {
            self.selectors[metadata.namespace, default: [:]][metadata.name] = selector
            if self.selectors[metadata.namespace]?.isEmpty == true { self.selectors[metadata.namespace] = nil }
            let namespace = metadata.namespace == self.rootNamespace ? nil : metadata.namespace
            change.scopes = [old, selector].compactMap { labels in
                labels.map { WorkloadScope(namespace: namespace, labels: $0) }
            }
        }
        return (change, translation?.condition)
    }

    /// Takes in a PeerAuthentication, or that it is gone.
    mutating func replace(_ metadata: ResourceMetadata, with peer: Declared.PeerAuthentication?) -> Change {
        let isRoot = metadata.namespace == self.rootNamespace
        let affected = Set(isRoot ? self.peers.namespaces : []).union([metadata.namespace])
        let before = affected.flatMap { self.peers.converted(namespace: $0).keys }
        var change = Change()
        change.scopes = self.peers.replace(metadata, with: peer)
        var after: [String: IstioSecurity.Authorization] = [:]
        for namespace in affected { after.merge(self.peers.converted(namespace: namespace)) { $1 } }
        for key in Set(before).union(after.keys).sorted() { self.put(after[key], key: key, &change) }
        self.putStrict(&change)
        return change
    }

    /// Notes whether some workload refuses plain connections by itself.
    mutating func needStrict(_ isNeeded: Bool) {
        self.isStrictNeeded = isNeeded
        var change = Change()
        self.putStrict(&change)
    }

    private mutating func putStrict(_ change: inout Change) {
        let isNeeded = self.isStrictNeeded || !self.peers.isEmpty
        self.put(isNeeded ? self.peers.strictPolicy : nil, key: self.peers.strictKey, &change)
    }

    /// Takes in a policy that nobody declared, or that it is gone.
    mutating func replace(_ key: String, with policy: IstioSecurity.Authorization?) -> Change {
        var change = Change()
        self.put(policy, key: key, &change)
        return change
    }

    /// What is new, different or, with nil, gone since the last call, by key.
    mutating func takeUnpublished() -> [(key: String, policy: IstioSecurity.Authorization?)] {
        defer { self.unpublished = [] }
        return self.unpublished.sorted().map { ($0, self.policies[$0]) }
    }

    private mutating func put(_ policy: IstioSecurity.Authorization?, key: String, _ change: inout Change) {
        guard self.policies[key] != policy else { return }
        self.policies[key] = policy
        self.unpublished.insert(key)
        if let policy { change.changed.append(policy) } else { change.removed.append(key) }
    }
}

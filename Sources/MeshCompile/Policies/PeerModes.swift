import MeshConfig
import MeshProtos

/// All PeerAuthentications, and what they mean for a workload: which policies refuse its plain connections.
///
/// The most specific one that says something decides: by selector, by namespace, then for the mesh; inside each level
/// the oldest. DISABLE is PERMISSIVE, as a ztunnel always takes mutual TLS.
struct PeerModes {
    /// The policy that refuses every plain connection; in the root namespace.
    static let strictName = "istio_converted_static_strict"
    /// What the names of policies for single ports begin with; the name of the PeerAuthentication follows.
    static let convertedPrefix = "converted_peer_authentication_"

    private struct Entry {
        var name: String
        var created: Int64
        var spec: Declared.PeerAuthentication

        /// The labels it selects; nil for one that is for all of its namespace.
        var labels: [String: String]? {
            guard let labels = self.spec.selector?.matchLabels, !labels.isEmpty else { return nil }
            return labels
        }
    }

    private let rootNamespace: String
    /// By namespace, oldest first.
    private var entries: [String: [Entry]] = [:]

    init(rootNamespace: String) {
        self.rootNamespace = rootNamespace
    }

    /// Whether there is none.
    var isEmpty: Bool { self.entries.isEmpty }

    /// Adds, replaces or removes one, and says which workloads it may concern, before or after.
    mutating func replace(
        _ metadata: ResourceMetadata,
        with spec: Declared.PeerAuthentication?
    ) -> [WorkloadScope] {
        var entries = self.entries[metadata.namespace] ?? []
        var concerned: [Entry] = entries.filter { $0.name == metadata.name }
        entries.removeAll { $0.name == metadata.name }
        if let spec {
            let entry = Entry(name: metadata.name, created: metadata.created, spec: spec)
            concerned.append(entry)
            let place = entries.firstIndex { (entry.created, entry.name) < ($0.created, $0.name) }
            entries.insert(entry, at: place ?? entries.endIndex)
        }
        self.entries[metadata.namespace] = entries.isEmpty ? nil : entries
        return concerned.map { entry in
            let namespace = metadata.namespace == self.rootNamespace ? nil : metadata.namespace
            return WorkloadScope(namespace: namespace, labels: entry.labels ?? [:])
        }
    }

    // MARK: Modes

    /// Whether a workload without a PeerAuthentication of its own refuses plain connections.
    private func isStrict(namespace: String) -> Bool {
        for level in namespace == self.rootNamespace ? [namespace] : [namespace, self.rootNamespace] {
            // The oldest decides, also by saying nothing.
            if let mode = self.entries[level]?.first(where: { $0.labels == nil })?.spec.mode, mode != .unset {
                return mode == .strict
            }
        }
        return false
    }

    private func isStrict(_ entry: Entry, namespace: String) -> Bool {
        entry.spec.mode == .unset ? self.isStrict(namespace: namespace) : entry.spec.mode == .strict
    }

    /// The one that selects a workload. In the root namespace they have no meaning for ambient.
    private func selecting(_ labels: [String: String], namespace: String) -> Entry? {
        guard namespace != self.rootNamespace else { return nil }
        return self.entries[namespace]?.first { entry in
            entry.labels?.allSatisfy { labels[$0.key] == $0.value } ?? false
        }
    }

    // MARK: Policies

    /// The keys of the policies that a workload must list.
    func policies(namespace: String, labels: [String: String]) -> [String] {
        guard !self.isEmpty else { return [] }
        let strict = self.strictKey
        guard let entry = self.selecting(labels, namespace: namespace) else {
            return self.isStrict(namespace: namespace) ? [strict] : []
        }
        let isStrict = self.isStrict(entry, namespace: namespace)
        guard self.converted(entry, namespace: namespace) != nil else { return isStrict ? [strict] : [] }
        return ["\(namespace)/\(Self.convertedPrefix)\(entry.name)"]
    }

    /// Every policy that those of one namespace are turned into, by key.
    func converted(namespace: String) -> [String: IstioSecurity.Authorization] {
        var policies: [String: IstioSecurity.Authorization] = [:]
        for entry in self.entries[namespace] ?? [] {
            guard let policy = self.converted(entry, namespace: namespace) else { continue }
            policies["\(namespace)/\(policy.name)"] = policy
        }
        return policies
    }

    /// The namespaces that have any.
    var namespaces: [String] { Array(self.entries.keys) }

    /// The key of ``strictPolicy``.
    var strictKey: String { "\(self.rootNamespace)/\(Self.strictName)" }

    /// The policy without exceptions.
    var strictPolicy: IstioSecurity.Authorization {
        Self.deny(Self.strictName, self.rootNamespace, [[Self.plain]])
    }

    /// The policy for single ports; nil where the mode of all ports says it all.
    private func converted(_ entry: Entry, namespace: String) -> IstioSecurity.Authorization? {
        guard entry.labels != nil, namespace != self.rootNamespace else { return nil }
        let isStrict = self.isStrict(entry, namespace: namespace)
        let ports = entry.spec.portLevelModes.sorted { $0.key < $1.key }
        let strict = ports.filter { $0.value == .strict }.map { UInt32($0.key) }
        let exempt = ports.filter { $0.value == .permissive || $0.value == .disable }.map { UInt32($0.key) }
        if isStrict ? exempt.isEmpty : strict.isEmpty { return nil }
        var rules = strict.map { port in
            var match = Self.plain
            match.destinationPorts = [port]
            return [match]
        }
        if isStrict {
            let others = exempt.map { port in IstioSecurity.Match.with { $0.notDestinationPorts = [port] } }
            rules.append(others + [Self.plain])
        }
        return Self.deny("\(Self.convertedPrefix)\(entry.name)", namespace, rules)
    }

    /// A connection whose peer proved no identity.
    private static var plain: IstioSecurity.Match {
        IstioSecurity.Match.with { $0.notPrincipals = [IstioSecurity.StringMatch.with { $0.kind = .presence }] }
    }

    /// A policy of rules of which each holds where all of its matches do.
    private static func deny(
        _ name: String,
        _ namespace: String,
        _ rules: [[IstioSecurity.Match]]
    ) -> IstioSecurity.Authorization {
        IstioSecurity.Authorization.with {
            $0.name = name
            $0.namespace = namespace
            $0.scope = .workloadSelector
            $0.action = .deny
            $0.rules = rules.map { matches in
                IstioSecurity.Rule.with { rule in
                    rule.clauses = matches.map { match in IstioSecurity.Clause.with { $0.matches = [match] } }
                }
            }
        }
    }
}

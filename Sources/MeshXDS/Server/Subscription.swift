import MeshProtos

/// What one stream follows of one type, and what it is still owed.
struct Subscription: Sendable {
    /// A response on its way.
    struct Flight: Sendable {
        var nonce: String
        var version: String
        /// The first names in it and how many resources it has, for the report of a rejection.
        var names: [String]
        var count: Int
    }

    let typeURL: String
    private(set) var isWildcard = false
    /// Names and aliases asked for.
    private(set) var names: Set<String> = []
    private(set) var log = SubscriptionLog()
    private(set) var flight: Flight?

    /// What brings resources along unasked: the client's node.
    private let parent: String?
    /// What the client has, on demand only: resource name to version. A wildcard client's is not remembered.
    private var held: [String: String] = [:]
    /// Up to here changes of the catalog were gathered.
    private var revision: UInt64
    /// Resource names to send, or to report as removed when the catalog has them no longer.
    private var dueNames: Set<String> = []
    /// Names and aliases that need an answer even if there is no such resource.
    private var dueKeys: Set<String> = []
    /// For a wildcard client whose due is just what brings it from here to now, so that others may be due the same.
    /// With `.nothing` the names are not listed.
    private var basis: SharedSections.Basis?
    /// An empty response is owed: the first one of a wildcard client, which is not ready without it.
    private var owesEmptyResponse = false

    /// The first request of the type on this stream.
    init(first request: EnvoyDiscovery.DeltaDiscoveryRequest, catalog: TypeCatalog, parent: String?) {
        self.typeURL = request.typeURL
        self.parent = parent
        self.revision = catalog.revision
        let subscribed = Set(request.resourceNamesSubscribe)
        let dropped = Set(request.resourceNamesUnsubscribe)
        self.isWildcard = (subscribed.isEmpty || subscribed.contains("*")) && !dropped.contains("*")
        let versions = request.initialResourceVersions
        // A client that follows all may name some as well; it gets them once.
        self.names = subscribed.union(self.isWildcard ? [] : Set(versions.keys)).subtracting(dropped).subtracting(["*"])
        if self.isWildcard {
            self.owesEmptyResponse = true
            guard !versions.isEmpty else {
                self.basis = .nothing
                return
            }
            self.dueNames = Set(versions.keys.filter { catalog.resources[$0] == nil })
            for (name, resource) in catalog.resources where versions[name] != resource.version {
                self.dueNames.insert(name)
            }
        } else {
            self.held = versions.filter { !$0.value.isEmpty && self.names.contains($0.key) }
            self.dueKeys = self.names
            if let parent { self.dueNames = catalog.children(of: parent) }
        }
    }

    /// A later request: an ACK, a NACK, a change of names, or several at once.
    mutating func note(
        _ request: EnvoyDiscovery.DeltaDiscoveryRequest,
        catalog: TypeCatalog,
        limits: XDSStreamLimits,
        at time: Int64
    ) {
        if let flight = self.flight, flight.nonce == request.responseNonce {
            self.flight = nil
            self.log.note(request.errorDetail, of: flight, limits: limits, at: time)
        }
        let subscribed = Set(request.resourceNamesSubscribe)
        let dropped = Set(request.resourceNamesUnsubscribe)
        if dropped.contains("*"), self.isWildcard {
            self.isWildcard = false
            self.basis = nil
            self.dueNames = self.parent.map(catalog.children) ?? []
        } else if subscribed.contains("*"), !dropped.contains("*"), !self.isWildcard {
            self.isWildcard = true
            self.owesEmptyResponse = true
            self.basis = nil
            self.dueNames.formUnion(catalog.resources.keys)
            self.dueNames.formUnion(self.held.keys)
            self.held = [:]
        }
        let new = subscribed.subtracting(dropped).subtracting(["*"])
        self.names.formUnion(new)
        // Asked for anew, it is sent anew.
        if !self.isWildcard {
            for key in new { catalog.resource(key).map { self.held[$0.name] = nil } }
        }
        self.dueKeys.formUnion(new)
        guard !dropped.isEmpty else { return }
        self.names.subtract(dropped)
        self.dueKeys.subtract(dropped)
        let covered = Set(self.names.compactMap { catalog.resource($0)?.name })
        self.held = self.held.filter { name, _ in
            covered.contains(name) || self.names.contains(name)
                || catalog.resources[name]?.parents.contains { covered.contains($0) || $0 == self.parent } == true
        }
    }

    /// Whether there is anything to send.
    var owes: Bool { self.owesEmptyResponse || !self.dueNames.isEmpty || !self.dueKeys.isEmpty }
    /// Whether resources, not only removals, may be among it.
    private(set) var owesResources = false

    /// Adds what changed in the catalog since the last time.
    mutating func gather(_ catalog: TypeCatalog) throws(XDSStreamError) {
        if catalog.revision != self.revision {
            guard let changes = catalog.changes(since: self.revision) else { throw .tooFarBehind }
            if !self.isWildcard {
                for name in changes where self.follows(name, catalog) { self.dueNames.insert(name) }
            } else if self.basis != .nothing {
                if self.dueNames.isEmpty { self.basis = .revision(self.revision) }
                self.dueNames.formUnion(changes)
            }
            self.revision = catalog.revision
        }
        self.owesResources =
            self.owesEmptyResponse || self.dueNames.contains { catalog.resources[$0] != nil }
            || self.dueKeys.contains { catalog.resource($0) != nil }
    }

    private func follows(_ name: String, _ catalog: TypeCatalog) -> Bool {
        if self.held[name] != nil || self.names.contains(name) { return true }
        guard let resource = catalog.resources[name] else { return false }
        return resource.aliases.contains { self.names.contains($0) }
            || resource.parents.contains { $0 == self.parent || self.held[$0] != nil || self.names.contains($0) }
    }

    /// The next response, without nonce; nil when nothing is to be sent.
    mutating func take(_ catalog: TypeCatalog, holdingRemovals: Bool) -> DeltaPush? {
        let section: ResourceSection
        if let shared = self.sharedSection(catalog, holdingRemovals: holdingRemovals) {
            self.dueNames = []
            section = shared
        } else {
            section = self.ownSection(catalog, holdingRemovals: holdingRemovals)
        }
        self.basis = nil
        self.owesResources = false
        guard self.owesEmptyResponse || !section.names.isEmpty else { return nil }
        self.owesEmptyResponse = false
        return DeltaPush(typeURL: self.typeURL, version: self.revision, section: section)
    }

    private func sharedSection(_ catalog: TypeCatalog, holdingRemovals: Bool) -> ResourceSection? {
        guard self.isWildcard, self.dueKeys.isEmpty, let basis = self.basis else { return nil }
        if holdingRemovals, self.dueNames.contains(where: { catalog.resources[$0] == nil }) { return nil }
        return catalog.section(from: basis, typeURL: self.typeURL)
    }

    private mutating func ownSection(_ catalog: TypeCatalog, holdingRemovals: Bool) -> ResourceSection {
        if self.basis == .nothing { self.dueNames = Set(catalog.resources.keys) }
        var send: [String: ResourceCatalog.Resource] = [:]
        var removed: Set<String> = []
        var kept: Set<String> = []
        for name in self.dueNames {
            if let resource = catalog.resources[name] {
                send[name] = resource
            } else if holdingRemovals {
                kept.insert(name)
            } else {
                removed.insert(name)
            }
        }
        for key in self.dueKeys {
            if let resource = catalog.resource(key) {
                send[resource.name] = resource
                if self.held[key] != nil, resource.name != key { removed.insert(key) }
            } else {
                removed.insert(key)
            }
        }
        if !self.isWildcard {
            // A service is of no use without its workloads.
            for name in Array(send.keys) where self.held[name] == nil {
                for child in catalog.children(of: name) { send[child] = catalog.resources[child] }
            }
            send = send.filter { self.held[$0.key] != $0.value.version }
            for (name, resource) in send { self.held[name] = resource.version }
            for name in removed { self.held[name] = nil }
        }
        self.dueNames = kept
        self.dueKeys = []
        // Aliases let a client that asked by one tell the answer; one that follows all has no use for them.
        return ResourceSection(send.values, removed: removed, typeURL: self.typeURL, withAliases: !self.isWildcard)
    }

    mutating func sent(_ push: DeltaPush, at time: Int64) {
        self.flight = Flight(nonce: push.nonce, version: push.version, names: push.names, count: push.resources)
        self.log.sent(push, at: time)
    }
}

import MeshProtos

/// What one stream follows of one type, and what it is still owed.
struct Subscription: Sendable {
    let typeURL: String
    private(set) var isWildcard = false
    /// Names and aliases asked for.
    private(set) var names: Set<String> = []
    private(set) var sentNonce = ""
    private(set) var acknowledgedNonce = ""
    private(set) var lastError: String?
    private(set) var isInFlight = false

    /// What the client has, on demand only: resource name to version. A wildcard client's is not remembered.
    private var held: [String: String] = [:]
    /// Up to here changes of the catalog were gathered.
    private var revision: UInt64
    /// Resource names to send, or to report as removed when the catalog has them no longer.
    private var dueNames: Set<String> = []
    /// Names and aliases that need an answer even if there is no such resource.
    private var dueKeys: Set<String> = []
    /// An empty response is owed: the first one of a wildcard client, which is not ready without it.
    private var owesEmptyResponse = false

    /// The first request of the type on this stream.
    init(first request: EnvoyDiscovery.DeltaDiscoveryRequest, catalog: ResourceCatalog.TypeCatalog) {
        self.typeURL = request.typeURL
        self.revision = catalog.revision
        let subscribed = Set(request.resourceNamesSubscribe)
        let dropped = Set(request.resourceNamesUnsubscribe)
        self.isWildcard = (subscribed.isEmpty || subscribed.contains("*")) && !dropped.contains("*")
        let versions = request.initialResourceVersions
        if self.isWildcard {
            self.owesEmptyResponse = true
            self.dueNames = Set(versions.keys.filter { catalog.resources[$0] == nil })
            for (name, resource) in catalog.resources where versions[name] != resource.version {
                self.dueNames.insert(name)
            }
        }
        // A client that follows all may name some as well; it gets them once.
        self.names = subscribed.union(self.isWildcard ? [] : Set(versions.keys)).subtracting(dropped).subtracting(["*"])
        guard !self.isWildcard else { return }
        self.held = versions.filter { !$0.value.isEmpty && self.names.contains($0.key) }
        self.dueKeys = self.names
    }

    /// A later request: an ACK, a NACK, a change of names, or several at once.
    mutating func note(_ request: EnvoyDiscovery.DeltaDiscoveryRequest, catalog: ResourceCatalog.TypeCatalog) {
        if !request.responseNonce.isEmpty {
            self.isInFlight = false
            self.lastError = request.errorDetail.map { String($0.message.prefix(1024)) }
            if request.errorDetail == nil { self.acknowledgedNonce = request.responseNonce }
        }
        let subscribed = Set(request.resourceNamesSubscribe)
        let dropped = Set(request.resourceNamesUnsubscribe)
        if dropped.contains("*"), self.isWildcard {
            self.isWildcard = false
            self.dueNames = []
        } else if subscribed.contains("*"), !dropped.contains("*"), !self.isWildcard {
            self.isWildcard = true
            self.owesEmptyResponse = true
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
        self.held = self.held.filter { covered.contains($0.key) || self.names.contains($0.key) }
    }

    /// Whether there is anything to send.
    var owes: Bool { self.owesEmptyResponse || !self.dueNames.isEmpty || !self.dueKeys.isEmpty }
    /// Whether resources, not only removals, may be among it.
    private(set) var owesResources = false

    /// Adds what changed in the catalog since the last time.
    mutating func gather(_ catalog: ResourceCatalog.TypeCatalog) throws(XDSStreamError) {
        if catalog.revision != self.revision {
            guard let changes = catalog.changes(since: self.revision) else { throw .tooFarBehind }
            self.revision = catalog.revision
            if self.isWildcard {
                self.dueNames.formUnion(changes)
            } else {
                for name in changes where self.follows(name, catalog) { self.dueNames.insert(name) }
            }
        }
        self.owesResources =
            self.owesEmptyResponse || self.dueNames.contains { catalog.resources[$0] != nil }
            || self.dueKeys.contains { catalog.resource($0) != nil }
    }

    private func follows(_ name: String, _ catalog: ResourceCatalog.TypeCatalog) -> Bool {
        self.held[name] != nil || self.names.contains(name)
            || catalog.resources[name]?.aliases.contains { self.names.contains($0) } == true
    }

    /// The next response, without nonce; nil when nothing is to be sent.
    mutating func take(
        _ catalog: ResourceCatalog.TypeCatalog,
        holdingRemovals: Bool
    ) -> EnvoyDiscovery.DeltaDiscoveryResponse? {
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
            send = send.filter { self.held[$0.key] != $0.value.version }
            for (name, resource) in send { self.held[name] = resource.version }
            for name in removed { self.held[name] = nil }
        }
        self.dueNames = kept
        self.dueKeys = []
        self.owesResources = false
        guard self.owesEmptyResponse || !send.isEmpty || !removed.isEmpty else { return nil }
        self.owesEmptyResponse = false
        return .with {
            $0.typeURL = self.typeURL
            $0.removedResources = removed.sorted()
            $0.resources = send.values.sorted { $0.name < $1.name }.map { self.encode($0) }
        }
    }

    /// Aliases let a client that asked by one tell the answer; one that follows all has no use for them.
    private func encode(_ resource: ResourceCatalog.Resource) -> EnvoyDiscovery.Resource {
        .with {
            $0.name = resource.name
            $0.version = resource.version
            $0.aliases = self.isWildcard ? [] : resource.aliases
            $0.resource = .with {
                $0.typeURL = self.typeURL
                $0.value = resource.bytes
            }
        }
    }

    mutating func sent(_ nonce: String) {
        self.sentNonce = nonce
        self.isInFlight = true
    }
}

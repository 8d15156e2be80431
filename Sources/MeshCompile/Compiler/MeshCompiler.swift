package import MeshConfig
package import MeshModel
package import MeshXDS

/// Turns what is observed and declared into the resources that data planes get. Pure: the same input gives the same bytes.
///
/// Remembers its input, so that a change costs work for itself and for what depends on it: one changed task is one
/// encoding, an edited namespace touches only that namespace, a policy only the workloads that it selects.
package struct MeshCompiler<Addresses: VirtualAddresses>: Sendable {
    /// What holds for the whole mesh.
    package let settings: MeshSettings
    /// Gives the keys of a service's sessions, the one that seals first.
    var sessionKeys: @Sendable (NamespacedHostname) -> [[UInt8]]
    /// Who gives out virtual addresses.
    package internal(set) var addresses: Addresses
    /// How much was done since the start.
    package internal(set) var counts = CompilerCounts()

    /// What was given so far.
    var input = MeshInput()
    /// The mesh's own resource, or its defaults.
    var config = Declared.MeshConfig()

    var policySet: PolicySet
    /// Policies of waypoints, by namespace.
    var targetPolicies: [String: Set<ResourceKey>] = [:]

    /// Every claim to a name; the best one is the service.
    var claims: [NamespacedHostname: [ServiceClaim]] = [:]
    var winners: [NamespacedHostname: ServiceClaim] = [:]
    /// Where a host name is a service.
    var namespacesByHostname: [String: Set<String>] = [:]
    /// The entry's service that clients of all namespaces get by a host name.
    var canonicalEntries: [String: NamespacedHostname] = [:]
    var namesByEntry: [ResourceKey: [NamespacedHostname]] = [:]
    var entriesByNamespace: [String: Set<ResourceKey>] = [:]
    /// Labels that ServiceEntries select workloads by, by namespace.
    var selectors: [String: [ResourceKey: [String: String]]] = [:]
    var servicesByNamespace: [String: Set<NamespacedHostname>] = [:]
    /// Names of platform services, by `namespace/name`.
    var servicesByName: [String: Set<NamespacedHostname>] = [:]
    /// Addresses that owners chose, with how many did.
    var chosenAddresses: [IPAddress: Int] = [:]
    /// Who has an address of ours.
    var holders: [IPAddress: NamespacedHostname] = [:]
    var services: [NamespacedHostname: ResolvedService] = [:]

    var nodes: [String: WorkloadNode] = [:]
    /// Workloads that refuse plain connections by themselves.
    var refusers: Set<String> = []
    var nodesByResource: [ResourceKey: [String]] = [:]
    var index = LabelIndex()
    var workloadsByNetwork: [String: Set<String>] = [:]
    var memberships: [String: [NamespacedHostname: [ServicePort]]] = [:]
    var endpoints: [NamespacedHostname: Set<String>] = [:]
    var bindings: [String: WaypointBinding] = [:]
    var workloads: [String: ResolvedWorkload] = [:]

    var waypoints: [ResourceKey: WaypointState] = [:]
    var networkGateways: [ResourceKey: NetworkGateway] = [:]
    /// The one that is used, by network.
    var gatewaysByNetwork: [String: NetworkGateway] = [:]
    var dependentServices: [ResourceKey: Set<NamespacedHostname>] = [:]
    var dependentWorkloads: [ResourceKey: Set<String>] = [:]

    /// Services that may get other addresses with the next compilation.
    var readdressed: Set<NamespacedHostname> = []

    var serviceFindings: [NamespacedHostname: [MeshFinding]] = [:]
    var workloadFindings: [String: MeshFinding] = [:]
    var policyConditions: [ResourceKey: ResourceCondition] = [:]

    /// What the compilation for waypoints remembers.
    var l7 = L7State()

    /// Every workload and service, by resource name.
    package internal(set) var addressResources: [String: ResourceCatalog.Resource] = [:]
    /// Every policy, by resource name.
    package internal(set) var policyResources: [String: ResourceCatalog.Resource] = [:]
    /// What is known of declared resources, for those of which something is.
    package internal(set) var statuses: [ResourceKey: [ResourceCondition]] = [:]

    /// Makes a compiler that has seen nothing.
    /// - Parameter sessionKeys: gives the keys of a service's sessions, the same until `rekey`; without any no session is kept.
    package init(
        settings: MeshSettings,
        addresses: Addresses,
        sessionKeys: @escaping @Sendable (NamespacedHostname) -> [[UInt8]] = { _ in [] }
    ) {
        self.settings = settings
        self.sessionKeys = sessionKeys
        self.addresses = addresses
        self.policySet = PolicySet(rootNamespace: self.config.rootNamespace)
    }

    /// What owners should mend, sorted.
    package var findings: [MeshFinding] {
        (self.serviceFindings.values.flatMap(\.self) + self.workloadFindings.values + self.peerFindings).sorted()
    }

    /// The virtual addresses of a service, those that its owner chose first; empty for one that is not known.
    package func virtualAddresses(of key: NamespacedHostname) -> [IPAddress] {
        guard let service = self.services[key] else { return [] }
        return service.claim.addresses.filter(\.isSingle).map(\.base) + service.addresses
    }

    /// The labels by which policies select each workload, by uid.
    package var workloadLabels: [String: [String: String]] { self.nodes.mapValues(\.policyLabels) }

    /// Changes what addresses are given out.
    ///
    /// - Parameter change: returns the names, `namespace/hostname`, of the services that the next compilation asks for
    ///   addresses again.
    package mutating func readdress(_ change: (inout Addresses) -> Set<String>) {
        for name in change(&self.addresses) {
            let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            self.readdressed.insert(NamespacedHostname(namespace: parts[0], hostname: parts[1]))
        }
    }

    // MARK: Compiling

    /// Compiles all there is; what is as it was costs a comparison.
    package mutating func compile(_ input: MeshInput) -> CompiledChange {
        self.compile(MeshDelta(from: self.input, to: input))
    }

    /// Compiles what changed.
    ///
    /// - Returns: what is new, different or gone, sorted by name.
    package mutating func compile(_ delta: MeshDelta) -> CompiledChange {
        var work = PendingWork()
        self.take(delta, &work)
        work.services.formUnion(self.readdressed)
        self.readdressed = []
        self.settleConfig(&work)
        self.settleNamespaces(&work)
        self.settlePolicies(&work)
        self.settleWorkloadEntries(&work)
        self.settleEntries(&work)
        self.settleNetworkGateways(&work)
        self.settleNames(&work)
        self.settleMemberships(&work)
        self.settleWaypoints(&work)
        self.publishPolicies(&work)
        self.settleServices(&work)
        self.settleWorkloads(&work)
        self.settleL7(&work)
        self.settleStatuses(&work)
        work.change.policies.sort()
        work.change.addresses.sort()
        work.change.sortWaypoints()
        return work.change
    }

    /// Takes other keys of sessions; the next compilation gives them out.
    package mutating func rekey(_ sessionKeys: @escaping @Sendable (NamespacedHostname) -> [[UInt8]]) {
        self.sessionKeys = sessionKeys
        self.l7.isRekeyed = true
    }

    // MARK: Bookkeeping

    mutating func put(_ resource: ResourceCatalog.Resource, _ work: inout PendingWork) {
        self.counts.encodings += 1
        guard self.addressResources[resource.name] != resource else { return }
        self.addressResources[resource.name] = resource
        work.change.addresses.changed.append(resource)
    }

    mutating func drop(_ name: String, _ work: inout PendingWork) {
        if self.addressResources.removeValue(forKey: name) != nil { work.change.addresses.removed.append(name) }
    }

    /// The labels and annotations of a namespace, whether it was declared or not.
    func namespace(_ name: String) -> ResourceMetadata {
        self.input.resources[ResourceKey(kind: .namespace, namespace: "", name: name)]?.metadata
            ?? ResourceMetadata(name: name, namespace: "")
    }
}

extension CompiledChange {
    /// Sorts what each waypoint gets.
    mutating func sortWaypoints() {
        for owner in self.waypoints.keys {
            self.waypoints[owner]?.settings.sort()
            self.waypoints[owner]?.routes.sort()
        }
    }
}

extension CompiledChange.Resources {
    fileprivate mutating func sort() {
        self.changed.sort { $0.name < $1.name }
        self.removed.sort()
    }
}

extension Dictionary {
    /// Adds to the set under a key.
    mutating func add<Member>(_ member: Member, to key: Key) where Value == Set<Member> {
        self[key, default: []].insert(member)
    }

    /// Removes from the set under a key, and the set with its last member.
    mutating func take<Member>(_ member: Member, from key: Key) where Value == Set<Member> {
        self[key]?.remove(member)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}

/// All that is known of the mesh at one moment, indexed for the decisions.
///
/// A value: a holder may keep it while newer ones are made. A change costs work in proportion to itself and to the
/// endpoints of the services it touches, not to the size of the mesh.
package struct MeshSnapshot: Sendable, Equatable {
    private var workloadsByUID = ShardedMap<String, WorkloadRecord>()
    /// Workloads that have an address, best first.
    private var workloadsByAddress = ShardedMap<NetworkAddress, [WorkloadRecord]>()
    /// Workloads that have a host name, best first.
    private var workloadsByHostname = ShardedMap<NamespacedHostname, [WorkloadRecord]>()
    private var servicesByKey = ShardedMap<NamespacedHostname, ServiceRecord>()
    /// Services that have a virtual address, by key.
    private var servicesByVIP = ShardedMap<NetworkAddress, [ServiceRecord]>()
    /// Services by their host name and by `name.namespace`, both in lower case.
    private var servicesByHost = ShardedMap<String, [ServiceRecord]>()
    /// Services with blocks of virtual addresses.
    private var servicesByRange = RangeMap()
    /// Endpoints by uid, also of services that are not known (yet).
    private var endpointsByService = ShardedMap<NamespacedHostname, [Endpoint]>()
    private var policiesByKey = ShardedMap<String, AuthorizationPolicy>()
    /// Keys of the policies for all workloads, in order.
    private var meshPolicies: [String] = []
    /// Keys of the policies for all workloads of a namespace, in order.
    private var policiesByNamespace: [String: [String]] = [:]
    /// Policies that could not be read and of which no earlier version is held, by key.
    private var rejectedPolicies: [String: RejectedPolicy.Coverage] = [:]

    /// How many rejected policies are kept one by one; all further ones count as one for the whole mesh.
    private static let maximumRejected = 1_024

    /// An empty mesh.
    package init() {}

    /// A mesh of these parts.
    package init(_ change: MeshChange) {
        self.apply(change)
    }
}

// MARK: Look-ups

extension MeshSnapshot {
    /// How many workloads there are.
    package var workloadCount: Int { self.workloadsByUID.count }
    /// How many services there are.
    package var serviceCount: Int { self.servicesByKey.count }
    /// How many policies there are.
    package var policyCount: Int { self.policiesByKey.count }

    /// The uids of all workloads, in order; little next to the workloads themselves.
    package var workloadUIDs: [String] { self.workloadsByUID.values.map(\.uid).sorted() }
    /// The keys of all services, in order.
    package var serviceKeys: [NamespacedHostname] { self.servicesByKey.values.map(\.service.key).sorted() }
    /// The keys of all policies, in order.
    package var policyKeys: [String] { self.policiesByKey.values.map(\.key).sorted() }
    /// The keys of services that workloads say they back, but that are not known (yet), in order.
    package var stagedServiceKeys: [NamespacedHostname] {
        self.endpointsByService.keys.filter { self.servicesByKey[$0] == nil }.sorted()
    }

    /// All workloads, by uid.
    package var workloads: [Workload] { self.workloadsByUID.values.map(\.workload).sorted { $0.uid < $1.uid } }
    /// All services, by key.
    package var services: [Service] { self.servicesByKey.values.map(\.service).sorted { $0.key < $1.key } }
    /// All policies, by key.
    package var policies: [AuthorizationPolicy] { self.policiesByKey.values.sorted { $0.key < $1.key } }

    /// The workload with the uid.
    package func workload(uid: String) -> Workload? { self.workloadsByUID[uid]?.workload }

    /// The workload that has the address. Among several one of a pod and one with a tunnel come first, as in Istio.
    package func workload(at address: NetworkAddress) -> Workload? {
        self.workloadsByAddress[address]?.first?.workload
    }

    /// The workload with the host name in the namespace; the best where there are several.
    package func workload(named name: NamespacedHostname) -> Workload? {
        self.workloadsByHostname[name]?.first?.workload
    }

    /// The service with the key.
    package func service(_ key: NamespacedHostname) -> Service? { self.servicesByKey[key]?.service }

    /// The service that clients in `namespace` reach at the virtual address; blocks are not looked at.
    ///
    /// The client's own namespace comes first, then a canonical service, then the first by key.
    package func service(vip address: NetworkAddress, from namespace: String) -> Service? {
        Self.best(self.servicesByVIP[address] ?? [], from: namespace)
    }

    /// The service that clients in `namespace` reach at an address of one of its blocks.
    ///
    /// The client's own namespace comes first, then the longest block, then a canonical service, then the first by key.
    package func service(rangeContaining address: NetworkAddress, from namespace: String) -> Service? {
        self.servicesByRange.service(containing: address, from: namespace)
    }

    /// The service that clients in `namespace` call by `host`: its host name, or `name.namespace`.
    ///
    /// Case does not matter, nor does one trailing dot. A host name wins over a short name.
    package func service(host: String, from namespace: String) -> Service? {
        var name = host.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard let records = self.servicesByHost[name] else { return nil }
        let exact = records.filter { $0.service.hostname.lowercased() == name }
        return Self.best(exact, from: namespace) ?? Self.best(records, from: namespace)
    }

    /// The workloads that back a service, by uid, also unhealthy ones.
    package func endpoints(of key: NamespacedHostname) -> [Workload] {
        (self.endpointsByService[key] ?? []).map(\.record.workload)
    }

    /// The same without copying the workloads.
    func endpointRecords(of key: NamespacedHostname) -> [Endpoint] { self.endpointsByService[key] ?? [] }

    /// The policy with the key.
    package func policy(key: String) -> AuthorizationPolicy? { self.policiesByKey[key] }

    /// The policies that apply to every workload of `namespace` without being listed.
    func unlistedPolicies(namespace: String) -> some Sequence<AuthorizationPolicy> {
        [self.meshPolicies, self.policiesByNamespace[namespace] ?? []].joined().lazy
            .compactMap { self.policiesByKey[$0] }
    }

    /// Whether the policy with the key exists but could not be read.
    func isRejected(key: String) -> Bool { self.rejectedPolicies[key] != nil }

    /// The first by key of the unreadable policies that would apply to every workload of `namespace`; nil for none.
    func rejectedPolicy(namespace: String) -> String? {
        guard !self.rejectedPolicies.isEmpty else { return nil }
        return self.rejectedPolicies.lazy
            .filter { RejectedPolicy(key: $0.key, coverage: $0.value).covers(namespace: namespace) }
            .map(\.key).min()
    }

    /// The services that are called by `host`, in lower case and without a dot at the end, by key.
    func serviceRecords(host: String) -> [ServiceRecord] { self.servicesByHost[host] ?? [] }

    private static func best(_ records: [ServiceRecord], from namespace: String) -> Service? {
        var canonical: Service?
        var first: Service?
        for record in records where record.service.isVisible(to: namespace) {
            let service = record.service
            if service.namespace == namespace { return service }
            if service.isCanonical { canonical = canonical ?? service }
            first = first ?? service
        }
        return canonical ?? first
    }
}

// MARK: Changes

extension MeshSnapshot {
    /// Applies one change: first what it removes, then what it adds.
    package mutating func apply(_ change: MeshChange) {
        for key in change.removedPolicies { self.replacePolicy(key, with: nil) }
        for policy in change.policies { self.replacePolicy(policy.key, with: policy) }
        for rejected in change.rejectedPolicies { self.reject(rejected) }
        for name in change.removedAddresses { self.removeAddress(name) }
        for service in change.services { self.replaceService(service.key, with: ServiceRecord(service)) }
        for workload in change.workloads { self.replaceWorkload(workload.uid, with: WorkloadRecord(workload)) }
    }

    /// The mesh after one change.
    package func applying(_ change: MeshChange) -> MeshSnapshot {
        var next = self
        next.apply(change)
        return next
    }

    private mutating func removeAddress(_ name: String) {
        if self.workloadsByUID[name] != nil {
            self.replaceWorkload(name, with: nil)
        } else if let key = NamespacedHostname(parsing: name) {
            self.replaceService(key, with: nil)
        }
    }

    private mutating func replaceWorkload(_ uid: String, with new: WorkloadRecord?) {
        let old = self.workloadsByUID.modify(uid) { entry in
            defer { entry = new }
            return entry
        }
        for address in old?.indexedAddresses ?? [] { self.workloadsByAddress.drop(address) { $0.uid == uid } }
        for address in new?.indexedAddresses ?? [] { self.workloadsByAddress.add(address, new, before: <) }
        if let name = old?.hostname { self.workloadsByHostname.drop(name) { $0.uid == uid } }
        if let name = new?.hostname { self.workloadsByHostname.add(name, new, before: <) }
        let services = new?.workload.services ?? [:]
        for service in (old?.workload.services ?? [:]).keys where services[service] == nil {
            self.endpointsByService.drop(service) { $0.record.uid == uid }
        }
        guard let new else { return }
        for (service, ports) in services {
            self.endpointsByService.put(service, Endpoint(record: new, ports: ports))
        }
    }

    private mutating func replaceService(_ key: NamespacedHostname, with new: ServiceRecord?) {
        let old = self.servicesByKey.modify(key) { entry in
            defer { entry = new }
            return entry
        }
        for vip in Set(old?.service.vips ?? []) { self.servicesByVIP.drop(vip) { $0.service.key == key } }
        for vip in Set(new?.service.vips ?? []) { self.servicesByVIP.add(vip, new, before: <) }
        for host in old?.hosts ?? [] { self.servicesByHost.drop(host) { $0.service.key == key } }
        for host in new?.hosts ?? [] { self.servicesByHost.add(host, new, before: <) }
        if let old { self.servicesByRange.remove(old) }
        if let new { self.servicesByRange.insert(new) }
    }

    /// Notes an unreadable policy unless an earlier version of it stays in use.
    private mutating func reject(_ rejected: RejectedPolicy) {
        guard self.policiesByKey[rejected.key] == nil else { return }
        if self.rejectedPolicies[rejected.key] == nil, self.rejectedPolicies.count >= Self.maximumRejected {
            self.rejectedPolicies[""] = .mesh
        } else {
            self.rejectedPolicies[rejected.key] = rejected.coverage
        }
    }

    private mutating func replacePolicy(_ key: String, with new: AuthorizationPolicy?) {
        self.rejectedPolicies[key] = nil
        let old = self.policiesByKey.modify(key) { entry in
            defer { entry = new }
            return entry
        }
        switch old?.scope {
        case .mesh: self.meshPolicies.removeAll { $0 == key }
        case .namespace:
            let namespace = old?.namespace ?? ""
            self.policiesByNamespace[namespace]?.removeAll { $0 == key }
            if self.policiesByNamespace[namespace]?.isEmpty == true { self.policiesByNamespace[namespace] = nil }
        case .workload, nil: break
        }
        switch new?.scope {
        case .mesh: Self.insert(key, into: &self.meshPolicies)
        case .namespace: Self.insert(key, into: &self.policiesByNamespace[new?.namespace ?? "", default: []])
        case .workload, nil: break
        }
    }

    private static func insert(_ key: String, into keys: inout [String]) {
        keys.insert(key, at: keys.firstIndex { key < $0 } ?? keys.endIndex)
    }
}

import CertificateAuthority
package import ECSDiscovery
package import MeshCompile
package import MeshConfig
package import MeshModel
package import MeshXDS

/// Turns observations of ECS into facts, and these with what is declared into the resources that data planes get. Pure:
/// the same input gives the same bytes.
///
/// Remembers its last inputs, so that one changed task costs one encoding and comes out as one changed resource.
package struct RegistryCompiler: Sendable {
    private let settings: RegistrySettings
    /// Those of the settings and those that are declared, by role.
    private var bindings: [RoleName: [RoleBinding]]

    private var mesh: MeshCompiler<VIPAllocator>
    private var taskInputs: [String: TaskInput] = [:]
    private var uids: [String: String] = [:]
    private var catalog: [MeshService.Key: MeshService] = [:]
    private var declared: [ResourceKey: DeclaredResource] = [:]
    private var observed: [RegistryFinding] = []

    /// Makes a compiler that has seen nothing.
    /// - Parameter sessionKeys: gives the keys of a service's sessions, the same until `rekey`.
    package init(
        settings: RegistrySettings,
        addresses: VIPAllocator,
        sessionKeys: @escaping @Sendable (NamespacedHostname) -> [[UInt8]] = { _ in [] }
    ) {
        self.settings = settings
        self.bindings = Dictionary(grouping: settings.bindings, by: \.role)
        self.mesh = MeshCompiler(
            settings: MeshSettings(
                trustDomain: settings.trustDomain,
                meshDomain: settings.meshDomain,
                network: settings.network,
                clusterID: settings.clusterID,
                distribution: .sameZone
            ),
            addresses: addresses,
            sessionKeys: sessionKeys
        )
    }

    /// Takes other keys of sessions; the next compilation gives them out.
    package mutating func rekey(_ sessionKeys: @escaping @Sendable (NamespacedHostname) -> [[UInt8]]) {
        self.mesh.rekey(sessionKeys)
    }

    /// Every workload and service, by resource name.
    package var resources: [String: ResourceCatalog.Resource] { self.mesh.addressResources }
    /// Every policy, by resource name.
    package var policies: [String: ResourceCatalog.Resource] { self.mesh.policyResources }
    /// What is known of declared resources, for those of which something is.
    package var statuses: [ResourceKey: [ResourceCondition]] { self.mesh.statuses }
    /// Every service of ECS by key, with its address.
    package var services: [MeshService.Key: MeshService] { self.catalog }
    /// The virtual addresses given out.
    package var allocator: VIPAllocator { self.mesh.addresses }
    /// The labels by which policies select each workload, by uid.
    package var workloadLabels: [String: [String: String]] { self.mesh.workloadLabels }
    /// What waypoints get, by whose it is.
    package var waypointResources: [WaypointIdentity: WaypointResources] { self.mesh.waypointResources }
    /// The waypoints that carry out each route.
    package var routeCarriers: [ResourceKey: Set<WaypointIdentity>] { self.mesh.routeCarriers }
    /// Where keys for tokens come from that policies ask for.
    package var keySources: [KeySource] { self.mesh.keySources }
    /// How many resources were encoded since the start; tests hold it against the number of changes.
    package var encodings: Int { self.mesh.counts.encodings + self.mesh.counts.policyEncodings }

    /// What the owner should mend.
    package var findings: [RegistryFinding] {
        (self.observed + self.mesh.findings.map(RegistryFinding.init)).sorted {
            ($0.subject, $0.code.rawValue) < ($1.subject, $1.code.rawValue)
        }
    }

    /// Compiles what changed.
    ///
    /// - Parameters:
    ///   - snapshots: the last good state of every discovery worker.
    ///   - resources: every declared resource in force; nil for those of the last time.
    ///   - keySets: all keys for tokens that are known; nil for those of the last time.
    /// - Returns: what is new, different, or gone, sorted by name.
    package mutating func compile(
        _ snapshots: [DiscoverySnapshot],
        resources: [DeclaredResource]? = nil,
        keySets: [KeySource: String]? = nil
    ) -> CompiledChange {
        var services: [String: ObservedService] = [:]
        var tasks: [String: ObservedTask] = [:]
        var clusters: [String: ClusterStatus] = [:]
        // The namespaces that each cluster's tasks may be in.
        var bounds: [String: [NamespacePattern]] = [:]
        for snapshot in snapshots {
            services.merge(snapshot.services) { first, _ in first }
            tasks.merge(snapshot.tasks) { first, _ in first }
            clusters.merge(snapshot.clusters) { first, _ in first }
            bounds.merge(snapshot.clusters.mapValues { _ in snapshot.namespaces }) { first, _ in first }
        }
        let catalog = ServiceCatalog(services: services, clusters: clusters, bounds: bounds, settings: self.settings)
        self.observed = catalog.findings
        var delta = MeshDelta(keySets: keySets)
        if let resources { self.take(resources, &delta) }
        self.take(catalog.services, &delta)
        self.take(tasks, of: services, clusters: clusters, bounds: bounds, catalog: catalog, &delta)
        let change = self.mesh.compile(delta)
        for (key, service) in catalog.services {
            var service = service
            let name = NamespacedHostname(namespace: key.namespace, hostname: key.hostname)
            service.address = self.mesh.virtualAddresses(of: name).first
            self.catalog[key] = service
        }
        return change
    }

    /// Changes what virtual addresses are given out; the next compilation works it in.
    ///
    /// - Parameter change: returns the names of the services that may have other addresses by that.
    package mutating func readdress(_ change: (inout VIPAllocator) -> Set<String>) { self.mesh.readdress(change) }

    // MARK: What changed

    private mutating func take(_ services: [MeshService.Key: MeshService], _ delta: inout MeshDelta) {
        for (key, service) in services {
            var known = self.catalog[key]
            known?.address = nil
            if known != service { delta.services.append(ServiceFacts(service)) }
        }
        for key in Array(self.catalog.keys) where services[key] == nil {
            self.catalog[key] = nil
            delta.removedServices.append(NamespacedHostname(namespace: key.namespace, hostname: key.hostname))
        }
    }

    private mutating func take(_ resources: [DeclaredResource], _ delta: inout MeshDelta) {
        let new = Dictionary(resources.map { ($0.key, $0) }) { $1 }
        delta.resources = new.values.filter { self.declared[$0.key] != $0 }
        delta.removedResources = self.declared.keys.filter { new[$0] == nil }
        self.declared = new
        // Those of functions say nothing of tasks.
        let bindings = (self.settings.bindings + new.values.compactMap(RoleBinding.init)).filter(\.functions.isEmpty)
        self.bindings = Dictionary(grouping: bindings, by: \.role)
    }

    private mutating func take(
        _ tasks: [String: ObservedTask],
        of services: [String: ObservedService],
        clusters: [String: ClusterStatus],
        bounds: [String: [NamespacePattern]],
        catalog: ServiceCatalog,
        _ delta: inout MeshDelta
    ) {
        for (arn, task) in tasks {
            // Without an address of its own (bridge or host mode) a task can't be told from its neighbours.
            guard !task.addresses.isEmpty else {
                self.forget(arn, &delta)
                continue
            }
            let membership = task.serviceARN.flatMap { catalog.memberships[$0] }
            let identity = self.identity(of: task, membership: membership, clusters: clusters)
            let allowed = bounds[task.clusterARN] ?? []
            guard allowed.allow(identity.namespace) else {
                // Nobody may be led to it, nor take it for one of that namespace by its address.
                self.forget(arn, &delta)
                let detail = RegistryFinding.bound(identity.namespace, allowed)
                self.observed.append(RegistryFinding(code: .namespaceNotAllowed, subject: arn, detail: detail))
                continue
            }
            let input = TaskInput(
                task: task,
                membership: membership,
                ports: (membership?.keys ?? []).map { catalog.services[$0]?.ports ?? [] },
                namespace: identity.namespace,
                serviceAccount: identity.serviceAccount,
                isStrict: task.settings.isStrict ?? Self.isStrict(task.serviceARN.flatMap { services[$0] })
            )
            guard self.taskInputs[arn] != input else { continue }
            let facts = input.facts(clusterID: self.settings.clusterID)
            if self.uids[arn] != facts.uid { self.forget(arn, &delta) }
            self.taskInputs[arn] = input
            self.uids[arn] = facts.uid
            delta.workloads.append(facts)
        }
        for arn in Array(self.taskInputs.keys) where tasks[arn] == nil { self.forget(arn, &delta) }
        for (arn, input) in self.taskInputs where input.task.isEnrolled && !self.isBound(input.task) {
            let role = input.task.taskRoleARN ?? "(none)"
            let detail = "bind its role \(role) in serviceAccountBindings"
            self.observed.append(RegistryFinding(code: .bindingMissing, subject: arn, detail: detail))
        }
    }

    private static func isStrict(_ service: ObservedService?) -> Bool { service?.settings.isStrict ?? false }

    private mutating func forget(_ arn: String, _ delta: inout MeshDelta) {
        self.taskInputs[arn] = nil
        if let uid = self.uids.removeValue(forKey: arn) { delta.removedWorkloads.append(uid) }
    }

    // MARK: Identities

    private func isBound(_ task: ObservedTask) -> Bool {
        task.taskRoleARN.flatMap { RoleName(arn: $0) }.flatMap { self.bindings[$0] } != nil
    }

    /// Whom peers should expect at this task: by its role's binding, as the attestor decides; where there is none, by
    /// tags, which is harmless because nobody can get a certificate for it.
    private func identity(
        of task: ObservedTask,
        membership: ServiceCatalog.Membership?,
        clusters: [String: ClusterStatus]
    ) -> (namespace: String, serviceAccount: String) {
        let bound = task.taskRoleARN.flatMap { RoleName(arn: $0) }.flatMap { self.bindings[$0] } ?? []
        let agreeing = Set(
            bound.filter { binding in
                (task.settings.namespace ?? binding.namespace) == binding.namespace
                    && (task.settings.serviceAccount ?? binding.serviceAccount) == binding.serviceAccount
            }
        )
        if agreeing.count == 1, let only = agreeing.first { return (only.namespace, only.serviceAccount) }
        let named =
            task.settings.namespace ?? membership?.namespace
            ?? clusters[task.clusterARN]?.settings.namespace ?? task.clusterName
        return (
            DNSLabel.make(named) ?? "default",
            DNSLabel.make(task.settings.serviceAccount ?? "default") ?? "default"
        )
    }
}

extension RegistryFinding {
    /// That a namespace may not be used.
    static func bound(_ namespace: String, _ allowed: [NamespacePattern]) -> String {
        "claims namespace \(namespace); namespaces of its ECSAccount are \(allowed.list)"
    }

    fileprivate init(_ finding: MeshFinding) {
        let code: Code =
            switch finding.code {
            case .addressesExhausted: .addressesExhausted
            case .waypointUnbound: .waypointUnbound
            case .withoutEffect: .withoutEffect
            }
        self.init(code: code, subject: finding.subject, detail: finding.detail)
    }
}

import CertificateAuthority
package import ECSDiscovery
import MeshModel
import MeshProtos
package import MeshXDS

/// What one compilation changed.
package struct RegistryChange: Sendable, Hashable {
    /// New resources, and those whose content is another.
    package var changed: [ResourceCatalog.Resource] = []
    /// Names that are gone.
    package var removed: [String] = []

    /// Whether there is nothing to tell anyone.
    package var isEmpty: Bool { self.changed.isEmpty && self.removed.isEmpty }
}

/// Turns observations into the resources that data planes get. Pure: the same observations give the same bytes.
///
/// Remembers its last inputs, so that one changed task costs one encoding and comes out as one changed resource.
package struct RegistryCompiler: Sendable {
    private struct WorkloadInput: Sendable, Hashable {
        var task: ObservedTask
        var membership: ServiceCatalog.Membership?
        /// Service ports by mesh service, in the membership's order.
        var ports: [[ObservedPort]]
        var namespace: String
        var serviceAccount: String
    }

    private let settings: RegistrySettings
    private let bindings: [RoleName: [RoleBinding]]
    private let mainSuffix: String

    private var addresses: VIPAllocator
    private var workloadInputs: [String: WorkloadInput] = [:]
    private var workloadNames: [String: String] = [:]
    private var serviceInputs: [MeshService.Key: MeshService] = [:]

    /// Every resource by name.
    package private(set) var resources: [String: ResourceCatalog.Resource] = [:]
    /// Every service by key, with its address.
    package var services: [MeshService.Key: MeshService] { self.serviceInputs }
    /// What the owner should mend.
    package private(set) var findings: [RegistryFinding] = []
    /// How many resources were encoded since the start; tests hold it against the number of changes.
    package private(set) var encodings = 0

    /// Makes a compiler that has seen nothing.
    package init(settings: RegistrySettings, addresses: VIPAllocator) {
        self.settings = settings
        self.bindings = Dictionary(grouping: settings.bindings, by: \.role)
        self.addresses = addresses
        self.mainSuffix = ".\(settings.meshDomain)"
    }

    /// The virtual addresses given out.
    package var allocator: VIPAllocator { self.addresses }

    /// Compiles what changed.
    ///
    /// - Parameter snapshots: the last good state of every discovery worker.
    /// - Returns: what is new, different, or gone, sorted by name.
    package mutating func compile(_ snapshots: [DiscoverySnapshot]) -> RegistryChange {
        var services: [String: ObservedService] = [:]
        var tasks: [String: ObservedTask] = [:]
        var clusters: [String: ClusterStatus] = [:]
        for snapshot in snapshots {
            services.merge(snapshot.services) { first, _ in first }
            tasks.merge(snapshot.tasks) { first, _ in first }
            clusters.merge(snapshot.clusters) { first, _ in first }
        }
        let catalog = ServiceCatalog(services: services, clusters: clusters, settings: self.settings)
        self.findings = catalog.findings
        var change = RegistryChange()
        self.compileServices(catalog, change: &change)
        self.compileWorkloads(tasks, clusters: clusters, catalog: catalog, change: &change)
        change.changed.sort { $0.name < $1.name }
        change.removed.sort()
        return change
    }

    // MARK: Services

    private mutating func compileServices(_ catalog: ServiceCatalog, change: inout RegistryChange) {
        let addresses = self.addresses.assign(Set(catalog.services.keys.map(\.description)))
        for (key, var service) in catalog.services {
            service.address = addresses[key.description]
            if service.address == nil {
                self.findings.append(
                    RegistryFinding(
                        code: .addressesExhausted,
                        subject: key.description,
                        detail: "all of 240.240.0.0/16 is taken"
                    )
                )
            }
            guard self.serviceInputs[key] != service else { continue }
            self.serviceInputs[key] = service
            self.put(self.resource(service), change: &change)
        }
        for key in Array(self.serviceInputs.keys) where catalog.services[key] == nil {
            self.serviceInputs[key] = nil
            self.drop(key.description, change: &change)
        }
    }

    private func resource(_ service: MeshService) -> ResourceCatalog.Resource {
        var aliases = service.hostnames.dropFirst().map { "\(service.key.namespace)/\($0)" }
        if let address = service.address { aliases.insert("\(self.settings.network)/\(address)", at: 0) }
        let message = IstioWorkload.Service.with { message in
            message.name = service.name
            message.namespace = service.key.namespace
            message.hostname = service.key.hostname
            if let address = service.address {
                message.addresses = [
                    IstioWorkload.NetworkAddress.with {
                        $0.network = self.settings.network
                        $0.address = address.bytes
                    }
                ]
            }
            message.ports = service.ports.map { Self.port($0, target: $0.targetPort) }
            message.loadBalancing = IstioWorkload.LoadBalancing.with {
                $0.mode = .failover
                $0.routingPreference = [.network, .region, .zone]
            }
            message.ipFamilies = .ipv4Only
            // A name by tag never wins over one that a service has by right.
            message.isCanonical = service.key.hostname.hasSuffix(self.mainSuffix)
        }
        return ResourceCatalog.Resource(
            name: service.key.description,
            bytes: IstioWorkload.Address.with { $0.kind = .service(message) }.serialized,
            aliases: aliases
        )
    }

    // MARK: Workloads

    private mutating func compileWorkloads(
        _ tasks: [String: ObservedTask],
        clusters: [String: ClusterStatus],
        catalog: ServiceCatalog,
        change: inout RegistryChange
    ) {
        for (arn, task) in tasks {
            // Without an address of its own (bridge or host mode) a task can't be told from its neighbours.
            guard !task.addresses.isEmpty else {
                self.forgetWorkload(arn, change: &change)
                continue
            }
            let membership = task.serviceARN.flatMap { catalog.memberships[$0] }
            let identity = self.identity(of: task, membership: membership, clusters: clusters)
            let input = WorkloadInput(
                task: task,
                membership: membership,
                ports: (membership?.keys ?? []).map { catalog.services[$0]?.ports ?? [] },
                namespace: identity.namespace,
                serviceAccount: identity.serviceAccount
            )
            guard self.workloadInputs[arn] != input else { continue }
            let resource = self.resource(input)
            if let old = self.workloadNames[arn], old != resource.name { self.drop(old, change: &change) }
            self.workloadInputs[arn] = input
            self.workloadNames[arn] = resource.name
            self.put(resource, change: &change)
        }
        for arn in Array(self.workloadInputs.keys) where tasks[arn] == nil { self.forgetWorkload(arn, change: &change) }
        for (arn, input) in self.workloadInputs where input.task.isEnrolled && !self.isBound(input.task) {
            self.findings.append(
                RegistryFinding(
                    code: .bindingMissing,
                    subject: arn,
                    detail: "bind its role \(input.task.taskRoleARN ?? "(none)") in serviceAccountBindings"
                )
            )
        }
        self.findings.sort { ($0.subject, $0.code.rawValue) < ($1.subject, $1.code.rawValue) }
    }

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

    private func resource(_ input: WorkloadInput) -> ResourceCatalog.Resource {
        let task = input.task
        let uid = "\(self.settings.clusterID)/ecs.amazonaws.com/Task/\(input.namespace)/\(task.id)"
        let message = IstioWorkload.Workload.with { message in
            message.uid = uid
            message.name = task.id
            message.namespace = input.namespace
            message.addresses = task.addresses.map(\.bytes)
            message.network = self.settings.network
            message.tunnelProtocol = task.isEnrolled ? .hbone : .none
            // Empty stands for the usual value of both.
            message.trustDomain = self.settings.trustDomain == "cluster.local" ? "" : self.settings.trustDomain
            message.serviceAccount = input.serviceAccount == "default" ? "" : input.serviceAccount
            message.node = task.launchType == "FARGATE" ? "fargate/\(task.id)" : ""
            message.canonicalName = DNSLabel.make(task.serviceName) ?? task.serviceName
            message.canonicalRevision = String(task.revision)
            message.workloadType = .pod
            message.workloadName = DNSLabel.make(task.serviceName) ?? task.serviceName
            message.status = task.isReady ? .healthy : .unhealthy
            message.clusterID = self.settings.clusterID
            message.locality = IstioWorkload.Locality.with {
                $0.region = task.region
                $0.zone = task.availabilityZone ?? ""
            }
            for (key, ports) in zip(input.membership?.keys ?? [], input.ports) {
                message.services[key.description] = IstioWorkload.PortList.with { list in
                    list.ports = ports.compactMap { Self.port($0, of: task) }
                }
            }
        }
        let aliases = task.addresses.map { "\(self.settings.network)/\($0)" }
        return ResourceCatalog.Resource(
            name: uid,
            bytes: IstioWorkload.Address.with { $0.kind = .workload(message) }.serialized,
            aliases: aliases
        )
    }

    /// Where this task serves a service's port: as its own definition says, which differs from the service's while a
    /// deployment rolls. Nil when the definition has other ports but not this one.
    private static func port(_ port: ObservedPort, of task: ObservedTask) -> IstioWorkload.Port? {
        if let own = task.ports.first(where: { $0.port == port.port }) {
            return self.port(port, target: own.targetPort)
        }
        return task.ports.isEmpty ? self.port(port, target: port.targetPort) : nil
    }

    private static func port(_ port: ObservedPort, target: UInt16) -> IstioWorkload.Port {
        IstioWorkload.Port.with {
            $0.servicePort = UInt32(port.port)
            $0.targetPort = UInt32(target)
            switch port.application {
            case .http: $0.appProtocol = .http11
            case .http2: $0.appProtocol = .http2
            case .grpc: $0.appProtocol = .grpc
            case .tls: $0.appProtocol = .tls
            case .tcp: $0.appProtocol = .tcp
            }
        }
    }

    // MARK: Bookkeeping

    private mutating func forgetWorkload(_ arn: String, change: inout RegistryChange) {
        self.workloadInputs[arn] = nil
        if let name = self.workloadNames.removeValue(forKey: arn) { self.drop(name, change: &change) }
    }

    private mutating func put(_ resource: ResourceCatalog.Resource, change: inout RegistryChange) {
        self.encodings += 1
        guard self.resources[resource.name]?.version != resource.version else { return }
        self.resources[resource.name] = resource
        change.changed.append(resource)
    }

    private mutating func drop(_ name: String, change: inout RegistryChange) {
        if self.resources.removeValue(forKey: name) != nil { change.removed.append(name) }
    }
}

import ECSDiscovery
import MeshCompile
import MeshModel

extension ServiceFacts {
    /// What the data planes should know of a service of ECS.
    init(_ service: MeshService) {
        self.init(
            key: NamespacedHostname(namespace: service.key.namespace, hostname: service.key.hostname),
            name: service.name
        )
        self.aliases = Array(service.hostnames.dropFirst())
        self.ports = service.ports.map { $0.servicePort(target: $0.targetPort) }
        // A name by tag never wins over one that a service has by right.
        self.isCanonical = service.isByRight
        // Tags are both: ECS has no other place to write to.
        self.labels = service.labels
        self.annotations = service.labels
        self.waypoint = TagLabels.waypoint(service.waypoint)
    }
}

/// All of the observations that one workload follows from.
struct TaskInput: Sendable, Hashable {
    var task: ObservedTask
    var membership: ServiceCatalog.Membership?
    /// Service ports by mesh service, in the membership's order.
    var ports: [[ObservedPort]]
    var namespace: String
    var serviceAccount: String
    /// Whether plain connections are refused, by tag of the task or else of its service.
    var isStrict: Bool

    /// What the data planes should know of the task.
    func facts(clusterID: String) -> WorkloadFacts {
        let task = self.task
        let name = DNSLabel.make(task.serviceName) ?? task.serviceName
        var facts = WorkloadFacts(
            uid: "\(clusterID)/ecs.amazonaws.com/Task/\(self.namespace)/\(task.id)",
            name: task.id,
            namespace: self.namespace
        )
        facts.serviceAccount = self.serviceAccount
        facts.addresses = task.addresses
        facts.network = task.settings.network
        facts.tunnel = task.isEnrolled ? .hbone : .none
        facts.node = task.launchType == "FARGATE" ? "fargate/\(task.id)" : ""
        facts.locality = Self.locality(of: task)
        facts.labels = ["app": name].merging(TagLabels.labels(task.tags)) { $1 }
        facts.isHealthy = task.isReady
        facts.capacity = task.settings.weight.map { UInt32(clamping: $0) }
        facts.workloadName = name
        facts.canonicalName = name
        facts.canonicalRevision = String(task.revision)
        for (key, ports) in zip(self.membership?.keys ?? [], self.ports) {
            let name = NamespacedHostname(namespace: key.namespace, hostname: key.hostname)
            facts.services[name] = ports.compactMap { Self.port($0, of: task) }
        }
        facts.portsByName = Dictionary(task.ports.map { ($0.name, $0.targetPort) }) { first, _ in first }
        facts.refusesPlain = self.isStrict
        facts.waypoint = TagLabels.waypoint(task.settings.waypoint)
        return facts
    }

    /// As the tag says, else where ECS runs it.
    private static func locality(of task: ObservedTask) -> Locality {
        guard let written = task.settings.locality else {
            return Locality(region: task.region, zone: task.availabilityZone ?? "")
        }
        let parts = written.split(separator: "/", maxSplits: 2).map(String.init)
        return Locality(
            region: parts.first ?? "",
            zone: parts.dropFirst().first ?? "",
            subzone: parts.dropFirst(2).first ?? ""
        )
    }

    /// Where this task serves a service's port: as its own definition says, which differs from the service's while a
    /// deployment rolls. Nil when the definition has other ports but not this one.
    private static func port(_ port: ObservedPort, of task: ObservedTask) -> ServicePort? {
        if let own = task.ports.first(where: { $0.port == port.port }) {
            return port.servicePort(target: own.targetPort)
        }
        return task.ports.isEmpty ? port.servicePort(target: port.targetPort) : nil
    }
}

extension ObservedPort {
    fileprivate func servicePort(target: UInt16) -> ServicePort {
        let application: ServicePort.AppProtocol =
            switch self.application {
            case .http: .http11
            case .http2: .http2
            case .grpc: .grpc
            case .tls: .tls
            case .tcp: .tcp
            }
        return ServicePort(port: self.port, targetPort: target, appProtocol: application)
    }
}

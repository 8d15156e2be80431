/// What is declared and known, looked up the ways that rules need.
struct AnalysisContext {
    let resources: [DeclaredResource]
    let facts: AnalysisFacts?
    /// The namespace whose policies hold for the whole mesh.
    let rootNamespace: String
    /// Declared namespaces by name.
    let namespaces: [String: DeclaredResource]
    /// Gateways by `namespace/name`.
    let gateways: [String: (resource: DeclaredResource, gateway: Declared.Gateway)]
    /// Services that are declared or known.
    let services: [KnownService]
    /// Workloads of the mesh by the keys of their services.
    let workloads: [String: [AnalysisFacts.Workload]]
    /// Places in ``services``, by `namespace/name`, by host and by namespace; the first of each counts.
    private let byKey: [String: Int]
    private let byHost: [String: Int]
    private let byNamespace: [String: [Int]]

    /// A service, of whatever origin.
    struct KnownService {
        var namespace: String
        var name: String
        var hostnames: [String]
        var addresses: [String]
        /// The ServiceEntry that declares it; nil for a service of ECS.
        var resource: DeclaredResource?
        /// Its waypoint as `namespace/name`, as far as that can be known.
        var waypoint: String?

        /// `namespace/name`.
        var key: String { "\(self.namespace)/\(self.name)" }
    }

    init(_ resources: [DeclaredResource], facts: AnalysisFacts?) {
        self.resources = resources
        self.facts = facts
        var root = Declared.MeshConfig().rootNamespace
        var namespaces: [String: DeclaredResource] = [:]
        var gateways: [String: (resource: DeclaredResource, gateway: Declared.Gateway)] = [:]
        for resource in resources {
            switch resource.spec {
            case .meshConfig(let mesh): root = mesh.rootNamespace
            case .namespace: namespaces[resource.metadata.name] = resource
            case .gateway(let gateway):
                gateways["\(resource.metadata.namespace)/\(resource.metadata.name)"] = (resource, gateway)
            default: break
            }
        }
        self.rootNamespace = root
        self.namespaces = namespaces
        self.gateways = gateways
        let services = Self.services(resources, facts, namespaces)
        self.services = services
        let places = Array(services.enumerated())
        self.byKey = Dictionary(places.map { ($0.element.key, $0.offset) }) { first, _ in first }
        self.byHost = Dictionary(
            places.flatMap { place in place.element.hostnames.map { ($0, place.offset) } }
        ) { first, _ in first }
        self.byNamespace = Dictionary(grouping: services.indices) { services[$0].namespace }
        var workloads: [String: [AnalysisFacts.Workload]] = [:]
        for workload in facts?.workloads ?? [] {
            for key in workload.services { workloads[key, default: []].append(workload) }
        }
        self.workloads = workloads
    }

    private static func services(
        _ resources: [DeclaredResource],
        _ facts: AnalysisFacts?,
        _ namespaces: [String: DeclaredResource]
    ) -> [KnownService] {
        var services: [KnownService] = []
        var declared: Set<String> = []
        for resource in resources {
            guard case .serviceEntry(let entry) = resource.spec else { continue }
            let reference = WaypointReference(of: resource, in: namespaces)
            services.append(
                KnownService(
                    namespace: resource.metadata.namespace,
                    name: resource.metadata.name,
                    hostnames: entry.hosts,
                    addresses: entry.addresses,
                    resource: resource,
                    waypoint: reference?.key
                )
            )
            declared.formUnion(entry.hosts.map { "\(resource.metadata.namespace)/\($0)" })
        }
        for service in facts?.services ?? [] where !declared.contains("\(service.namespace)/\(service.hostname)") {
            // A namespace that is about to be bound to a waypoint binds its services.
            let inherited = namespaces[service.namespace].flatMap { WaypointReference(of: $0, in: namespaces) }
            services.append(
                KnownService(
                    namespace: service.namespace,
                    name: service.name,
                    hostnames: [service.hostname],
                    addresses: service.addresses,
                    resource: nil,
                    waypoint: service.waypoint ?? inherited?.key
                )
            )
        }
        return services
    }

    /// The service of a name in a namespace.
    func service(_ name: String, in namespace: String) -> KnownService? {
        self.byKey["\(namespace)/\(name)"].map { self.services[$0] }
    }

    /// The services of a namespace.
    func services(in namespace: String) -> [KnownService] {
        (self.byNamespace[namespace] ?? []).map { self.services[$0] }
    }

    /// The workloads of a service.
    func workloads(of service: KnownService) -> [AnalysisFacts.Workload] {
        service.hostnames.flatMap { self.workloads["\(service.namespace)/\($0)"] ?? [] }
    }

    /// The service of a host as it is written: a full name, or one that is completed by a namespace.
    ///
    /// - Parameter namespace: of the resource that names it.
    func service(host: String, from namespace: String) -> KnownService? {
        if let exact = self.byHost[host] { return self.services[exact] }
        let parts = host.split(separator: ".", maxSplits: 2).map(String.init)
        if parts.count == 1 { return self.service(host, in: namespace) }
        // `web.shop` and `web.shop.mesh.internal`, but not `www.example.com`: that is only what an entry says it is.
        guard let service = self.service(parts[0], in: parts[1]), service.resource == nil else { return nil }
        return parts.count == 2 || service.hostnames.contains { $0.hasPrefix("\(parts[0]).\(parts[1]).") }
            ? service : nil
    }

    /// Whether it can be known that a service is not there.
    var knowsServices: Bool { self.facts != nil }

    /// Workloads with labels: those of the mesh, and what is declared.
    var labelledWorkloads: [(namespace: String, labels: [String: String])]? {
        guard let facts, facts.workloads.allSatisfy({ $0.labels != nil }) else { return nil }
        var workloads = facts.workloads.map { (namespace: $0.namespace, labels: $0.labels ?? [:]) }
        for resource in self.resources {
            switch resource.spec {
            case .workloadEntry(let entry):
                workloads.append((resource.metadata.namespace, resource.metadata.labels.merging(entry.labels) { $1 }))
            case .serviceEntry(let entry):
                workloads += entry.endpoints.map {
                    (resource.metadata.namespace, resource.metadata.labels.merging($0.labels) { $1 })
                }
            default: continue
            }
        }
        return workloads
    }
}

/// Which waypoint something names, by label.
struct WaypointReference: Hashable {
    static let use = "istio.io/use-waypoint"
    static let useNamespace = "istio.io/use-waypoint-namespace"

    /// The waypoint's namespace.
    var namespace: String
    /// The waypoint's name.
    var name: String
    /// Whether the thing names it itself, not its namespace.
    var isOwn: Bool

    /// `namespace/name`.
    var key: String { "\(self.namespace)/\(self.name)" }

    /// The reference in force; nil for none, and for `none`.
    init?(of resource: DeclaredResource, in namespaces: [String: DeclaredResource]) {
        let isNamespace = resource.spec == .namespace
        let home = isNamespace ? resource.metadata.name : resource.metadata.namespace
        if let own = resource.metadata.labels[Self.use] {
            guard own != "none" else { return nil }
            self.init(labels: resource.metadata.labels, home: home, isOwn: true)
        } else {
            guard !isNamespace, let labels = namespaces[home]?.metadata.labels, labels[Self.use] != "none" else {
                return nil
            }
            self.init(labels: labels, home: home, isOwn: false)
        }
    }

    private init?(labels: [String: String], home: String, isOwn: Bool) {
        guard let name = labels[Self.use], !name.isEmpty else { return nil }
        self.namespace = labels[Self.useNamespace] ?? home
        self.name = name
        self.isOwn = isOwn
    }
}

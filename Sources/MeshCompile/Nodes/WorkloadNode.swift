import MeshConfig
import MeshModel

/// A workload before it is joined with the rest of the mesh, from wherever it comes.
struct WorkloadNode: Hashable {
    /// Where it comes from.
    enum Origin: Hashable {
        case platform
        case workloadEntry(ResourceKey)
        /// Written in a ServiceEntry, or standing for one of its hosts.
        case endpoint(ResourceKey, host: String?)
        case gateway(ResourceKey)
    }

    var facts: WorkloadFacts
    var origin: Origin
    /// What selectors of policies see.
    var policyLabels: [String: String]

    /// Whether ServiceEntries can select it.
    var isSelectable: Bool {
        switch self.origin {
        case .platform, .workloadEntry: true
        case .endpoint, .gateway: false
        }
    }

    /// A workload of the platform.
    init(_ facts: WorkloadFacts) {
        self.facts = facts
        self.origin = .platform
        self.policyLabels = facts.labels
    }

    /// A WorkloadEntry; nil for an address that is a path.
    init?(_ entry: Declared.WorkloadEntry, resource: DeclaredResource, settings: MeshSettings) {
        let metadata = resource.metadata
        var facts = WorkloadFacts(
            uid: "\(settings.clusterID)/networking.istio.io/WorkloadEntry/\(metadata.namespace)/\(metadata.name)",
            name: metadata.name,
            namespace: metadata.namespace
        )
        let labels = metadata.labels.merging(entry.labels) { $1 }
        guard facts.fill(from: entry, labels: labels) else { return nil }
        facts.workloadName = labels[MeshKeys.workloadName] ?? metadata.name
        facts.labels = labels
        self.facts = facts
        self.origin = .workloadEntry(resource.key)
        self.policyLabels = labels
    }

    /// An endpoint written in a ServiceEntry; nil for an address that is a path.
    init?(endpoint: Declared.WorkloadEntry, of resource: DeclaredResource, settings: MeshSettings) {
        let metadata = resource.metadata
        let place = endpoint.address.isEmpty ? endpoint.network ?? "" : endpoint.address
        var facts = WorkloadFacts(
            uid: Self.uid(place, of: resource, settings: settings),
            name: metadata.name,
            namespace: metadata.namespace
        )
        guard facts.fill(from: endpoint, labels: endpoint.labels) else { return nil }
        facts.workloadName = endpoint.labels[MeshKeys.workloadName] ?? metadata.name
        facts.labels = endpoint.labels
        // The entry's own labels say which waypoint and which policies count.
        facts.waypoint = WaypointChoice(labels: metadata.labels)
        self.facts = facts
        self.origin = .endpoint(resource.key, host: nil)
        self.policyLabels = metadata.labels
    }

    /// What stands for a host that is resolved when it is called.
    init(host: String, of resource: DeclaredResource, settings: MeshSettings) {
        let metadata = resource.metadata
        var facts = WorkloadFacts(
            uid: Self.uid(host, of: resource, settings: settings),
            name: metadata.name,
            namespace: metadata.namespace
        )
        facts.hostname = host
        facts.workloadName = metadata.name
        facts.waypoint = WaypointChoice(labels: metadata.labels)
        self.facts = facts
        self.origin = .endpoint(resource.key, host: host)
        self.policyLabels = metadata.labels
    }

    /// The way into another network, as a workload that others name.
    init(gateway: NetworkGateway, resource: DeclaredResource) {
        let metadata = resource.metadata
        var facts = WorkloadFacts(uid: gateway.uid, name: metadata.name, namespace: metadata.namespace)
        switch gateway.destination {
        case .address(let address): facts.addresses = [address]
        case .hostname(let name): facts.hostname = name
        }
        facts.network = gateway.network
        facts.serviceAccount = metadata.annotations[MeshKeys.gatewayServiceAccount] ?? metadata.name
        facts.tunnel = .hbone
        facts.hasNativeTunnel = true
        facts.workloadName = metadata.name
        facts.waypoint = WaypointChoice.none
        self.facts = facts
        self.origin = .gateway(resource.key)
        self.policyLabels = [:]
    }

    /// The nodes of a ServiceEntry itself, the first of several with one address.
    static func nodes(
        of entry: Declared.ServiceEntry,
        resource: DeclaredResource,
        settings: MeshSettings
    ) -> [WorkloadNode] {
        if !entry.endpoints.isEmpty {
            return entry.endpoints.compactMap { Self(endpoint: $0, of: resource, settings: settings) }
        }
        guard entry.workloadSelector == nil else { return [] }
        switch entry.resolution {
        case .none, .static: return []
        case .dns, .dnsRoundRobin, .dynamicDNS:
            return entry.hosts.map { Self(host: $0, of: resource, settings: settings) }
        }
    }

    private static func uid(_ place: String, of resource: DeclaredResource, settings: MeshSettings) -> String {
        let entry = "\(resource.metadata.namespace)/\(resource.metadata.name)"
        return "\(settings.clusterID)/networking.istio.io/ServiceEntry/\(entry)/\(place)"
    }
}

extension WorkloadFacts {
    /// Takes over what a WorkloadEntry says; false for an address that is a path.
    fileprivate mutating func fill(from entry: Declared.WorkloadEntry, labels: [String: String]) -> Bool {
        guard !entry.address.hasPrefix("unix:"), !entry.address.hasPrefix("/") else { return false }
        if let address = IPAddress(parsing: entry.address) {
            self.addresses = [address.canonical]
        } else {
            self.hostname = entry.address
        }
        self.network = entry.network ?? labels[MeshKeys.network]
        self.serviceAccount = entry.serviceAccount.isEmpty ? "default" : entry.serviceAccount
        if labels[MeshKeys.tunnel] == "http" {
            self.tunnel = .hbone
            self.hasNativeTunnel = true
        }
        let parts = entry.locality.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            .map(String.init)
        self.locality = Locality(
            region: parts.first ?? "",
            zone: parts.dropFirst().first ?? "",
            subzone: parts.dropFirst(2).first ?? ""
        )
        self.capacity = entry.weight
        self.portsByName = entry.ports
        return true
    }
}

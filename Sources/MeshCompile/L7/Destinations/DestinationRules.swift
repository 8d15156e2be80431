import MeshConfig
import MeshModel

/// What DestinationRules say of one service: those that count, merged.
struct DestinationRules {
    /// A subset of the service's endpoints.
    struct Subset {
        var labels: [String: String]
        var policy: ConfigValue?
    }

    private(set) var policy: ConfigValue?
    private(set) var subsets: [String: Subset] = [:]

    /// Looks where Istio looks: in the client's namespace, which is the waypoint's, then in the service's, then in the
    /// mesh's. The first namespace that has a rule for the host decides; in it the most specific host does.
    init(for service: ServiceClaim, waypoint: String, in mesh: L7Mesh) {
        var seen: Set<String> = []
        for namespace in [waypoint, service.key.namespace, mesh.config.rootNamespace]
        where seen.insert(namespace).inserted {
            let rules = Self.rules(for: service, in: namespace, seenFrom: waypoint, mesh)
            guard !rules.isEmpty else { continue }
            for rule in rules { self.merge(rule) }
            return
        }
    }

    private static func rules(
        for service: ServiceClaim,
        in namespace: String,
        seenFrom waypoint: String,
        _ mesh: L7Mesh
    ) -> [ConfigValue] {
        let names = [service.key.hostname] + service.aliases
        let patterns = mesh.index.patterns.filter { HostNames.covers($0, service.key.hostname) }
        let hosts = names + patterns.sorted { HostNames.weight($0) > HostNames.weight($1) }
        for host in hosts {
            let rules = mesh.resources(.destinationRule, attachedTo: [.host(host)]).compactMap { resource in
                guard resource.metadata.namespace == namespace, case .route(_, let spec) = resource.spec,
                    L7Mesh.isExported(spec, of: namespace, to: waypoint)
                else { return nil as ConfigValue? }
                return spec
            }
            if !rules.isEmpty { return rules }
        }
        return []
    }

    /// The older one's policy counts; subsets of a later one are added where their names are free.
    private mutating func merge(_ rule: ConfigValue) {
        if self.policy == nil { self.policy = rule["trafficPolicy"] }
        for subset in rule.list("subsets") {
            guard let name = subset.text("name"), self.subsets[name] == nil else { continue }
            self.subsets[name] = Subset(labels: subset.labels("labels"), policy: subset["trafficPolicy"])
        }
    }

    /// What holds for one port of the service, or of a subset.
    func policy(port: UInt16, subset: String) -> TrafficPolicy {
        var policy = TrafficPolicy(self.policy, port: port)
        if let own = self.subsets[subset]?.policy { policy.override(TrafficPolicy(own, port: port)) }
        return policy
    }

    /// The labels that a DestinationRule compares, of subsets and of priorities.
    static func labelKeys(of spec: ConfigValue) -> Set<String> {
        var keys: Set<String> = []
        func note(_ policy: ConfigValue?) {
            for part in [policy].compactMap(\.self) + (policy?.list("portLevelSettings") ?? []) {
                for entry in part["loadBalancer"]?["localityLbSetting"]?.texts("failoverPriority") ?? [] {
                    keys.insert(String(entry.prefix { $0 != "=" }))
                }
            }
        }
        note(spec["trafficPolicy"])
        for subset in spec.list("subsets") {
            keys.formUnion(subset.labels("labels").keys)
            note(subset["trafficPolicy"])
        }
        return keys
    }
}

/// The parts of a traffic policy that hold at one place, each as written.
struct TrafficPolicy {
    var loadBalancer: ConfigValue?
    var connectionPool: ConfigValue?
    var outlierDetection: ConfigValue?
    var tls: ConfigValue?
    var proxyProtocol: ConfigValue?
    var retryBudget: ConfigValue?

    /// Reads a policy for a port: settings of the port replace those beside them, also with nothing.
    init(_ value: ConfigValue?, port: UInt16) {
        let own = value?.list("portLevelSettings").first { $0["port"]?.port("number") == port }
        let part = own ?? value
        self.loadBalancer = part?["loadBalancer"]
        self.connectionPool = part?["connectionPool"]
        self.outlierDetection = part?["outlierDetection"]
        self.tls = part?["tls"]
        self.proxyProtocol = value?["proxyProtocol"]
        self.retryBudget = value?["retryBudget"]
    }

    /// Takes over what another says.
    mutating func override(_ other: Self) {
        self.loadBalancer = other.loadBalancer ?? self.loadBalancer
        self.connectionPool = other.connectionPool ?? self.connectionPool
        self.outlierDetection = other.outlierDetection ?? self.outlierDetection
        self.tls = other.tls ?? self.tls
        self.proxyProtocol = other.proxyProtocol ?? self.proxyProtocol
        self.retryBudget = other.retryBudget ?? self.retryBudget
    }
}

package import MeshConfig

/// Resources made short, for tests of rules.
enum Make {
    static func resource(
        _ name: String,
        in namespace: String = "shop",
        labels: [String: String] = [:],
        created: Int64 = 0,
        _ spec: Declared.Spec
    ) -> DeclaredResource {
        DeclaredResource(
            apiVersion: spec.kind.apiVersions[0],
            metadata: ResourceMetadata(
                name: name,
                namespace: spec.kind.isNamespaced ? namespace : "",
                labels: labels,
                created: created
            ),
            spec: spec,
            origin: ResourceOrigin(file: "mesh.yaml", line: 1)
        )
    }

    static func namespace(_ name: String, labels: [String: String] = [:]) -> DeclaredResource {
        self.resource(name, labels: labels, .namespace)
    }

    /// The namespace `shop`, bound to a waypoint.
    static func bound(to waypoint: String = "waypoint", in namespace: String? = nil) -> DeclaredResource {
        var labels = ["istio.io/use-waypoint": waypoint]
        if let namespace { labels["istio.io/use-waypoint-namespace"] = namespace }
        return self.namespace("shop", labels: labels)
    }

    static func waypoint(
        _ name: String = "waypoint",
        in namespace: String = "shop",
        for traffic: String? = nil,
        className: String = "istio-waypoint",
        listeners: [Declared.Gateway.Listener] = [.init(name: "mesh", port: 15008, protocol: "HBONE")]
    ) -> DeclaredResource {
        self.resource(
            name,
            in: namespace,
            labels: traffic.map { ["istio.io/waypoint-for": $0] } ?? [:],
            .gateway(.init(gatewayClassName: className, listeners: listeners))
        )
    }

    static func entry(
        _ name: String = "pay",
        in namespace: String = "shop",
        hosts: [String] = ["pay.example.com"],
        addresses: [String] = [],
        ports: [Declared.ServiceEntry.Port] = [],
        location: Declared.ServiceEntry.Location = .internal,
        labels: [String: String] = [:],
        created: Int64 = 0
    ) -> DeclaredResource {
        self.resource(
            name,
            in: namespace,
            labels: labels,
            created: created,
            .serviceEntry(.init(hosts: hosts, addresses: addresses, ports: ports, location: location))
        )
    }

    static func policy(
        _ policy: Declared.AuthorizationPolicy,
        in namespace: String = "shop"
    ) -> DeclaredResource {
        self.resource("policy", in: namespace, .authorizationPolicy(policy))
    }

    /// A rule with one source.
    static func from(_ change: (inout Declared.AuthorizationPolicy.Source) -> Void) -> Declared.AuthorizationPolicy.Rule
    {
        var source = Declared.AuthorizationPolicy.Source()
        change(&source)
        return .init(from: [source])
    }

    /// A rule with one operation.
    static func to(_ change: (inout Declared.AuthorizationPolicy.Operation) -> Void)
        -> Declared.AuthorizationPolicy.Rule
    {
        var operation = Declared.AuthorizationPolicy.Operation()
        change(&operation)
        return .init(to: [operation])
    }

    static func service(
        _ name: String = "web",
        in namespace: String = "shop",
        waypoint: String? = nil,
        addresses: [String] = []
    ) -> AnalysisFacts.Service {
        AnalysisFacts.Service(
            namespace: namespace,
            name: name,
            hostname: "\(name).\(namespace).mesh.internal",
            addresses: addresses,
            ports: [80],
            waypoint: waypoint
        )
    }

    static func workload(
        _ service: String = "web",
        in namespace: String = "shop",
        labels: [String: String]? = nil,
        ports: Set<UInt16> = [8080]
    ) -> AnalysisFacts.Workload {
        AnalysisFacts.Workload(
            namespace: namespace,
            name: "\(service)-1",
            serviceAccount: service,
            labels: labels,
            ports: ports,
            services: ["\(namespace)/\(service).\(namespace).mesh.internal"]
        )
    }

    static func httpRoute(_ rules: [ConfigValue], parent: ConfigValue = serviceParent) -> DeclaredResource {
        self.resource("route", .route(.httpRoute, ["parentRefs": .list([parent]), "rules": .list(rules)]))
    }

    static let serviceParent: ConfigValue = ["kind": "Service", "name": "web"]

    static func virtualService(_ rules: [ConfigValue], host: String = "web", gateways: [String] = [])
        -> DeclaredResource
    {
        var spec: [String: ConfigValue] = ["hosts": .list([.string(host)]), "http": .list(rules)]
        if !gateways.isEmpty { spec["gateways"] = .list(gateways.map(ConfigValue.string)) }
        return self.resource("vs", .route(.virtualService, .map(spec)))
    }
}

extension ConfigValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByIntegerLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(arrayLiteral elements: ConfigValue...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, ConfigValue)...) {
        self = .map(Dictionary(elements) { first, _ in first })
    }
}

/// The codes of what analysis finds, in order.
func codes(_ resources: [DeclaredResource], _ facts: AnalysisFacts? = nil) -> [FindingCode] {
    Analyzer.findings(in: resources, facts: facts).map(\.code)
}

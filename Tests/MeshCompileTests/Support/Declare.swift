import MeshConfig

/// Declared resources, as short as YAML.
enum Declare {
    typealias Policy = Declared.AuthorizationPolicy

    static let root = "tulle-system"

    static func resource(
        _ spec: Declared.Spec,
        _ name: String,
        in namespace: String = "shop",
        created: Int64 = 0,
        labels: [String: String] = [:],
        annotations: [String: String] = [:]
    ) -> DeclaredResource {
        DeclaredResource(
            apiVersion: spec.kind.apiVersions.first ?? "",
            metadata: ResourceMetadata(
                name: name,
                namespace: spec.kind.isNamespaced ? namespace : "",
                labels: labels,
                annotations: annotations,
                created: created
            ),
            spec: spec,
            origin: ResourceOrigin(file: "mesh.yaml", line: 1)
        )
    }

    static func policy(
        _ action: Policy.Action,
        _ rules: [Policy.Rule],
        selector: [String: String]? = nil,
        in namespace: String = "shop",
        name: String = "p",
        dryRun: Bool = false
    ) -> DeclaredResource {
        let spec = Policy(
            selector: selector.map(Declared.Selector.init(matchLabels:)),
            action: action,
            rules: rules
        )
        return self.resource(
            .authorizationPolicy(spec),
            name,
            in: namespace,
            annotations: dryRun ? ["istio.io/dry-run": "true"] : [:]
        )
    }

    static func peer(
        _ mode: Declared.PeerAuthentication.Mode,
        selector: [String: String]? = nil,
        ports: [UInt16: Declared.PeerAuthentication.Mode] = [:],
        in namespace: String = "shop",
        name: String = "default",
        created: Int64 = 0
    ) -> DeclaredResource {
        let spec = Declared.PeerAuthentication(
            selector: selector.map(Declared.Selector.init(matchLabels:)),
            mode: mode,
            portLevelModes: ports
        )
        return self.resource(.peerAuthentication(spec), name, in: namespace, created: created)
    }

    static func from(_ fill: (inout Policy.Source) -> Void) -> Policy.Rule { Policy.Rule(from: [self.source(fill)]) }

    static func to(_ fill: (inout Policy.Operation) -> Void) -> Policy.Rule {
        Policy.Rule(to: [self.operation(fill)])
    }

    static func when(_ key: String, _ values: [String] = [], not notValues: [String] = []) -> Policy.Rule {
        Policy.Rule(when: [Policy.Condition(key: key, values: values, notValues: notValues)])
    }

    static func source(_ fill: (inout Policy.Source) -> Void) -> Policy.Source {
        var source = Policy.Source()
        fill(&source)
        return source
    }

    static func operation(_ fill: (inout Policy.Operation) -> Void) -> Policy.Operation {
        var operation = Policy.Operation()
        fill(&operation)
        return operation
    }
}

/// Turns a checked `spec` into the kind's own type.
enum SpecReader {
    static func read(_ kind: ResourceKind, _ spec: ConfigValue) -> Declared.Spec {
        switch kind {
        case .namespace: .namespace
        case .serviceEntry: .serviceEntry(self.serviceEntry(spec))
        case .workloadEntry: .workloadEntry(self.workloadEntry(spec))
        case .authorizationPolicy: .authorizationPolicy(self.authorizationPolicy(spec))
        case .peerAuthentication: .peerAuthentication(self.peerAuthentication(spec))
        case .gateway: .gateway(self.gateway(spec))
        case .serviceAccountBinding:
            .serviceAccountBinding(
                Declared.ServiceAccountBinding(
                    role: spec.text("role") ?? "",
                    namespace: spec.text("namespace") ?? "",
                    serviceAccount: spec.text("serviceAccount") ?? "",
                    functions: spec.texts("functions")
                )
            )
        case .meshConfig: .meshConfig(self.meshConfig(spec))
        case .ecsAccount: .ecsAccount(self.ecsAccount(spec))
        case .httpRoute, .grpcRoute, .tcpRoute, .tlsRoute, .referenceGrant, .virtualService, .destinationRule,
            .requestAuthentication, .telemetry, .payloadPolicy, .rateLimitPolicy, .healthCheckPolicy,
            .backendTrafficPolicy, .backendTLSPolicy, .caBundle:
            .route(kind, spec)
        }
    }

    private static func selector(_ spec: ConfigValue) -> Declared.Selector? {
        spec["selector"].map { Declared.Selector(matchLabels: $0.labels("matchLabels")) }
    }

    static func labelSelector(_ value: ConfigValue?) -> Declared.LabelSelector {
        Declared.LabelSelector(
            matchLabels: value?.labels("matchLabels") ?? [:],
            matchExpressions: value?.list("matchExpressions").map { requirement in
                Declared.LabelSelector.Requirement(
                    key: requirement.text("key") ?? "",
                    operation: requirement.word("operator") ?? .exists,
                    values: requirement.texts("values")
                )
            } ?? []
        )
    }

    private static func authorizationPolicy(_ spec: ConfigValue) -> Declared.AuthorizationPolicy {
        let references = spec["targetRef"].map { [$0] } ?? spec.list("targetRefs")
        return Declared.AuthorizationPolicy(
            selector: self.selector(spec),
            targetRefs: references.map { reference in
                Declared.TargetReference(
                    group: reference.text("group") ?? "",
                    kind: reference.text("kind") ?? "",
                    name: reference.text("name") ?? ""
                )
            },
            action: spec.word("action") ?? .allow,
            provider: spec["provider"]?.text("name"),
            rules: spec.list("rules").map { rule in
                Declared.AuthorizationPolicy.Rule(
                    from: rule.list("from").map { self.source($0["source"] ?? .null) },
                    to: rule.list("to").map { self.operation($0["operation"] ?? .null) },
                    when: rule.list("when").map { condition in
                        Declared.AuthorizationPolicy.Condition(
                            key: condition.text("key") ?? "",
                            values: condition.texts("values"),
                            notValues: condition.texts("notValues")
                        )
                    }
                )
            }
        )
    }

    private static func source(_ value: ConfigValue) -> Declared.AuthorizationPolicy.Source {
        var source = Declared.AuthorizationPolicy.Source()
        source.principals = value.texts("principals")
        source.notPrincipals = value.texts("notPrincipals")
        source.requestPrincipals = value.texts("requestPrincipals")
        source.notRequestPrincipals = value.texts("notRequestPrincipals")
        source.namespaces = value.texts("namespaces")
        source.notNamespaces = value.texts("notNamespaces")
        source.serviceAccounts = value.texts("serviceAccounts")
        source.notServiceAccounts = value.texts("notServiceAccounts")
        source.ipBlocks = value.texts("ipBlocks")
        source.notIpBlocks = value.texts("notIpBlocks")
        source.remoteIpBlocks = value.texts("remoteIpBlocks")
        source.notRemoteIpBlocks = value.texts("notRemoteIpBlocks")
        source.trustDomains = value.texts("trustDomains")
        source.notTrustDomains = value.texts("notTrustDomains")
        return source
    }

    private static func operation(_ value: ConfigValue) -> Declared.AuthorizationPolicy.Operation {
        var operation = Declared.AuthorizationPolicy.Operation()
        operation.hosts = value.texts("hosts")
        operation.notHosts = value.texts("notHosts")
        operation.ports = value.texts("ports")
        operation.notPorts = value.texts("notPorts")
        operation.methods = value.texts("methods")
        operation.notMethods = value.texts("notMethods")
        operation.paths = value.texts("paths")
        operation.notPaths = value.texts("notPaths")
        return operation
    }

    private static func peerAuthentication(_ spec: ConfigValue) -> Declared.PeerAuthentication {
        var modes: [UInt16: Declared.PeerAuthentication.Mode] = [:]
        for (port, value) in spec["portLevelMtls"]?.entries ?? [:] {
            if let port = TextForm.port(port) { modes[port] = value.word("mode") ?? .unset }
        }
        return Declared.PeerAuthentication(
            selector: self.selector(spec),
            mode: spec["mtls"]?.word("mode") ?? .unset,
            portLevelModes: modes
        )
    }

    private static func meshConfig(_ spec: ConfigValue) -> Declared.MeshConfig {
        let defaults = Declared.MeshConfig()
        return Declared.MeshConfig(
            rootNamespace: spec.text("rootNamespace") ?? defaults.rootNamespace,
            trustDomainAliases: spec.texts("trustDomainAliases"),
            defaultVisibility: spec.word("defaultVisibility") ?? defaults.defaultVisibility,
            visibilityRules: spec.list("visibilityRules").map { rule in
                Declared.MeshConfig.VisibilityRule(
                    namespaceSelector: self.labelSelector(rule["namespaceSelector"]),
                    visibility: rule.word("visibility") ?? defaults.defaultVisibility
                )
            },
            unreadyWaypoint: spec.word("unreadyWaypoint") ?? defaults.unreadyWaypoint,
            allowsWaypoints: spec["allowsWaypoints"]?.flag ?? defaults.allowsWaypoints,
            traffic: .map(spec.entries.filter { KindSchema.trafficFields.contains($0.key) })
        )
    }

    private static func ecsAccount(_ spec: ConfigValue) -> Declared.ECSAccount {
        Declared.ECSAccount(
            account: spec.text("account") ?? "",
            role: spec.text("role"),
            externalID: spec.text("externalID"),
            regions: spec.texts("regions"),
            domain: spec.text("domain"),
            network: spec.text("network"),
            clusters: Declared.ECSAccount.ClusterSelection(
                names: spec["clusters"]?.texts("names") ?? [],
                tags: spec["clusters"]?.labels("tags") ?? [:]
            ),
            namespaces: spec.texts("namespaces"),
            eventQueues: spec.labels("eventQueues")
        )
    }
}

import MeshConfig

/// What a resource for waypoints is attached to, and what it names.
struct L7References: Hashable {
    /// What it acts on.
    var attached: Set<L7Reference> = []
    /// What it depends on.
    var mentioned: Set<L7Reference> = []

    /// Reads a resource; nil for a kind that waypoints have nothing to do with.
    init?(_ resource: DeclaredResource, settings: MeshSettings) {
        let namespace = resource.metadata.namespace
        let names = HostNames(namespace: namespace, meshDomain: settings.meshDomain)
        switch resource.spec {
        case .authorizationPolicy(let policy):
            guard !policy.targetRefs.isEmpty else { return nil }
            self.attached = Set(policy.targetRefs.compactMap { Self.target($0, in: namespace) })
        case .route(let kind, let spec):
            switch kind {
            case .httpRoute, .grpcRoute, .tcpRoute, .tlsRoute: self.note(route: spec, in: namespace)
            case .referenceGrant: self.attached = [.grants(namespace: namespace)]
            case .virtualService: self.note(virtualService: spec, names)
            case .destinationRule: self.attached = [.host(names.full(spec.text("host") ?? ""))]
            case .requestAuthentication, .telemetry, .payloadPolicy, .rateLimitPolicy, .healthCheckPolicy,
                .backendTrafficPolicy, .backendTLSPolicy:
                self.note(policy: spec, kind, in: namespace)
            case .caBundle: self.attached = [.bundle(namespace: namespace, name: resource.metadata.name)]
            default: return nil
            }
        default: return nil
        }
    }

    // MARK: Routes

    private mutating func note(route spec: ConfigValue, in namespace: String) {
        for parent in spec.list("parentRefs") {
            self.attached.insert(Self.object(parent, in: parent.text("namespace") ?? namespace))
        }
        for backend in Self.backends(of: spec) {
            let owner = backend.text("namespace") ?? namespace
            self.mentioned.insert(Self.object(backend, in: owner))
            if owner != namespace { self.mentioned.insert(.grants(namespace: owner)) }
        }
    }

    /// Every destination that a route of the Gateway API names, mirrors among them.
    static func backends(of spec: ConfigValue) -> [ConfigValue] {
        spec.list("rules").flatMap { rule in
            rule.list("backendRefs") + rule.list("filters").compactMap { $0["requestMirror"]?["backendRef"] }
        }
    }

    /// What a parent or a backend of the Gateway API refers to.
    static func object(_ reference: ConfigValue, in namespace: String) -> L7Reference {
        let name = reference.text("name") ?? ""
        switch reference.text("kind") {
        case "ServiceEntry": return .entry(namespace: namespace, name: name)
        case "Hostname": return .host(name)
        case "Service": return .service(namespace: namespace, name: name)
        default: return .gateway(ResourceKey(kind: .gateway, namespace: namespace, name: name))
        }
    }

    private mutating func note(virtualService spec: ConfigValue, _ names: HostNames) {
        self.attached = Set(spec.texts("hosts").map { .host(names.full($0)) })
        for route in spec.list("http") {
            let destinations =
                route.list("route").compactMap { $0["destination"] } + [route["mirror"]].compactMap(\.self)
                + route.list("mirrors").compactMap { $0["destination"] }
            for destination in destinations {
                self.mentioned.insert(.host(names.full(destination.text("host") ?? "")))
            }
            guard let delegate = route["delegate"] else { continue }
            let key = ResourceKey(
                kind: .virtualService,
                namespace: delegate.text("namespace") ?? names.namespace,
                name: delegate.text("name") ?? ""
            )
            self.mentioned.insert(.delegate(key))
        }
        for route in spec.list("tls") + spec.list("tcp") {
            for destination in route.list("route").compactMap({ $0["destination"] }) {
                self.mentioned.insert(.host(names.full(destination.text("host") ?? "")))
            }
        }
    }

    // MARK: Policies

    private mutating func note(policy spec: ConfigValue, _ kind: ResourceKind, in namespace: String) {
        let references = spec["targetRef"].map { [$0] } ?? spec.list("targetRefs")
        self.attached = Set(
            references.compactMap { reference in
                Self.target(
                    Declared.TargetReference(
                        group: reference.text("group") ?? "",
                        kind: reference.text("kind") ?? "",
                        name: reference.text("name") ?? ""
                    ),
                    in: namespace
                )
            }
        )
        switch kind {
        case .telemetry where references.isEmpty && spec["selector"] == nil: self.attached = [.namespace(namespace)]
        case .requestAuthentication:
            self.mentioned = Set(spec.list("jwtRules").compactMap { KeySource(rule: $0).map { .keys($0) } })
        case .backendTLSPolicy:
            let bundles = spec["validation"]?.list("caCertificateRefs") ?? []
            self.mentioned = Set(bundles.map { .bundle(namespace: namespace, name: $0.text("name") ?? "") })
        default: break
        }
    }

    private static func target(_ reference: Declared.TargetReference, in namespace: String) -> L7Reference? {
        switch reference.kind {
        case "Service": .service(namespace: namespace, name: reference.name)
        case "ServiceEntry": .entry(namespace: namespace, name: reference.name)
        case "Gateway": .gateway(ResourceKey(kind: .gateway, namespace: namespace, name: reference.name))
        case "GatewayClass": .gatewayClass(reference.name)
        default: nil
        }
    }
}

extension KeySource {
    /// Where a jwtRule's keys come from; nil where they are written in place.
    init?(rule: ConfigValue) {
        if rule["jwks"] != nil { return nil }
        if let url = rule.text("jwksUri") {
            self = .url(url)
        } else if let issuer = rule.text("issuer") {
            self = .issuer(issuer)
        } else {
            return nil
        }
    }
}

/// Rules on what only waypoints carry out, beyond whether things are there.
enum TrafficRules {
    /// Providers that are there without being declared.
    private static let builtIn: Set<String> = ["envoy", "prometheus"]

    // MARK: Providers

    /// TUL0208.
    static func providers(_ context: AnalysisContext) -> [Finding] {
        var known = Self.builtIn
        for resource in context.resources {
            guard case .meshConfig(let mesh) = resource.spec else { continue }
            known.formUnion(mesh.traffic.list("extensionProviders").compactMap { $0.text("name") })
        }
        return context.resources.flatMap { resource -> [Finding] in
            Self.providers(of: resource).filter { !known.contains($0) }.sorted().map { name in
                let effect =
                    resource.key.kind == .telemetry
                    ? "nothing is reported to it" : "every request that the policy matches is refused"
                let message = "the provider \(name) is none of MeshConfig's extensionProviders: \(effect)"
                return Finding(.providerUnknown, resource, message)
            }
        }
    }

    private static func providers(of resource: DeclaredResource) -> Set<String> {
        switch resource.spec {
        case .authorizationPolicy(let policy):
            return policy.action == .custom ? Set([policy.provider].compactMap { $0 }) : []
        case .route(.telemetry, let spec):
            let parts = ["metrics", "tracing", "accessLogging"].flatMap { spec.list($0) }
            return Set(parts.flatMap { $0.list("providers").compactMap { $0.text("name") } })
        default: return []
        }
    }

    // MARK: Parents

    /// TUL0307, TUL0309.
    static func parents(_ context: AnalysisContext) -> [Finding] {
        var kinds: [String: DeclaredResource] = [:]
        return context.resources.flatMap { resource -> [Finding] in
            guard case .route(let kind, let spec) = resource.spec,
                [.httpRoute, .grpcRoute, .tcpRoute, .tlsRoute].contains(kind)
            else { return [] }
            return spec.list("parentRefs").compactMap { parent in
                let name = parent.text("name") ?? ""
                let namespace = parent.text("namespace") ?? resource.metadata.namespace
                let label = "\(parent.text("kind") ?? "Gateway") \(namespace)/\(name)"
                if parent.text("kind") ?? "Gateway" == "Gateway" {
                    guard context.gateways["\(namespace)/\(name)"] != nil else { return nil }
                    let message = "the parent \(label) takes no routes of its own: name a Service or a ServiceEntry"
                    return Finding(.routeParentUnsupported, resource, message)
                }
                if namespace != resource.metadata.namespace {
                    guard context.service(name, in: namespace) != nil else { return nil }
                    let message = "the parent \(label) is of another namespace: a route counts in its service's"
                    return Finding(.routeParentUnsupported, resource, message)
                }
                guard kind == .httpRoute || kind == .grpcRoute else { return nil }
                let place = "\(label):\(parent["port"]?.integer ?? 0)"
                guard let first = kinds[place], first.key.kind != kind else {
                    kinds[place] = kinds[place] ?? resource
                    return nil
                }
                let message = "\(label) has \(first.key) as well: of the two kinds only that of the older route counts"
                return Finding(.routeKindsMixed, resource, message)
            }
        }
    }

    // MARK: Subsets

    /// TUL0308.
    static func subsets(_ context: AnalysisContext) -> [Finding] {
        var declared: [String: Set<String>] = [:]
        var patterns: [(suffix: String, names: Set<String>)] = []
        for resource in context.resources {
            guard case .route(.destinationRule, let spec) = resource.spec, let host = spec.text("host") else {
                continue
            }
            let names = Set(spec.list("subsets").compactMap { $0.text("name") })
            if host.hasPrefix("*") {
                patterns.append((String(host.dropFirst()), names))
            } else {
                let key = Self.key(host, from: resource, context)
                declared[key, default: []].formUnion(names)
            }
        }
        return context.resources.flatMap { resource -> [Finding] in
            guard case .route(.virtualService, let spec) = resource.spec else { return [] }
            var missing: Set<String> = []
            for route in ["http", "tcp", "tls"].flatMap({ spec.list($0) }).flatMap({ $0.list("route") }) {
                guard let destination = route["destination"], let host = destination.text("host"),
                    let subset = destination.text("subset"),
                    declared[Self.key(host, from: resource, context)]?.contains(subset) != true,
                    !patterns.contains(where: { host.hasSuffix($0.suffix) && $0.names.contains(subset) })
                else { continue }
                missing.insert("\(subset) of \(host)")
            }
            return missing.sorted().map { label in
                let message = "no DestinationRule says what the subset \(label) is: requests that take it fail"
                return Finding(.subsetUnknown, resource, message)
            }
        }
    }

    /// One name for all names of a service.
    private static func key(_ host: String, from resource: DeclaredResource, _ context: AnalysisContext) -> String {
        context.service(host: host, from: resource.metadata.namespace)?.key
            ?? (host.contains(".") ? host : "\(resource.metadata.namespace)/\(host)")
    }
}

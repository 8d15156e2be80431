/// Rules on routes: HTTPRoute, GRPCRoute, TCPRoute, TLSRoute and VirtualService.
enum RouteRules {
    private static let gatewayRoutes: Set<ResourceKind> = [.httpRoute, .grpcRoute, .tcpRoute, .tlsRoute]

    /// TUL0301, TUL0302.
    static func parents(_ context: AnalysisContext) -> [Finding] {
        context.resources.flatMap { resource -> [Finding] in
            guard case .route(let kind, let spec) = resource.spec else { return [] }
            if Self.gatewayRoutes.contains(kind) {
                return spec.list("parentRefs").compactMap { Self.parent($0, of: resource, context) }
            }
            guard kind == .virtualService, Self.isForMesh(spec) else { return [] }
            return spec.texts("hosts").compactMap { host in
                let service = context.service(host: host, from: resource.metadata.namespace)
                return Self.check(service, named: "host \(host)", isKnownMissing: context.knowsServices, resource)
            }
        }
    }

    /// Whether a VirtualService is for the mesh, not only for gateways.
    private static func isForMesh(_ spec: ConfigValue) -> Bool {
        let gateways = spec.texts("gateways")
        return gateways.isEmpty || gateways.contains("mesh")
    }

    private static func parent(
        _ parent: ConfigValue,
        of resource: DeclaredResource,
        _ context: AnalysisContext
    ) -> Finding? {
        let kind = parent.text("kind") ?? "Gateway"
        let name = parent.text("name") ?? ""
        let namespace = parent.text("namespace") ?? resource.metadata.namespace
        switch kind {
        case "Gateway":
            guard context.gateways["\(namespace)/\(name)"] == nil else { return nil }
            let message = "the parent Gateway \(namespace)/\(name) is not declared; the route is carried out nowhere"
            return Finding(.routeParentMissing, resource, message)
        case "Service", "ServiceEntry":
            let isKnown = kind == "ServiceEntry" || context.knowsServices
            let label = "parent \(kind) \(namespace)/\(name)"
            return Self.check(context.service(name, in: namespace), named: label, isKnownMissing: isKnown, resource)
        default: return nil
        }
    }

    private static func check(
        _ service: AnalysisContext.KnownService?,
        named label: String,
        isKnownMissing: Bool,
        _ resource: DeclaredResource
    ) -> Finding? {
        guard let service else {
            guard isKnownMissing else { return nil }
            return Finding(.routeParentMissing, resource, "the \(label) is not there; the route is carried out nowhere")
        }
        guard service.waypoint == nil else { return nil }
        return Finding(
            .routeWithoutWaypoint,
            resource,
            "the \(label) has no waypoint, and only a waypoint carries out routes: this one has no effect"
        )
    }

    /// TUL0306.
    static func backends(_ context: AnalysisContext) -> [Finding] {
        guard context.knowsServices else { return [] }
        return context.resources.flatMap { resource -> [Finding] in
            guard case .route(let kind, let spec) = resource.spec else { return [] }
            let names: [(label: String, isKnown: Bool)]
            if Self.gatewayRoutes.contains(kind) {
                names = spec.list("rules").flatMap { $0.list("backendRefs") }.map {
                    Self.backend($0, resource, context)
                }
            } else if kind == .virtualService {
                names = ["http", "tcp", "tls"].flatMap { spec.list($0) }.flatMap { $0.list("route") }.compactMap {
                    route in
                    route["destination"]?.text("host").map { host in
                        (host, context.service(host: host, from: resource.metadata.namespace) != nil)
                    }
                }
            } else {
                return []
            }
            return Set(names.filter { !$0.isKnown }.map(\.label)).sorted().map { label in
                let message = "the route leads to \(label), which is not there: requests that take it fail"
                return Finding(.routeBackendMissing, resource, message)
            }
        }
    }

    private static func backend(
        _ reference: ConfigValue,
        _ resource: DeclaredResource,
        _ context: AnalysisContext
    ) -> (label: String, isKnown: Bool) {
        let name = reference.text("name") ?? ""
        let namespace = reference.text("namespace") ?? resource.metadata.namespace
        switch reference.text("kind") ?? "Service" {
        case "Service", "ServiceEntry":
            return ("\(namespace)/\(name)", context.service(name, in: namespace) != nil)
        case "Hostname": return (name, context.service(host: name, from: namespace) != nil)
        default: return (name, true)
        }
    }

    /// TUL0303.
    static func shadows(_ context: AnalysisContext) -> [Finding] {
        context.resources.flatMap { resource -> [Finding] in
            guard case .route(let kind, let spec) = resource.spec else { return [] }
            let rules: [[RouteMatch]]
            let isOrdered: Bool
            switch kind {
            case .virtualService: (rules, isOrdered) = (spec.list("http").map(RouteMatch.virtualService), true)
            case .httpRoute: (rules, isOrdered) = (spec.list("rules").map(RouteMatch.httpRoute), false)
            default: return []
            }
            return Self.shadowed(rules, isOrdered: isOrdered).map { Finding(.routeMatchShadowed, resource, $0) }
        }
    }

    /// Most matches of a route that are compared; Gateway API itself allows no more than 1,024 in an HTTPRoute.
    private static let mostMatches = 1024

    /// Messages on matches that an earlier one takes everything of.
    /// - Parameter isOrdered: whether the first match wins. Else the more specific one does, so only equals shadow.
    private static func shadowed(_ rules: [[RouteMatch]], isOrdered: Bool) -> [String] {
        var seen: [(rule: Int, match: RouteMatch)] = []
        var messages: [String] = []
        for (number, matches) in rules.enumerated() {
            let taken = matches.map { match in
                seen.first { $0.rule != number && (isOrdered ? $0.match.covers(match) : $0.match == match) }?.rule
            }
            let earlier = taken.compactMap { $0 }
            if let first = earlier.first, earlier.count == matches.count {
                messages.append("rule \(number + 1) is never reached: rule \(first + 1) takes all that it matches")
            } else {
                for (index, rule) in taken.enumerated() {
                    guard let rule else { continue }
                    messages.append(
                        "match \(index + 1) of rule \(number + 1) is never reached: rule \(rule + 1) takes all of it"
                    )
                }
            }
            seen += matches.map { (number, $0) }
            guard seen.count <= Self.mostMatches else { break }
        }
        return messages
    }
}

import MeshConfig
import MeshModel

extension MeshCompiler {
    /// Notes the resources for waypoints whose conditions may be others.
    func noteStatuses(_ work: inout PendingWork) {
        let mesh = self.l7Mesh
        var references: Set<L7Reference> = []
        for (key, old) in work.l7.services {
            for claim in [old, self.services[key]?.claim].compactMap(\.self) {
                references.formUnion(mesh.references(to: claim))
                let patterns = self.l7.index.patterns.filter { HostNames.covers($0, claim.key.hostname) }
                references.formUnion(patterns.map { .host($0) })
            }
        }
        references.formUnion(work.l7.gateways.map { .gateway($0) })
        references.formUnion(work.l7.keySets.map { .keys($0) })
        for (kind, changed) in work.l7.changes where kind != .destinationRule {
            // Grants open references; another route may take a service's ports.
            references.formUnion(changed.attached)
        }
        for reference in references {
            work.statuses.formUnion(self.l7.index.attached[reference] ?? [])
            work.statuses.formUnion(self.l7.index.mentioned[reference] ?? [])
        }
    }

    /// What is known of a resource that waypoints carry out.
    func conditions(of kind: ResourceKind, _ spec: ConfigValue, _ resource: DeclaredResource) -> [ResourceCondition] {
        switch kind {
        case .httpRoute, .grpcRoute, .tcpRoute, .tlsRoute:
            RouteStatus(resource, spec, mesh: self.l7Mesh, bound: self.l7.waypoints).conditions
        case .virtualService:
            RouteStatus(resource, spec, mesh: self.l7Mesh, bound: self.l7.waypoints).virtualServiceConditions
        case .destinationRule:
            RouteStatus(resource, spec, mesh: self.l7Mesh, bound: self.l7.waypoints).destinationRuleConditions
        case .requestAuthentication, .telemetry, .payloadPolicy, .rateLimitPolicy, .healthCheckPolicy,
            .backendTrafficPolicy:
            self.policyConditions(spec, resource)
        case .backendTLSPolicy: self.policyConditions(spec, resource) + self.tlsConditions(spec, resource)
        default: []
        }
    }

    /// The Gateway API's Accepted and ResolvedRefs of a BackendTLSPolicy.
    private func tlsConditions(_ spec: ConfigValue, _ resource: DeclaredResource) -> [ResourceCondition] {
        let policy = BackendTLS(resource, spec, self.l7Mesh)
        let fault = policy.fault
        let resolved = ResourceCondition(
            .resolvedRefs,
            fault == nil,
            reason: fault?.reason ?? "ResolvedRefs",
            message: fault?.message ?? "its roots are there"
        )
        if let rival = policy.rival {
            let message = "the older \(rival) has all that it names"
            return [ResourceCondition(.accepted, false, reason: "Conflicted", message: message), resolved]
        }
        let accepted = ResourceCondition(
            .accepted,
            fault == nil,
            reason: fault == nil ? "Accepted" : "NoValidCACertificate",
            message: fault?.message ?? "it counts"
        )
        return [accepted, resolved]
    }

    private func policyConditions(_ spec: ConfigValue, _ resource: DeclaredResource) -> [ResourceCondition] {
        let references = spec["targetRef"].map { [$0] } ?? spec.list("targetRefs")
        guard !references.isEmpty else { return [] }
        let targets = references.map { reference in
            Declared.TargetReference(
                group: reference.text("group") ?? "",
                kind: reference.text("kind") ?? "",
                name: reference.text("name") ?? ""
            )
        }
        var conditions = [self.targetCondition(of: targets, resource)]
        let missing = spec.list("jwtRules").compactMap { KeySource(rule: $0) }.filter { self.l7.keySets[$0] == nil }
        if !missing.isEmpty {
            let names = missing.prefix(5).map(\.description).joined(separator: ", ")
            let message = "no keys could be fetched from \(names): tokens are refused until they are"
            conditions.append(ResourceCondition(.resolvedRefs, false, reason: "KeysNotFetched", message: message))
        } else if !spec.list("jwtRules").isEmpty {
            conditions.append(
                ResourceCondition(.resolvedRefs, true, reason: "ResolvedRefs", message: "all keys are there")
            )
        }
        return conditions
    }
}

/// What became of one route.
struct RouteStatus {
    private struct Fault {
        var reason: String
        var message: String
    }

    private let resource: DeclaredResource
    private let spec: ConfigValue
    private let mesh: L7Mesh
    private let bound: [NamespacedHostname: Set<ResourceKey>]

    init(
        _ resource: DeclaredResource,
        _ spec: ConfigValue,
        mesh: L7Mesh,
        bound: [NamespacedHostname: Set<ResourceKey>]
    ) {
        self.resource = resource
        self.spec = spec
        self.mesh = mesh
        self.bound = bound
    }

    private var namespace: String { self.resource.metadata.namespace }

    // MARK: The Gateway API

    /// The Gateway API's Accepted and ResolvedRefs, and Programmed where no waypoint carries it out.
    var conditions: [ResourceCondition] {
        let parents = self.spec.list("parentRefs")
        var services: [ResolvedService] = []
        var faults: [Fault] = []
        for parent in parents {
            switch self.parent(parent) {
            case .success(let found): services += found
            case .failure(let fault): faults.append(fault.fault)
            }
        }
        var conditions = [
            Self.condition(.accepted, faults, of: parents.count, "Accepted", "attached to what it names")
        ]
        let backends = L7References.backends(of: self.spec)
        let unresolved = backends.compactMap { backend -> Fault? in
            guard case .invalid(let reason, let text) = BackendResolution(backend, of: self.resource, in: self.mesh)
            else { return nil }
            return Fault(reason: reason, message: text)
        }
        conditions.append(
            Self.condition(.resolvedRefs, unresolved, of: 1, "ResolvedRefs", "all backends are there")
        )
        if let pending = self.pending(services) { conditions.append(pending) }
        return conditions
    }

    private struct Rejected: Error {
        var fault: Fault
    }

    private func parent(_ parent: ConfigValue) -> Result<[ResolvedService], Rejected> {
        let owner = parent.text("namespace") ?? self.namespace
        let label = "\(parent.text("kind") ?? "Gateway") \(owner)/\(parent.text("name") ?? "")"
        func refuse(_ reason: String, _ text: String) -> Result<[ResolvedService], Rejected> {
            .failure(Rejected(fault: Fault(reason: reason, message: "\(label) \(text)")))
        }
        let reference = L7References.object(parent, in: owner)
        if case .gateway = reference {
            return refuse("NoMatchingParent", "takes no routes of its own: name a Service or a ServiceEntry")
        }
        if owner != self.namespace {
            return refuse("NoMatchingParent", "is of another namespace: routes count in that of the service")
        }
        if parent["sectionName"] != nil { return refuse("NoMatchingParent", "has no sections: name a port") }
        let services = self.mesh.services(reference)
        guard !services.isEmpty else { return refuse("NoMatchingParent", "is not there") }
        if let port = parent.port("port") {
            guard services.contains(where: { $0.claim.ports.contains { $0.port == port } }) else {
                return refuse("NoMatchingParent", "has no port \(port)")
            }
        }
        if let other = self.conflict(services, port: parent.port("port")) {
            return refuse("Conflicted", "has the older \(other): of HTTPRoute and GRPCRoute one kind counts")
        }
        return .success(services)
    }

    /// The older route of the other kind that stands in the way; nil for none.
    private func conflict(_ services: [ResolvedService], port: UInt16?) -> ResourceKey? {
        let kind = self.resource.key.kind
        guard kind == .httpRoute || kind == .grpcRoute else { return nil }
        let other: ResourceKind = kind == .httpRoute ? .grpcRoute : .httpRoute
        let references = services.flatMap { self.mesh.references(to: $0.claim) }
        let rivals = self.mesh.resources(other, attachedTo: references).filter { rival in
            guard case .route(_, let spec) = rival.spec else { return false }
            return rival.metadata.namespace == self.namespace && rival.isOlder(than: self.resource)
                && spec.list("parentRefs").contains { port == nil || ($0.port("port") ?? port) == port }
        }
        return rivals.first?.key
    }

    /// Says where no waypoint stands in front of the services; nil where one does.
    private func pending(_ services: [ResolvedService]) -> ResourceCondition? {
        let free = services.filter { self.bound[$0.claim.key] == nil }
        guard !free.isEmpty else { return nil }
        let names = free.prefix(5).map(\.claim.key.description).joined(separator: ", ")
        let message = "no waypoint stands in front of \(names), and only waypoints carry out routes"
        return ResourceCondition(.programmed, false, reason: "NoWaypoint", message: message)
    }

    // MARK: Istio's kinds

    /// The same for a VirtualService, by its hosts and destinations.
    var virtualServiceConditions: [ResourceCondition] {
        let names = HostNames(namespace: self.namespace, meshDomain: self.mesh.settings.meshDomain)
        let hosts = self.spec.texts("hosts").map(names.full)
        let services = hosts.flatMap { self.mesh.services(.host($0)) }
        let unknown = hosts.filter { self.mesh.services(.host($0)).isEmpty }.map {
            Fault(reason: "HostNotFound", message: "\($0) is no service")
        }
        let destinations =
            self.spec.list("http").flatMap { route in
                route.list("route").compactMap { $0["destination"] } + [route["mirror"]].compactMap(\.self)
                    + route.list("mirrors").compactMap { $0["destination"] }
            }
            + (self.spec.list("tls") + self.spec.list("tcp")).flatMap { route in
                route.list("route").compactMap { $0["destination"] }
            }
        let unresolved = destinations.compactMap { destination -> Fault? in
            let host = names.full(destination.text("host") ?? "")
            guard self.mesh.service(host: host, from: self.namespace) == nil else { return nil }
            return Fault(reason: "DestinationNotFound", message: "\(host) is no service")
        }
        let accepted = Self.condition(.accepted, unknown, of: hosts.count, "Accepted", "its hosts are there")
        let resolved = Self.condition(.resolvedRefs, unresolved, of: 1, "ResolvedRefs", "its destinations are there")
        return [hosts.isEmpty ? nil : accepted, resolved, self.pending(services)].compactMap(\.self)
    }

    /// Whether a DestinationRule's host is a service.
    var destinationRuleConditions: [ResourceCondition] {
        let names = HostNames(namespace: self.namespace, meshDomain: self.mesh.settings.meshDomain)
        let host = names.full(self.spec.text("host") ?? "")
        let isKnown = !self.mesh.services(.host(host)).isEmpty
        let faults = isKnown ? [] : [Fault(reason: "HostNotFound", message: "\(host) is no service")]
        return [Self.condition(.accepted, faults, of: 1, "Accepted", "its host is there")]
    }

    private static func condition(
        _ kind: ResourceCondition.Kind,
        _ faults: [Fault],
        of all: Int,
        _ reason: String,
        _ message: String
    ) -> ResourceCondition {
        guard let first = faults.first else { return ResourceCondition(kind, true, reason: reason, message: message) }
        let more = faults.count > 5 ? " and \(faults.count - 5) more" : ""
        let text = faults.prefix(5).map(\.message).joined(separator: "; ") + more
        return ResourceCondition(
            kind,
            false,
            reason: faults.count < all ? "PartiallyInvalid" : first.reason,
            message: text
        )
    }
}

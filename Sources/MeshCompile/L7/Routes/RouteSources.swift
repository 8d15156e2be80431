import MeshConfig
import MeshModel

/// The resources that say where a service's requests go, in the order in which they count.
struct RouteSources {
    /// What counts as one.
    enum Source {
        /// Routes of the Gateway API, which are sorted together.
        case gateway([DeclaredResource])
        case virtualService(DeclaredResource, ConfigValue)

        var first: DeclaredResource? {
            switch self {
            case .gateway(let routes): routes.first
            case .virtualService(let resource, _): resource
            }
        }
    }

    let virtualServices: [DeclaredResource]
    private let routes: [DeclaredResource]

    /// Finds them: those of the service's own namespace, and VirtualServices of the mesh's root namespace.
    init(for service: ResolvedService, waypoint: String, mesh: L7Mesh) {
        let claim = service.claim
        let references = mesh.references(to: claim)
        self.routes = [ResourceKind.httpRoute, .grpcRoute, .tcpRoute, .tlsRoute].flatMap {
            mesh.resources($0, attachedTo: references)
        }.filter { $0.metadata.namespace == claim.key.namespace }.map {
            $0.attached(to: Set(references))
        }.sorted { $0.isOlder(than: $1) }
        let patterns = mesh.index.patterns.filter { HostNames.covers($0, claim.key.hostname) }
        let hosts = references + patterns.map { .host($0) }
        self.virtualServices = mesh.resources(.virtualService, attachedTo: hosts).filter { resource in
            let owner = resource.metadata.namespace
            guard case .route(_, let spec) = resource.spec, VirtualServiceRule.isForMesh(spec),
                owner == claim.key.namespace || owner == mesh.config.rootNamespace
            else { return false }
            return L7Mesh.isExported(spec, of: owner, to: waypoint)
                || L7Mesh.isExported(spec, of: owner, to: claim.key.namespace)
        }
    }

    // MARK: What counts on a port

    /// Routes of the Gateway API of one kind.
    func routes(_ kind: ResourceKind, port: UInt16) -> [DeclaredResource] {
        self.routes.filter { $0.key.kind == kind && $0.isFor(port: port) }
    }

    /// HTTPRoutes or GRPCRoutes: of both kinds at once only the one that was there first counts.
    private func requests(port: UInt16) -> [DeclaredResource] {
        let all = self.routes.filter {
            ($0.key.kind == .httpRoute || $0.key.kind == .grpcRoute) && $0.isFor(port: port)
        }
        return all.filter { $0.key.kind == all.first?.key.kind }
    }

    /// Whether gRPC routes alone are there.
    func isGRPCOnly(port: UInt16) -> Bool {
        self.requests(port: port).first?.key.kind == .grpcRoute && self.virtualServices.isEmpty
    }

    /// All for HTTP, the oldest first.
    func http(port: UInt16) -> [Source] {
        let requests = self.requests(port: port)
        var sources: [Source] = requests.isEmpty ? [] : [.gateway(requests)]
        for resource in self.virtualServices {
            if case .route(_, let spec) = resource.spec, !spec.list("http").isEmpty {
                sources.append(.virtualService(resource, spec))
            }
        }
        return sources.sorted { left, right in
            guard let left = left.first, let right = right.first else { return false }
            return left.isOlder(than: right)
        }
    }
}

extension DeclaredResource {
    /// The same route with those of its parents that are among some.
    fileprivate func attached(to references: Set<L7Reference>) -> DeclaredResource {
        guard case .route(let kind, .map(var fields)) = self.spec else { return self }
        let parents = (fields["parentRefs"]?.elements ?? []).filter {
            let owner = $0.text("namespace") ?? self.metadata.namespace
            return references.contains(L7References.object($0, in: owner)) && $0["sectionName"] == nil
        }
        fields["parentRefs"] = .list(parents)
        var route = self
        route.spec = .route(kind, .map(fields))
        return route
    }

    /// Whether one of its parents is a port, or all of them.
    fileprivate func isFor(port: UInt16) -> Bool {
        guard case .route(_, let spec) = self.spec else { return false }
        return spec.list("parentRefs").contains { ($0.port("port") ?? port) == port }
    }
}

import MeshConfig
import MeshModel
import MeshProtos

/// Compiles all that one waypoint does with one service.
struct ServiceCompilation {
    /// Bounds of one service's resource. What is beyond them is refused, not left out.
    enum Limits {
        /// Conditions of routes on one port.
        static let entries = 4096
        /// Destinations.
        static let clusters = 2048
        /// Policies of a kind.
        static let policies = 512
    }

    let mesh: L7Mesh
    let service: ResolvedService
    let waypoint: ResourceKey
    let destinations: ClusterCompilation
    private var clusters: [String: TulleL7.Cluster] = [:]

    init(_ service: ResolvedService, waypoint: ResourceKey, mesh: L7Mesh) {
        self.mesh = mesh
        self.service = service
        self.waypoint = waypoint
        self.destinations = ClusterCompilation(mesh: mesh, waypoint: waypoint.namespace)
    }

    var claim: ServiceClaim { self.service.claim }

    /// The resource's content. There is always one, so that a waypoint can tell a service without routes from one that it
    /// was not told of.
    mutating func compile() -> TulleL7.ServiceRoutes {
        var routes = TulleL7.ServiceRoutes()
        routes.namespace = self.claim.key.namespace
        routes.hostname = self.claim.key.hostname
        let sources = RouteSources(for: self.service, waypoint: self.waypoint.namespace, mesh: self.mesh)
        for port in self.claim.ports {
            _ = self.cluster(self.service, port: port, subset: "")
            var part = TulleL7.PortRoutes()
            part.port = UInt32(port.port)
            switch port.appProtocol {
            case .http11, .http2, .grpc: self.addHTTP(sources, port, to: &part)
            case .tcp: self.addStreams(sources, port, to: &part)
            case .tls, .unknown:
                if port.appProtocol == .unknown { self.addHTTP(sources, port, to: &part) }
                self.addServerNames(sources, port, to: &part)
                self.addStreams(sources, port, to: &part)
            }
            let isEmpty = part.entries.isEmpty && part.tls.isEmpty && part.tcp.isEmpty && !part.grpcOnly
            if !isEmpty { routes.ports.append(part) }
        }
        let attachments = PolicyAttachments(mesh: self.mesh, waypoint: self.waypoint, claim: self.claim)
        routes.security = attachments.security
        routes.telemetry = attachments.telemetry
        routes.rateLimits = Array(attachments.rateLimits.prefix(Limits.policies))
        routes.clusters = self.clusters.values.sorted { $0.name < $1.name }
        return routes
    }

    // MARK: Destinations

    /// The name of a destination, which is added where it is not there yet.
    mutating func cluster(_ service: ResolvedService, port: ServicePort, subset: String) -> String {
        let name = ClusterCompilation.name(port: port.port, subset: subset, hostname: service.claim.key.hostname)
        if self.clusters[name] == nil, self.clusters.count < Limits.clusters {
            self.clusters[name] = self.destinations.cluster(service, port: port, subset: subset)
        }
        return name
    }

    /// The name of a destination that is not there.
    mutating func missingCluster(host: String, port: UInt16, subset: String) -> String {
        let name = ClusterCompilation.name(port: port, subset: subset, hostname: host)
        if self.clusters[name] == nil, self.clusters.count < Limits.clusters {
            self.clusters[name] = ClusterCompilation.missing(
                port: port,
                subset: subset,
                hostname: host,
                namespace: self.claim.key.namespace
            )
        }
        return name
    }

    /// The destination that Istio's kinds name; one that is not there gets its requests refused.
    mutating func cluster(_ destination: ConfigValue, of owner: DeclaredResource, port: ServicePort) -> String {
        let names = HostNames(namespace: owner.metadata.namespace, meshDomain: self.mesh.settings.meshDomain)
        let host = names.full(destination.text("host") ?? "")
        let subset = destination.text("subset") ?? ""
        let asked = destination["port"]?.port("number")
        guard let service = self.mesh.service(host: host, from: owner.metadata.namespace) else {
            return self.missingCluster(host: host, port: asked ?? port.port, subset: subset)
        }
        let ports = service.claim.ports
        // Without a port it is the only one, else the one that was called.
        let number = asked ?? (ports.count == 1 ? ports.first?.port : nil) ?? port.port
        guard let found = ports.first(where: { $0.port == number }) else {
            return self.missingCluster(host: service.claim.key.hostname, port: number, subset: subset)
        }
        return self.cluster(service, port: found, subset: subset)
    }

    // MARK: HTTP

    private mutating func addHTTP(_ sources: RouteSources, _ port: ServicePort, to part: inout TulleL7.PortRoutes) {
        var table = RouteTable()
        part.grpcOnly = sources.isGRPCOnly(port: port.port)
        for source in sources.http(port: port.port) {
            switch source {
            case .gateway(let routes): self.add(routes, port, to: &table)
            case .virtualService(let resource, let spec): self.add(resource, spec, port, to: &table)
            }
            // What follows a rule for everything is never reached.
            if table.isClosed { break }
        }
        if table.entries.count > Limits.entries {
            table.cut(to: Limits.entries, reason: "\(self.claim.key) has more than \(Limits.entries) conditions")
        }
        part.entries = table.entries
        part.actions = table.actions
    }
}

/// Entries and actions of one port while they are put together.
struct RouteTable {
    private(set) var entries: [TulleL7.RouteEntry] = []
    private(set) var actions: [TulleL7.RouteAction] = []
    /// Whether an entry without conditions is there.
    private(set) var isClosed = false

    /// Adds an action; returns its place.
    mutating func add(_ action: TulleL7.RouteAction) -> UInt32 {
        self.actions.append(action)
        return UInt32(clamping: self.actions.count - 1)
    }

    /// Adds conditions for an action.
    mutating func add(_ match: TulleL7.RouteMatch, action: UInt32) {
        self.entries.append(
            TulleL7.RouteEntry.with {
                $0.match = match == TulleL7.RouteMatch() ? nil : match
                $0.action = action
            }
        )
        if match.isAlways { self.isClosed = true }
    }

    /// Keeps so many entries, the last of which refuses what is not among the others.
    mutating func cut(to count: Int, reason: String) {
        self.entries.removeLast(max(0, self.entries.count - max(0, count - 1)))
        let action = self.add(
            TulleL7.RouteAction.with {
                $0.name = "too-many-routes"
                $0.failure = TulleL7.Failure.with {
                    $0.status = 500
                    $0.reason = reason
                }
            }
        )
        self.add(TulleL7.RouteMatch(), action: action)
    }
}

extension TulleL7.RouteMatch {
    /// Whether every request meets it.
    var isAlways: Bool {
        var rest = self
        let isRoot = rest.path.map { $0.value == "/" && ($0.kind == .segmentPrefix || $0.kind == .stringPrefix) }
        if isRoot ?? true { rest.path = nil }
        return rest == TulleL7.RouteMatch()
    }
}

import DataPlane
import HTTPRouting
import MeshModel
import MeshProtos
import MeshTelemetry
import TunnelEngine

/// A destination: how its endpoints are found, chosen and spoken to.
final class ClusterPlan: Sendable {
    /// `outbound|<port>|<subset>|<hostname>`.
    let name: String
    /// The service.
    let key: NamespacedHostname
    /// The service's port.
    let port: UInt16
    /// Endpoints, limits and failures; lives longer than this plan.
    let state: ClusterState
    /// Where its endpoints come from.
    let source: EndpointSource
    /// What is spoken.
    let speech: TulleL7.Cluster.UpstreamProtocol
    /// Whether there is no such destination.
    let isMissing: Bool
    /// TLS with the applications; nil for none. Where it can't be begun nothing is sent in the clear in its place.
    let security: UpstreamSecurity?
    /// What a consistent choice depends on; nil where the choice is free.
    let hashPolicy: HashPolicy?
    /// Keeps clients on their endpoints where the route does not say how; nil for neither.
    let session: TulleL7.SessionPersistence?
    let connectMilliseconds: UInt64
    let idleMilliseconds: UInt64
    let maximumMilliseconds: UInt64
    /// Requests on one connection; 0 for any number.
    let requestsPerConnection: UInt32
    /// The service for telemetry.
    let labels: ServiceLabels
    /// Whether it is all of the service's endpoints.
    let isWholeService: Bool
    private let proxyProtocol: UInt32
    private let usesUnready: Bool
    let upstreamLimits: HTTPLimits

    init(_ cluster: TulleL7.Cluster, state: ClusterState, security: UpstreamSecurity? = nil) {
        self.name = cluster.name
        self.key = NamespacedHostname(namespace: cluster.namespace, hostname: cluster.hostname)
        self.port = UInt16(clamping: cluster.port)
        self.state = state
        self.source = EndpointSource(cluster)
        self.speech = cluster.protocol
        self.isMissing = cluster.missing
        self.security = security
        self.hashPolicy = HashPolicy(cluster.loadBalancer)
        self.session = cluster.session
        let pool = cluster.pool ?? TulleL7.ConnectionPool()
        self.connectMilliseconds = UInt64(
            pool.connectTimeoutMilliseconds == 0 ? 10_000 : pool.connectTimeoutMilliseconds
        )
        self.idleMilliseconds = UInt64(pool.idleTimeoutMilliseconds == 0 ? 3_600_000 : pool.idleTimeoutMilliseconds)
        self.maximumMilliseconds = UInt64(pool.maxConnectionMilliseconds)
        self.requestsPerConnection = pool.maxRequestsPerConnection
        self.proxyProtocol = cluster.proxyProtocol
        self.isWholeService = cluster.subset.isEmpty
        self.usesUnready = cluster.usesUnready
        let short = cluster.hostname.prefix { $0 != "." }
        self.labels = ServiceLabels(host: cluster.hostname, name: String(short), namespace: cluster.namespace)
        var limits = HTTPLimits()
        if pool.maxStreams > 0 { limits.concurrentStreams = Int(pool.maxStreams) }
        limits.idleMilliseconds = self.idleMilliseconds
        self.upstreamLimits = limits
    }

    /// One workload, at the port that a client asked for.
    convenience init(direct workload: Workload, port: UInt16, now: UInt64) {
        let cluster = TulleL7.Cluster.with { cluster in
            cluster.name = "direct|\(port)||\(workload.uid)"
            cluster.namespace = workload.namespace
            cluster.port = UInt32(port)
            cluster.protocol = .client
        }
        let state = ClusterState(cluster, place: ClientPlace(), seed: 0)
        if let ip = workload.addresses.first {
            let address = SocketAddress(ip: ip, port: port)
            state.update(endpoints: [EndpointFacts(id: workload.uid, address: address)], now: now)
        }
        self.init(cluster, state: state)
    }

    /// The service as the mesh has it now.
    func service(in plan: WaypointPlan) -> Service? { plan.mesh.service(self.key) }

    /// The endpoints that discovery knows.
    func endpoints(in mesh: MeshSnapshot) -> [EndpointFacts] {
        guard let service = mesh.service(self.key), let port = service.declaredPort(self.port) else { return [] }
        return mesh.targets(of: service, port: port).compactMap { target -> EndpointFacts? in
            let workload = target.workload
            // Names are asked for when the connection is made.
            let ip = workload.addresses.first(where: { service.families.allows($0) }) ?? workload.addresses.first
            guard ip != nil || !workload.hostname.isEmpty else { return nil }
            return EndpointFacts(
                id: workload.uid,
                address: SocketAddress(ip: ip ?? EndpointFacts.mark(workload.uid), port: target.port),
                weight: workload.capacity,
                locality: workload.locality,
                labels: workload.labels,
                network: workload.network,
                node: workload.node,
                isHealthy: workload.isHealthy || self.usesUnready || service.loadBalancing.allowsUnhealthy
            )
        }
    }

    /// How a chosen endpoint is reached; nil when it is gone.
    func target(of endpoint: EndpointHandle, in plan: WaypointPlan) -> EndpointTarget? {
        plan.mesh.workload(uid: endpoint.id).map { EndpointTarget(workload: $0, port: endpoint.address.port) }
    }

    /// Which version of HTTP is spoken for a client's request.
    func version(for downstream: HTTPVersion, isGRPC: Bool, isUpgrade: Bool) -> HTTPVersion {
        switch self.speech {
        case .http2: .http2
        case .client: downstream == .http2 ? .http2 : .http11
        default: isGRPC && !isUpgrade ? .http2 : .http11
        }
    }

    /// What a PROXY header is to say of a client's connection; nil where none is sent.
    func proxied(_ facts: ConnectionFacts) -> ProxyHeader? {
        self.proxyProtocol == 0 ? nil : ProxyHeader(source: facts.source, destination: facts.destination)
    }

    /// What precedes a connection's bytes.
    /// - Parameter header: what is said; nil for a connection that is nobody's but ours.
    func preface(naming header: ProxyHeader?) -> [UInt8] {
        switch self.proxyProtocol {
        case 1: header?.text ?? ProxyHeader.unknownText
        case 2: header?.bytes ?? ProxyHeader.localBytes
        default: []
        }
    }
}

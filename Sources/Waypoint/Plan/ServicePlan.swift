import BoringTLS
import HTTPRouting
import MeshModel
import MeshProtos
import MeshTelemetry
import TunnelEngine

/// What decides for one service that is bound to us: routes, destinations, policies, telemetry, all of one moment.
final class ServicePlan: Sendable {
    /// The destinations, by their places in the resource.
    let clusters: [ClusterPlan]
    /// Judges requests.
    let requests: AuthorizationEngine
    /// Judges connections whose bytes nobody reads.
    let streams: AuthorizationEngine
    /// Checks tokens; nil without rules.
    let tokens: TokenEngine<TokenCryptography>?
    /// Inspects bodies; nil without policies.
    let payloads: PayloadEngine?
    /// Logs, metrics and traces.
    let telemetry: RequestTelemetry
    /// How often what goes on is counted; 0 as often as the loop looks.
    let reportingMilliseconds: UInt64
    /// The bounds of clients' HTTP connections.
    let downstreamLimits: HTTPLimits
    /// What could not be carried out as it was written, for the log and the admin page.
    let faults: [String]
    private let tables: [UInt16: RouteTable]
    private let limits: [RateLimiter]
    private let sessionKeys: [[UInt8]]

    private init(
        clusters: [ClusterPlan],
        tables: [UInt16: RouteTable],
        security: TulleL7.Security,
        telemetry: RequestTelemetry,
        reportingMilliseconds: UInt32 = 0,
        limits: [RateLimiter],
        sessionKeys: [[UInt8]] = [],
        settings: PlanSettings,
        faults: [String]
    ) {
        self.sessionKeys = sessionKeys
        self.reportingMilliseconds = UInt64(reportingMilliseconds)
        self.clusters = clusters
        self.tables = tables
        self.requests = AuthorizationEngine(security.policies, settings: settings.authorization, kind: .requests)
        self.streams = AuthorizationEngine(security.policies, settings: settings.authorization, kind: .streams)
        self.tokens = security.tokens.isEmpty ? nil : TokenEngine(security.tokens, verifier: TokenCryptography())
        self.payloads = security.payloads.isEmpty ? nil : PayloadEngine(security.payloads)
        self.telemetry = telemetry
        self.limits = limits
        var limits = HTTPLimits()
        limits.allowsHTTP10 = settings.allowsHTTP10
        self.downstreamLimits = limits
        self.faults =
            faults + (self.payloads?.faults ?? []).map { "\($0)" } + self.requests.faults.map { "\($0)" }
            + (self.tokens?.faults ?? []).map { "\($0)" }
            + tables.values.flatMap { table in table.faults.map { "port \(table.port), entry \($0.entry): \($0.fault)" }
            }
    }

    /// A service.
    convenience init(
        _ resource: TulleL7.ServiceRoutes,
        clusters: [ClusterPlan],
        settings: PlanSettings,
        reporting: ReportingPlan,
        keeping previous: ServicePlan? = nil
    ) {
        var places: [String: Int] = [:]
        for (place, cluster) in clusters.enumerated() { places[cluster.name] = place }
        var tables: [UInt16: RouteTable] = [:]
        for port in resource.ports {
            guard let number = UInt16(exactly: port.port) else { continue }
            tables[number] = RouteTable(port, clusters: places)
        }
        for cluster in resource.clusters
        where cluster.hostname == resource.hostname && cluster.namespace == resource.namespace && cluster.subset.isEmpty
        {
            guard let number = UInt16(exactly: cluster.port), tables[number] == nil else { continue }
            tables[number] = RouteTable(Self.unrouted(cluster), clusters: places)
        }
        let (telemetry, fault) = reporting.telemetry(resource.telemetry)
        var faults = fault.map { [$0] } ?? []
        let limits = resource.rateLimits.map { limit in
            // Buckets that are half empty stay so when something else changes.
            previous?.limits.first { $0.limit == limit } ?? RateLimiter(limit)
        }
        faults += limits.compactMap { $0.fault.map { "\($0)" } }
        let asksForSessions =
            resource.clusters.contains { $0.session != nil }
            || resource.ports.contains { $0.actions.contains { $0.session != nil } }
        if asksForSessions, resource.sessionKeys.isEmpty {
            faults.append("sessions are not kept: no key for them came")
        }
        self.init(
            clusters: clusters,
            tables: tables,
            security: resource.security ?? TulleL7.Security(),
            telemetry: telemetry,
            reportingMilliseconds: resource.telemetry?.reportingIntervalMilliseconds ?? 0,
            limits: limits,
            sessionKeys: resource.sessionKeys.filter { $0.count >= Self.keyBytes },
            settings: settings,
            faults: faults
        )
    }

    /// Bytes of a key for sessions at least.
    private static let keyBytes = 32

    /// What keeps clients on their endpoints; nil where no key came, as whoever has none can't tell sessions from forged
    /// ones.
    /// - Parameter scope: what sessions are for: a route's or a destination's name.
    func sessionKeeper(_ settings: TulleL7.SessionPersistence, scope: String) -> SessionKeeper? {
        let hmacs = self.sessionKeys.map { key in
            { @Sendable (message: [UInt8]) in SHA256.authenticationCode(message, key: key) }
        }
        return hmacs.first.map { SessionKeeper(settings, scope: scope, hmac: $0, older: Array(hmacs.dropFirst())) }
    }

    /// What decides for workloads, which have no routes.
    convenience init(workloads: TulleL7.WaypointSettings, settings: PlanSettings, reporting: ReportingPlan) {
        let (telemetry, fault) = reporting.telemetry(workloads.workloadTelemetry)
        self.init(
            clusters: [],
            tables: [:],
            security: workloads.workloadSecurity ?? TulleL7.Security(),
            telemetry: telemetry,
            reportingMilliseconds: workloads.workloadTelemetry?.reportingIntervalMilliseconds ?? 0,
            limits: [],
            settings: settings,
            faults: fault.map { [$0] } ?? []
        )
    }

    /// Lets nobody in.
    static func closed(_ settings: PlanSettings) -> ServicePlan {
        var policy = TulleL7.AuthorizationPolicy()
        policy.name = "closed"
        policy.action = .allow
        var security = TulleL7.Security()
        security.policies = [policy]
        return ServicePlan(
            clusters: [],
            tables: [:],
            security: security,
            telemetry: .standard,
            limits: [],
            settings: settings,
            faults: []
        )
    }

    /// The one route of a port that nobody routed: to the service itself.
    private static func unrouted(_ cluster: TulleL7.Cluster) -> TulleL7.PortRoutes {
        .with { routes in
            routes.port = cluster.port
            routes.entries = [TulleL7.RouteEntry()]
            routes.actions = [
                .with { action in
                    action.name = "default"
                    action.operation = "\(cluster.hostname):\(cluster.port)/*"
                    action.forward = .with { forward in
                        forward.clusters = [
                            .with {
                                $0.cluster = cluster.name
                                $0.weight = 1
                            }
                        ]
                    }
                }
            ]
        }
    }

    /// The routes of a port; nil where the resource has neither routes nor a destination for it.
    func table(_ port: UInt16) -> RouteTable? { self.tables[port] }

    /// Whether requests of a port are judged by what only HTTP can say and no policy for connections stands in for.
    func judgesContent(_ port: UInt16) -> Bool {
        self.payloads?.isEnforced == true || self.tables[port]?.asksAuthorizers == true
    }

    /// The destination at a place of the resource.
    func cluster(_ place: Int) -> ClusterPlan? { self.clusters.indices.contains(place) ? self.clusters[place] : nil }

    /// The answer of the rate limits; nil where the request may pass.
    func limitRate(_ view: RequestView, now: UInt64) -> LocalReply? {
        for limit in self.limits {
            if let refusal = limit.refusal(of: view, now: now) { return refusal.reply }
        }
        return nil
    }
}

package import DataPlane
package import MeshModel
package import MeshTelemetry

/// A waypoint's settings, from environment variables (`docs/waypoint-settings.md`).
package struct Configuration: Sendable {
    /// `BOOTSTRAP_TOKEN`: the token, or a path to it.
    package var bootstrapToken: String
    /// `WORKER_THREADS`: event loops of the data plane.
    package var workers = WorkerThreads()
    /// `TULLE_LISTEN_ADDRESS`: binds everything to one address; nil for all.
    package var listenAddress: IPAddress?
    /// `IPV6_ENABLED`.
    package var isIPv6Enabled = true
    /// `ADMIN_PORT`, on loopback.
    package var adminPort = MeshPorts.admin
    /// `METRICS_PORT`.
    package var metricsPort = MeshPorts.metrics
    /// `READINESS_PORT`.
    package var readinessPort = MeshPorts.readiness
    /// `LOG_FORMAT`.
    package var logFormat = LogFormat.plain
    /// `LOG_LEVEL`.
    package var logFilter = LogFilter()
    /// `TERMINATION_DRAIN_DURATION`, in milliseconds: how long connections may go on after SIGTERM; nil leaves it to the
    /// mesh's configuration, and to ``defaultDrainMilliseconds`` where that says nothing.
    package var drainMilliseconds: UInt64?
    /// How long connections may go on after SIGTERM where nobody says.
    package static let defaultDrainMilliseconds: UInt64 = 20_000
    /// `INSTANCE_IP`.
    package var instanceAddress: IPAddress?
    /// `NETWORK`, in place of the token's.
    package var network: String?
    /// `CERTIFICATE_TTL`, in seconds.
    package var certificateLifetime: Int64 = 86_400
    /// `TULLE_IDENTITY_FILE`: where a machine that joined by a token keeps key and certificate; nil for nowhere.
    package var joinedIdentityPath: String? = "/var/lib/tulle/waypoint-identity.json"
    /// `OTEL_…`: where spans go without a word of the control plane.
    package var tracing: OTLPSettings?
    /// `OTEL_…`: where metrics are sent, besides being scraped.
    package var metricExport: OTLPSettings?
    /// `OTEL_…`: where the lines of all access logs are sent, besides being written.
    package var accessExport: OTLPSettings?
    /// `SSL_CERT_FILE`: the roots that the system trusts, for TLS to applications.
    package var systemRoots = SystemRoots()
    /// Bounds.
    package var limits = WaypointLimits()

    /// Reads the variables.
    package init(environment: [String: String]) throws(ConfigurationErrors) {
        var environment = Environment(environment)
        self.bootstrapToken = environment.text("BOOTSTRAP_TOKEN") ?? ""
        if self.bootstrapToken.isEmpty {
            environment.reject(
                "BOOTSTRAP_TOKEN",
                value: "",
                allowed: "what `tulle bootstrap` prints, or the path of a file that holds it"
            )
        }
        if let choice = environment.value(
            "WORKER_THREADS",
            allowed: WorkerThreads.allowedChoice,
            { WorkerThreads.choice($0) }
        ) {
            self.workers.choice = choice
        }
        let ip = "an IP address"
        self.listenAddress = environment.value("TULLE_LISTEN_ADDRESS", allowed: ip) { IPAddress(parsing: $0) }
        self.instanceAddress = environment.value("INSTANCE_IP", allowed: ip) { IPAddress(parsing: $0) }
        self.isIPv6Enabled = environment.flag("IPV6_ENABLED", default: true)
        self.adminPort = environment.number("ADMIN_PORT", in: 1...65_535) ?? self.adminPort
        self.metricsPort = environment.number("METRICS_PORT", in: 1...65_535) ?? self.metricsPort
        self.readinessPort = environment.number("READINESS_PORT", in: 1...65_535) ?? self.readinessPort
        self.drainMilliseconds = environment.duration("TERMINATION_DRAIN_DURATION", in: 0...3_600_000)
        self.network = environment.value("NETWORK", allowed: ConfigurationText.allowedLabel) {
            ConfigurationText.label($0)
        }
        if let format = environment.value("LOG_FORMAT", allowed: "plain or json", { LogFormat(rawValue: $0) }) {
            self.logFormat = format
        }
        if let filter = environment.value("LOG_LEVEL", allowed: LogFilter.allowed, { try? LogFilter(parsing: $0) }) {
            self.logFilter = filter
        }
        if let seconds = environment.duration("CERTIFICATE_TTL", in: 60_000...7_776_000_000) {
            self.certificateLifetime = Int64(clamping: seconds / 1_000)
        }
        if let path = environment.raw("TULLE_IDENTITY_FILE") { self.joinedIdentityPath = path.isEmpty ? nil : path }
        self.systemRoots.path = environment.text("SSL_CERT_FILE")
        self.limits.connections = environment.number("MAX_CONNECTIONS", in: 1...1_000_000) ?? self.limits.connections
        self.limits.requests = environment.number("MAX_REQUESTS", in: 1...1_000_000) ?? self.limits.requests
        self.limits.connectionsPerIdentity =
            environment.number("MAX_CONNECTIONS_PER_IDENTITY", in: 1...1_000_000) ?? Self.share(self.limits.connections)
        self.limits.sessionsPerIdentity =
            environment.number("MAX_SESSIONS_PER_IDENTITY", in: 1...1_000_000) ?? self.limits.sessionsPerIdentity
        self.limits.requestsPerIdentity =
            environment.number("MAX_REQUESTS_PER_IDENTITY", in: 1...1_000_000) ?? Self.share(self.limits.requests)
        self.limits.streamIdleMilliseconds = environment.duration("STREAM_IDLE_TIMEOUT", in: 0...86_400_000) ?? 0
        self.tracing = OTLPSettings(&environment)
        self.metricExport = OTLPSettings(&environment, signal: .metrics)
        self.accessExport = OTLPSettings(&environment, signal: .logs)
        guard environment.errors.isEmpty else { throw ConfigurationErrors(all: environment.errors) }
    }

    /// Three quarters, one at least.
    private static func share(_ whole: Int) -> Int { whole - whole / 4 }
}

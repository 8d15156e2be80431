package import BoringTLS
package import DataPlane
package import MeshModel
package import MeshTelemetry
package import TunnelEngine

/// What all threads of a ztunnel share. Every part may be used from any thread.
package final class MeshContext: Sendable {
    /// The settings.
    package let configuration: Configuration
    /// What we know of the mesh.
    package let state: MeshState
    /// What must happen before we are ready.
    package let readiness = ReadinessGate()
    /// Which peers are revoked (`CRL_PATH`); asked in every handshake of the mesh.
    package let revocations = RevocationRegister()
    /// The metrics.
    package let registry = MetricsRegistry(stable: MetricsEndpoint.stableNames)
    /// The metrics of connections.
    package let connections: ConnectionMetrics
    /// The metrics of DNS.
    package let dns: DNSMetrics
    /// The metric of look-ups for endpoints that are known by name only.
    package let onDemandNames: OnDemandNameMetrics
    /// The metric of dials that were tried on another endpoint, by the first failure's code.
    package let outboundRetries: MetricFamily<Counter>
    /// Asks for what connections need; nil where the whole mesh is known.
    package let onDemand: OnDemandResources?
    /// What became of the local file of state.
    package let localState = LocalStateReport()
    /// The log of this program.
    package let log: Log
    /// What those who talk to the control plane need.
    package let control: ControlContext
    /// The access log.
    package let access: Log
    /// Takes the spans of connections; nil while nobody wants them.
    package let tracer: ConnectionTracer?
    /// Takes the access log's records for a collector; nil while nobody wants them.
    package let accessExport: ExportQueue<AccessLogRecord>?
    /// The listening sockets.
    package let listeners: ListenerBook

    /// Joins the parts.
    package init(
        configuration: Configuration,
        state: MeshState,
        log: Log,
        listeners: ListenerBook = ListenerBook(workers: 1)
    ) {
        self.listeners = listeners
        self.tracer = configuration.tracing.map {
            ConnectionTracer(sampler: $0.sampler, limits: configuration.limits.traces)
        }
        self.accessExport = configuration.accessExport.map { _ in ExportQueue() }
        self.configuration = configuration
        self.onDemand = configuration.isOnDemand ? OnDemandResources() : nil
        self.state = state
        self.log = log
        self.control = ControlContext(
            program: "ztunnel",
            log: log,
            registry: self.registry,
            address: configuration.listenAddress
        )
        self.access = log.scoped("access")
        self.connections = ConnectionMetrics(registry: self.registry, limits: configuration.limits.connections)
        self.dns = DNSMetrics(registry: self.registry)
        if configuration.isDNSEnabled { self.readiness.missing(.dns) }
        self.onDemandNames = OnDemandNameMetrics(registry: self.registry)
        self.outboundRetries = self.registry.counters(
            "tulle_outbound_retries_total",
            help: "Dials that failed and were tried on another endpoint.",
            labels: ["reason"]
        )
    }

    /// What TLS may agree on (`TLS12_ENABLED`, `COMPLIANCE_POLICY`).
    package var tlsPolicy: TLSPolicy {
        TLSPolicy(
            allowsTLS12: self.configuration.isTLS12Enabled,
            isPostQuantumOnly: self.configuration.compliance == .pqc
        )
    }

    /// Seconds since 1970.
    package var now: Int64 { self.control.now }

    /// The address to connect from; nil lets the kernel choose.
    func bindAddress(toReach destination: IPAddress) -> SocketAddress? {
        self.control.bindAddress(toReach: destination)
    }

    /// TCP keep-alive for the engine.
    package var keepAlive: Socket.KeepAlive? {
        self.configuration.keepAlive.map { configured in
            var keepAlive = Socket.KeepAlive()
            keepAlive.idleSeconds = configured.idleSeconds
            keepAlive.intervalSeconds = configured.intervalSeconds
            keepAlive.probes = configured.probes
            keepAlive.userTimeoutMilliseconds = self.configuration.userTimeout
            return keepAlive
        }
    }

    /// Limits of links to and from other ztunnels.
    package var linkLimits: LinkLimits {
        var limits = self.configuration.limits.link
        limits.keepAlive = self.keepAlive
        if let bytes = self.configuration.streamWindowBytes { limits.http2.streamWindow = bytes }
        if let bytes = self.configuration.connectionWindowBytes { limits.http2.connectionWindow = bytes }
        if let bytes = self.configuration.frameBytes { limits.http2.maxFrameBytes = bytes }
        return limits
    }

    /// The address to bind for `port`.
    /// - Parameter isPrivate: whether only this task may connect.
    package func listenAddress(port: UInt16, isPrivate: Bool = false) -> SocketAddress {
        if let address = self.configuration.listenAddress, !isPrivate || address.isLoopback {
            return SocketAddress(ip: address, port: port)
        }
        if isPrivate { return SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: port) }
        let any = self.configuration.isIPv6Enabled ? IPAddress(v6High: 0, v6Low: 0) : IPAddress(v4: 0)
        return SocketAddress(ip: any, port: port)
    }
}

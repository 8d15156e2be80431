package import BoringTLS
package import DataPlane
package import MeshIdentity
package import MeshModel
package import MeshTelemetry
package import TunnelEngine

/// What all threads of a waypoint share. Every part may be used from any thread.
package final class WaypointContext: CertificateSubject {
    /// The settings.
    package let configuration: Configuration
    /// Who we are, and where the mesh's state knows us.
    package let local: LocalWorkload
    /// Our certificate; empty until one is issued.
    package let identities: IdentityStore
    /// Which peers are revoked.
    package let revocations = RevocationRegister()
    /// What must happen before we are ready.
    package let readiness = ReadinessGate()
    /// The metrics.
    package let registry: MetricsRegistry
    /// What talks to the control plane.
    package let control: ControlContext
    /// The log of this program.
    package let log: Log
    /// The access log of tunnels and opaque connections.
    package let access: Log

    /// The metrics of requests.
    package let requestMetrics: RequestMetrics
    /// What is counted beside them.
    let metrics: WaypointMetrics
    /// The metrics of destinations.
    let clusterMetrics: ClusterMetrics
    /// Where access logs and spans go.
    package let sinks: ReportSinks

    /// One process is one subject.
    package var key: String { "" }

    /// Joins the parts.
    ///
    /// - Parameter writeLine: takes the lines of requests' access logs for standard output.
    package init(
        configuration: Configuration,
        local: LocalWorkload,
        log: Log,
        writeLine: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.sinks = ReportSinks(
            exportsSpans: configuration.tracing != nil,
            exportsRecords: configuration.accessExport != nil,
            writeLine: writeLine
        )
        self.configuration = configuration
        self.local = local
        self.log = log
        self.access = log.scoped("access")
        self.registry = MetricsRegistry(stable: MetricsEndpoint.stableNames)
        self.requestMetrics = RequestMetrics(registry: self.registry)
        self.metrics = WaypointMetrics(registry: self.registry)
        self.clusterMetrics = ClusterMetrics(registry: self.registry)
        self.identities = IdentityStore(policy: Self.tlsPolicy, revocations: self.revocations)
        self.control = ControlContext(
            program: "waypoint",
            log: log,
            registry: self.registry,
            address: configuration.listenAddress
        )
    }

    /// The name under which collectors know us, unless the environment says another.
    var serviceName: String { Self.serviceName(of: self.local.identity) }

    /// `<gateway>.<namespace>`.
    static func serviceName(of identity: SPIFFEID) -> String { "\(identity.serviceAccount).\(identity.namespace)" }

    /// TLS 1.3 alone.
    package static var tlsPolicy: TLSPolicy { TLSPolicy(allowsTLS12: false, isPostQuantumOnly: false) }

    /// Seconds since 1970.
    package var now: Int64 { Timestamp.now().seconds }

    /// Monotonic milliseconds, as the loops count them.
    var milliseconds: UInt64 { WallClock.monotonicMilliseconds }

    /// TCP keep-alive for the engine.
    package var keepAlive: Socket.KeepAlive? { Socket.KeepAlive() }

    /// The address to connect from; nil lets the kernel choose.
    package func bindAddress(toReach destination: IPAddress) -> SocketAddress? {
        self.control.bindAddress(toReach: destination)
    }

    /// Whether there is a certificate, and it has expired: then nobody is served.
    package var isExpired: Bool { self.identities.latest.map { self.now >= $0.svid.notAfter } ?? false }

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

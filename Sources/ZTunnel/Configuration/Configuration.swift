package import DataPlane
package import MeshModel
package import MeshTelemetry

/// All settings of a ztunnel, each with a default.
///
/// Names follow Istio's ztunnel where the meaning is the same, so that existing knowledge carries over; the manual is
/// `docs/ztunnel-settings.md`. Times are milliseconds, sizes bytes.
package struct Configuration: Hashable, Sendable {
    // MARK: Whom it serves

    /// `PROXY_MODE`. Default dedicated with a bootstrap token or `PROXY_WORKLOAD_INFO`, else shared.
    package var mode = ProxyMode.dedicated
    /// `BOOTSTRAP_TOKEN`: the token, or the path of a file that holds it; nil joins as Istio's ztunnel does.
    package var bootstrapToken: String?
    /// `PROXY_WORKLOAD_INFO`: whom a dedicated ztunnel without token serves.
    package var workload: WorkloadInfo?
    /// `TRUST_DOMAIN`: the trust domain of identities without token; nil is `cluster.local`.
    package var trustDomain: String?
    /// `POD_NAME`: our own name in node metadata; nil takes the ECS task id.
    package var workloadName: String?
    /// `POD_NAMESPACE`: our own namespace.
    package var podNamespace: String?
    /// `SERVICE_ACCOUNT`: our own service account.
    package var serviceAccount: String?
    /// `INSTANCE_IP`: our own address; nil asks the ECS metadata endpoint.
    package var instanceAddress: IPAddress?
    /// `NODE_NAME`: the host, by which the workloads of this host are told from others; nil for none.
    package var nodeName: String?
    /// `NETWORK`: replaces the token's network; nil keeps it.
    package var network: String?
    /// `CLUSTER_ID`, or `ISTIO_META_CLUSTER_ID`, which wins: replaces the token's cluster; nil keeps it.
    package var cluster: String?
    /// `CLUSTER_DOMAIN`: replaces the token's domain of names; nil keeps it, or is `cluster.local`.
    package var clusterDomain: String?

    /// `AWS_LAMBDA_RUNTIME_API`, set by Lambda: run as an extension beside a function; nil elsewhere.
    package var lambda: LambdaEndpoint?

    // MARK: Control plane

    /// `XDS_ADDRESS`, or the mesh configuration's `discoveryAddress`.
    package var discovery = ServerAddress.token
    /// `CA_ADDRESS`.
    package var authority = ServerAddress.token
    /// `XDS_ROOT_CA`; nil takes the token's roots, or those at ``RootSource/standardPath``.
    package var discoveryRoots: RootSource?
    /// `CA_ROOT_CA`; nil as ``discoveryRoots``.
    package var authorityRoots: RootSource?
    /// `ALT_XDS_HOSTNAME`: a further name that the discovery server's certificate may have.
    package var discoveryHostname: String?
    /// `ALT_CA_HOSTNAME`: a further name that the authority's certificate may have.
    package var authorityHostname: String?
    /// `AUTH_TOKEN`; nil shows the file at ``BearerSource/standardPath`` where there is one.
    package var bearer: BearerSource?
    /// `XDS_HEADER_…`: headers for the discovery server only.
    package var discoveryHeaders: [MetadataEntry] = []
    /// `CA_HEADER_…`: headers for the authority only.
    package var authorityHeaders: [MetadataEntry] = []
    /// `XDS_ON_DEMAND`: ask for workloads and services only when a connection needs them.
    package var isOnDemand = false
    /// `LOCAL_XDS_PATH` or `LOCAL_XDS`: state without, or next to, a control plane.
    package var localState: LocalStateSource?
    /// `TULLE_CERT_FILE` and its two companions: an identity without an authority.
    package var identityFiles: IdentityFiles?
    /// `TULLE_IDENTITY_FILE`: where a machine that joined by a token keeps key and certificate; nil for nowhere.
    package var joinedIdentityPath: String? = "/var/lib/ztunnel/identity.json"
    /// `SECRET_TTL`: the validity to ask for. Default 24 h.
    package var certificateLifetime: UInt64 = 24 * 3_600_000
    /// `ISTIO_META_…` without its beginning, over the mesh configuration's `proxyMetadata`.
    package var proxyMetadata: [String: String] = [:]
    /// `ISTIO_METAJSON_…` without its beginning: metadata that are no texts.
    package var structuredMetadata: [String: JSONValue] = [:]

    // MARK: Listeners

    /// `ENABLE_PROXY`: carry connections. Default true.
    package var isProxyEnabled = true
    /// `ISTIO_META_DNS_CAPTURE`: run the DNS proxy. Default true.
    package var isDNSEnabled = true
    /// `ISTIO_META_DNS_PROXY_ADDR`: where the DNS proxy listens.
    package var dnsAddress = DNSListenAddress.standard
    /// `UNSTABLE_ENABLE_SOCKS5`: serve SOCKS 5 and HTTP CONNECT on the loopback. Default true, as it is one of the
    /// ways in which tasks are captured.
    package var isProxyPortEnabled = true
    /// `TULLE_LISTEN_ADDRESS`: binds all listeners to this address, and connects from it, where several tasks share
    /// one network namespace. Nil binds to all addresses, and to 127.0.0.1 what is for this task only.
    package var listenAddress: IPAddress?
    /// `IPV6_ENABLED`: listen on IPv6 too. Default true.
    package var isIPv6Enabled = true
    /// `proxyAdminPort` of the mesh configuration.
    package var adminPort = MeshPorts.admin
    /// `statsPort` of the mesh configuration.
    package var metricsPort = MeshPorts.metrics
    /// `INPOD_UDS`: the node agent's socket in mode shared.
    package var nodeAgentSocket = "/var/run/ztunnel/ztunnel.sock"
    /// `PACKET_MARK`: the mark of our own sockets; nil for none. Default 1337 in modes shared and daemon.
    package var packetMark: UInt32?
    /// `ENABLE_ORIG_SRC`: whether inbound connections keep the client's address.
    package var originalSource = OriginalSource.automatic
    /// `LOCALHOST_APP_TUNNEL`: connections that begin with a PROXY header go to the application's loopback. Default true.
    package var usesLoopbackForApplicationTunnel = true
    /// `PREFERED_SERVICE_NAMESPACE` (upstream's spelling): whose service wins where several have one name.
    package var preferredServiceNamespace: String?

    // MARK: Tunnels and TLS

    /// `POOL_MAX_STREAMS_PER_CONNECTION`. Default 100.
    package var poolStreams = 100
    /// `POOL_UNUSED_RELEASE_TIMEOUT`. Default 5 min.
    package var poolIdle: UInt64 = 300_000
    /// `HTTP2_STREAM_WINDOW_SIZE`; nil keeps the engine's default.
    package var streamWindowBytes: Int?
    /// `HTTP2_CONNECTION_WINDOW_SIZE`; nil keeps the engine's default.
    package var connectionWindowBytes: Int?
    /// `HTTP2_FRAME_SIZE`; nil keeps the engine's default.
    package var frameBytes: Int?
    /// `ENABLE_RESPONSE_BAGGAGE`: tell and read who the peers of a tunnel are, for telemetry. Default true.
    package var isBaggageEnabled = true
    /// `CRL_PATH`: a file of revocation lists; nil for none.
    package var revocationListPath: String?
    /// `TLS12_ENABLED`. Default false.
    package var isTLS12Enabled = false
    /// `COMPLIANCE_POLICY`; nil for none.
    package var compliance: CompliancePolicy?
    /// `KEEPALIVE_TIME`, `KEEPALIVE_INTERVAL`, `KEEPALIVE_RETRIES`; nil when `KEEPALIVE_ENABLED` is false.
    package var keepAlive: TCPKeepAlive? = TCPKeepAlive()
    /// `USER_TIMEOUT_ENABLED`: end connections whose bytes stay unacknowledged for ``userTimeout``. Default false.
    package var isUserTimeoutEnabled = false

    /// `TULLE_HALF_CLOSED_TIMEOUT`: how long a connection may be silent after one side has ended; 0 for ever. Default 1 h.
    package var halfClosedTimeout: UInt64 = 3_600_000

    // MARK: Process

    /// `CONNECTION_TERMINATION_DEADLINE`, or derived from `TERMINATION_GRACE_PERIOD_SECONDS`: how long open
    /// connections may take to end after SIGTERM. Default 5 s.
    package var drainDeadline: UInt64 = 5_000
    /// `TULLE_RESTART_SOCKET`: the path of the unix socket on which a new process of this program takes over; nil for none.
    package var restartSocket: String?
    /// `TULLE_RESTART_DRAIN`: how long connections may take to end after a new process took over. Default as
    /// ``drainDeadline``.
    package var restartDrain: UInt64?
    /// `ZTUNNEL_WORKER_THREADS` and the CPU limits: how many event loops carry connections.
    package var workers = WorkerThreads()
    /// `RUST_LOG`: which lines are logged, such as `info` or `info,access=debug`. Default info.
    package var logFilter = LogFilter()
    /// `OTEL_…`: where spans go; nil while no endpoint is named.
    package var tracing: OTLPSettings?
    /// `OTEL_METRICS_EXPORTER` and its kin: where metrics go, besides being served; nil for nowhere.
    package var metricExport: OTLPSettings?
    /// `OTEL_LOGS_EXPORTER` and its kin: where the access log goes, besides standard output; nil for nowhere.
    package var accessExport: OTLPSettings?
    /// `LOG_FORMAT`: `plain` or `json`. Default plain.
    package var logFormat: LogFormat = .plain
    /// Bounds that are no settings; a test may narrow them.
    package var limits = ZTunnelLimits()
    /// `AUTHZ_POLICY_INFO_LOGGING`: log which policy decided at info and not at debug. Default false.
    package var isPolicyLoggedAtInfo = false

    /// TCP keep-alive in seconds, with ztunnel's defaults.
    package struct TCPKeepAlive: Hashable, Sendable {
        /// Silence before the first probe.
        package var idleSeconds: Int32 = 180
        /// Time between probes.
        package var intervalSeconds: Int32 = 180
        /// Probes without answer after which the connection fails.
        package var probes: Int32 = 9
    }

    /// `TCP_USER_TIMEOUT` in milliseconds, as upstream derives it from keep-alive; nil when it is not enabled.
    package var userTimeout: UInt32? {
        guard self.isUserTimeoutEnabled else { return nil }
        let keepAlive = self.keepAlive ?? TCPKeepAlive()
        let seconds = Int64(keepAlive.idleSeconds) + Int64(keepAlive.probes) * Int64(keepAlive.intervalSeconds)
        return UInt32(clamping: seconds * 1_000)
    }
}

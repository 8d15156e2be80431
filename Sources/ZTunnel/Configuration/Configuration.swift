package import MeshModel
package import MeshTelemetry

/// All settings of a ztunnel in mode dedicated, each with a default that fits an ECS task.
///
/// Names follow Istio's ztunnel where the meaning is the same, so that existing knowledge carries over. Times are
/// milliseconds, sizes bytes.
package struct Configuration: Hashable, Sendable {
    /// `BOOTSTRAP_TOKEN`: the token, or the path of a file that holds it. Required.
    package var bootstrapToken: String
    /// `XDS_ADDRESS`: replaces the token's URL for discovery; nil keeps it.
    package var discoveryURL: String?
    /// `CA_ADDRESS`: replaces the token's URL for certificates; nil keeps it.
    package var certificateURL: String?
    /// `NETWORK`: replaces the token's network; nil keeps it.
    package var network: String?
    /// `CLUSTER_ID`, or `ISTIO_META_CLUSTER_ID`, which wins: replaces the token's cluster; nil keeps it.
    package var cluster: String?
    /// `POD_NAME`: the workload's name in node metadata; nil takes the ECS task id.
    package var workloadName: String?
    /// `INSTANCE_IP`: the workload's address; nil asks the ECS metadata endpoint.
    package var instanceAddress: IPAddress?
    /// `TULLE_LISTEN_ADDRESS`: binds all listeners to this address, and connects from it, where several tasks share
    /// one network namespace. Nil binds to all addresses, and to 127.0.0.1 what is for this task only.
    package var listenAddress: IPAddress?
    /// `IPV6_ENABLED`: listen on IPv6 too. Default true.
    package var isIPv6Enabled = true
    /// `SECRET_TTL`: the validity to ask for. Default 24 h.
    package var certificateLifetime: UInt64 = 24 * 3_600_000
    /// `POOL_MAX_STREAMS_PER_CONNECTION`. Default 100.
    package var poolStreams = 100
    /// `POOL_UNUSED_RELEASE_TIMEOUT`. Default 5 min.
    package var poolIdle: UInt64 = 300_000
    /// `HTTP2_STREAM_WINDOW_SIZE`; nil keeps the engine's default.
    package var streamWindowBytes: Int?
    /// `HTTP2_CONNECTION_WINDOW_SIZE`; nil keeps the engine's default.
    package var connectionWindowBytes: Int?
    /// `CONNECTION_TERMINATION_DEADLINE`, or derived from `TERMINATION_GRACE_PERIOD_SECONDS`: how long open
    /// connections may take to end after SIGTERM. Default 5 s.
    package var drainDeadline: UInt64 = 5_000
    /// `KEEPALIVE_TIME`, `KEEPALIVE_INTERVAL`, `KEEPALIVE_RETRIES`; nil when `KEEPALIVE_ENABLED` is false.
    package var keepAlive: TCPKeepAlive? = TCPKeepAlive()
    /// `ZTUNNEL_WORKER_THREADS`: how many event loops carry connections; a number, or a percentage of the CPUs.
    package var workers: Workers = .automatic
    /// `RUST_LOG`: the level. Default info.
    package var logLevel: LogLevel = .info
    /// `LOG_FORMAT`: `plain` or `json`. Default plain.
    package var logFormat: LogFormat = .plain
    /// `UNSTABLE_ENABLE_SOCKS5`: serve SOCKS 5 and HTTP CONNECT on the loopback. Default true, as it is one of the
    /// ways in which tasks are captured.
    package var isProxyPortEnabled = true

    /// TCP keep-alive in seconds, with ztunnel's defaults.
    package struct TCPKeepAlive: Hashable, Sendable {
        /// Silence before the first probe.
        package var idleSeconds: Int32 = 180
        /// Time between probes.
        package var intervalSeconds: Int32 = 180
        /// Probes without answer after which the connection fails.
        package var probes: Int32 = 9
    }

    /// How many event loops carry connections.
    package enum Workers: Hashable, Sendable {
        /// A quarter of the CPUs, at least 2 and at most as many as there are CPUs.
        case automatic
        /// As many as there are CPUs.
        case all
        /// This many.
        case count(Int)
        /// This share of the CPUs, 1 to 100.
        case percent(Int)

        /// The number for a machine with `processors` CPUs; at least 1 and at most 64.
        package func count(processors: Int) -> Int {
            let processors = min(max(processors, 1), 64)
            let wanted =
                switch self {
                case .automatic: min(max((processors + 3) / 4, 2), processors)
                case .all: processors
                case .count(let count): count
                case .percent(let percent): (processors * percent + 99) / 100
                }
            return min(max(wanted, 1), 64)
        }
    }
}

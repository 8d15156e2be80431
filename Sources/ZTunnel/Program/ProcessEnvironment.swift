import Glibc

/// The environment variables that mean something to a ztunnel.
package enum ProcessEnvironment {
    /// All names that are read; the environment as a whole is never listed or logged.
    static let names: [String] = [
        "BOOTSTRAP_TOKEN", "PROXY_MODE", "XDS_ADDRESS", "CA_ADDRESS", "NETWORK", "CLUSTER_ID", "ISTIO_META_CLUSTER_ID",
        "POD_NAME", "INSTANCE_IP", "TULLE_LISTEN_ADDRESS", "IPV6_ENABLED", "UNSTABLE_ENABLE_SOCKS5", "SECRET_TTL",
        "POOL_MAX_STREAMS_PER_CONNECTION", "POOL_UNUSED_RELEASE_TIMEOUT", "HTTP2_STREAM_WINDOW_SIZE",
        "HTTP2_CONNECTION_WINDOW_SIZE", "KEEPALIVE_ENABLED", "KEEPALIVE_TIME", "KEEPALIVE_INTERVAL",
        "KEEPALIVE_RETRIES", "TERMINATION_GRACE_PERIOD_SECONDS", "CONNECTION_TERMINATION_DEADLINE",
        "ZTUNNEL_WORKER_THREADS", "RUST_LOG", "LOG_FORMAT",
        // How AWS tells a container who it is.
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
        "ECS_CONTAINER_METADATA_URI_V4",
    ]

    /// The values of the names that are set.
    package static func read() -> [String: String] {
        var values: [String: String] = [:]
        for name in self.names {
            guard let value = getenv(name) else { continue }
            values[name] = String(cString: value)
        }
        return values
    }
}

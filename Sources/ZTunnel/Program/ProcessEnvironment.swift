import DataPlane

/// The environment variables that mean something to a ztunnel.
package enum ProcessEnvironment {
    /// All names that are read; the environment as a whole is never listed or logged.
    static let names: Set<String> = [
        "BOOTSTRAP_TOKEN", "PROXY_CONFIG", "PROXY_MODE", "PROXY_WORKLOAD_INFO", "NETWORK", "NODE_NAME",
        "CLUSTER_ID", "CLUSTER_DOMAIN", "POD_NAME", "POD_NAMESPACE", "SERVICE_ACCOUNT", "TRUST_DOMAIN",
        "INSTANCE_IP", "PREFERED_SERVICE_NAMESPACE", "XDS_ADDRESS", "CA_ADDRESS", "XDS_ROOT_CA", "CA_ROOT_CA",
        "ALT_XDS_HOSTNAME", "ALT_CA_HOSTNAME", "AUTH_TOKEN", "XDS_ON_DEMAND", "LOCAL_XDS_PATH", "LOCAL_XDS",
        "TULLE_CERT_FILE", "TULLE_KEY_FILE", "TULLE_ROOT_FILE", "TULLE_IDENTITY_FILE", "SECRET_TTL", "ENABLE_PROXY",
        "UNSTABLE_ENABLE_SOCKS5", "TULLE_LISTEN_ADDRESS", "IPV6_ENABLED", "INPOD_UDS", "PACKET_MARK",
        "ENABLE_ORIG_SRC", "LOCALHOST_APP_TUNNEL", "POOL_MAX_STREAMS_PER_CONNECTION",
        "POOL_UNUSED_RELEASE_TIMEOUT", "HTTP2_STREAM_WINDOW_SIZE", "HTTP2_CONNECTION_WINDOW_SIZE",
        "HTTP2_FRAME_SIZE", "ENABLE_RESPONSE_BAGGAGE", "CRL_PATH", "TLS12_ENABLED", "COMPLIANCE_POLICY",
        "KEEPALIVE_ENABLED", "KEEPALIVE_TIME", "KEEPALIVE_INTERVAL", "KEEPALIVE_RETRIES",
        "USER_TIMEOUT_ENABLED", "TERMINATION_GRACE_PERIOD_SECONDS", "CONNECTION_TERMINATION_DEADLINE",
        "ZTUNNEL_WORKER_THREADS", "ZTUNNEL_CPU_LIMIT", "ZTUNNEL_RESOURCE_CPU_LIMIT",
        "ZTUNNEL_RESOURCE_CPU_REQUEST", "RUST_LOG", "LOG_FORMAT", "AUTHZ_POLICY_INFO_LOGGING",
        "TULLE_HALF_CLOSED_TIMEOUT", "TULLE_RESTART_SOCKET", "TULLE_RESTART_DRAIN",
    ]

    /// Names that mode daemon reads by itself.
    static let daemon: Set<String> = [
        "TULLE_TASK_SOURCE", "DOCKER_HOST", "TULLE_AGENT_ADDRESS", "TULLE_PROC", "TULLE_REDIRECT",
    ]

    /// Beginnings of further names that are read.
    static let prefixes = ["ISTIO_META_", "ISTIO_METAJSON_", "XDS_HEADER_", "CA_HEADER_"]

    /// Names that the platform sets.
    static let platform: Set<String> = [
        "KUBERNETES_SERVICE_HOST",
        // How AWS tells a container who it is.
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_REGION",
        "AWS_DEFAULT_REGION", "ECS_CONTAINER_METADATA_URI_V4",
        // The same for a Lambda function.
        "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ]

    /// The values of the names that are set.
    package static func read() -> [String: String] { EnvironmentVariables.read(where: self.isRead) }

    static func isRead(_ name: String) -> Bool {
        self.names.contains(name) || self.daemon.contains(name) || self.platform.contains(name)
            || OTLPSettings.variables.contains(name) || self.prefixes.contains { name.hasPrefix($0) }
    }
}

import MeshModel
import MeshTelemetry

/// All settings that can't be used, so that they can be fixed in one go.
package struct ConfigurationErrors: Error, Hashable, Sendable {
    /// The settings in the order in which they were read; never empty.
    package var all: [ConfigurationError]
}

extension Configuration {
    /// Reads all settings from environment variables.
    ///
    /// Variables without a meaning here are ignored; a meaningful one with a bad value is an error, never a default.
    package init(environment variables: [String: String]) throws(ConfigurationErrors) {
        var environment = Environment(variables)
        self.init(bootstrapToken: environment.text("BOOTSTRAP_TOKEN") ?? "")
        if self.bootstrapToken.isEmpty {
            environment.reject(
                "BOOTSTRAP_TOKEN",
                allowed: "the output of `tulle bootstrap`, or the path of a file with it"
            )
        }
        _ = environment.value("PROXY_MODE", allowed: "dedicated") { $0 == "dedicated" ? true : nil }
        self.readPlace(&environment)
        self.readTunnel(&environment)
        self.readProcess(&environment)
        guard environment.errors.isEmpty else { throw ConfigurationErrors(all: environment.errors) }
    }

    private init(bootstrapToken: String) {
        self.bootstrapToken = bootstrapToken
    }

    /// Who and where this ztunnel is.
    private mutating func readPlace(_ environment: inout Environment) {
        func url(_ text: String) -> String? { ControlPlaneURL(parsing: text) == nil ? nil : text }
        let allowedURL = "https://host:port"
        self.discoveryURL = environment.value("XDS_ADDRESS", allowed: allowedURL, url)
        self.certificateURL = environment.value("CA_ADDRESS", allowed: allowedURL, url)
        self.network = environment.value("NETWORK", allowed: Self.allowedLabel, Self.label)
        let cluster = environment.text("ISTIO_META_CLUSTER_ID") == nil ? "CLUSTER_ID" : "ISTIO_META_CLUSTER_ID"
        self.cluster = environment.value(cluster, allowed: Self.allowedLabel, Self.label)
        self.workloadName = environment.value("POD_NAME", allowed: Self.allowedLabel, Self.label)
        self.instanceAddress = environment.value("INSTANCE_IP", allowed: "an IP address") { IPAddress(parsing: $0) }
        self.listenAddress = environment.value("TULLE_LISTEN_ADDRESS", allowed: "an IP address") {
            IPAddress(parsing: $0)
        }
        self.isIPv6Enabled = environment.flag("IPV6_ENABLED", default: true)
        self.isProxyPortEnabled = environment.flag("UNSTABLE_ENABLE_SOCKS5", default: true)
    }

    /// Certificates, pool, HTTP/2 and keep-alive.
    private mutating func readTunnel(_ environment: inout Environment) {
        if let lifetime = environment.duration("SECRET_TTL", in: 60_000...31_536_000_000) {
            self.certificateLifetime = lifetime
        }
        if let streams = environment.number("POOL_MAX_STREAMS_PER_CONNECTION", in: 1...65_535) {
            self.poolStreams = streams
        }
        if let idle = environment.duration("POOL_UNUSED_RELEASE_TIMEOUT", in: 1_000...86_400_000) {
            self.poolIdle = idle
        }
        self.streamWindowBytes = environment.number("HTTP2_STREAM_WINDOW_SIZE", in: 65_535...16_777_216)
        self.connectionWindowBytes = environment.number("HTTP2_CONNECTION_WINDOW_SIZE", in: 65_535...67_108_864)
        var keepAlive = TCPKeepAlive()
        let seconds: ClosedRange<UInt64> = 1_000...32_767_000
        if let idle = environment.duration("KEEPALIVE_TIME", in: seconds) {
            keepAlive.idleSeconds = Int32(clamping: idle / 1_000)
        }
        if let interval = environment.duration("KEEPALIVE_INTERVAL", in: seconds) {
            keepAlive.intervalSeconds = Int32(clamping: interval / 1_000)
        }
        if let probes = environment.number("KEEPALIVE_RETRIES", in: Int32(1)...127) { keepAlive.probes = probes }
        self.keepAlive = environment.flag("KEEPALIVE_ENABLED", default: true) ? keepAlive : nil
    }

    /// Threads, log and shutdown.
    private mutating func readProcess(_ environment: inout Environment) {
        let day: UInt64 = 86_400_000
        if let grace = environment.number("TERMINATION_GRACE_PERIOD_SECONDS", in: UInt64(0)...86_400) {
            // Leave the platform some of its grace period for the process itself.
            self.drainDeadline = max(1, grace > 10 ? grace - 5 : max(grace, 1) - 1) * 1_000
        }
        if let deadline = environment.duration("CONNECTION_TERMINATION_DEADLINE", in: 0...day) {
            self.drainDeadline = deadline
        }
        let allowedWorkers = "0 (all CPUs), a number up to 64, or a percentage such as 50%"
        if let workers = environment.value("ZTUNNEL_WORKER_THREADS", allowed: allowedWorkers, Self.workers) {
            self.workers = workers
        }
        if let level = environment.value("RUST_LOG", allowed: "error, warn, info or debug", { LogLevel(parsing: $0) }) {
            self.logLevel = level
        }
        if let format = environment.value("LOG_FORMAT", allowed: "plain or json", { LogFormat(rawValue: $0) }) {
            self.logFormat = format
        }
    }

    private static func workers(_ text: String) -> Workers? {
        let isPercent = text.hasSuffix("%")
        let digits = isPercent ? text.dropLast() : text[...]
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(digits)
        else { return nil }
        if isPercent { return (1...100).contains(number) ? .percent(number) : nil }
        if number == 0 { return .all }
        return number <= 64 ? .count(number) : nil
    }

    private static let allowedLabel = "1 to 253 letters, digits, '-', '_', '.' or '/'"

    private static func label(_ text: String) -> String? {
        let isValid =
            (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_./".utf8.contains(byte)
                }
            }
        return isValid ? text : nil
    }
}

package import DataPlane
import MeshModel
import MeshTelemetry
import MeshYAML

extension Configuration {
    /// Reads all settings from environment variables and the mesh configuration.
    ///
    /// Variables without a meaning here are ignored; a meaningful one with a bad value is an error, never a default.
    /// - Parameter meshConfiguration: Istio's mesh configuration, YAML; nil where there is none.
    package init(
        environment variables: [String: String],
        meshConfiguration: String? = nil
    ) throws(ConfigurationErrors) {
        var environment = Environment(variables)
        self.init(&environment, meshConfiguration: meshConfiguration)
        guard environment.errors.isEmpty else { throw ConfigurationErrors(all: environment.errors) }
    }

    /// Reads all settings; what is wrong stands in `environment` afterwards.
    init(_ environment: inout Environment, meshConfiguration: String? = nil) {
        let proxy = Self.proxyConfig(meshConfiguration, &environment)
        self.readPlace(&environment)
        self.proxyMetadata = proxy.metadata
        self.readIdentity(&environment)
        self.readServers(proxy, &environment)
        self.adminPort = proxy.adminPort ?? self.adminPort
        self.metricsPort = proxy.metricsPort ?? self.metricsPort
        self.workers.choice = proxy.concurrency ?? self.workers.choice
        self.readListeners(&environment)
        self.readTunnel(&environment)
        self.readKeepAlive(&environment)
        self.readProcess(&environment)
        self.readLog(&environment)
        self.readLambda(&environment)
        self.check(&environment)
    }

    private static func proxyConfig(_ mesh: String?, _ environment: inout Environment) -> ProxyConfig {
        var config = ProxyConfig()
        do throws(YAMLError) {
            if let mesh { config = try ProxyConfig(meshConfiguration: mesh) }
        } catch {
            environment.reject(ProxyConfig.meshPath, value: "\(error)", allowed: "a mesh configuration, YAML")
        }
        guard let text = environment.text("PROXY_CONFIG") else { return config }
        do throws(YAMLError) {
            return config.merged(with: try ProxyConfig(yaml: text))
        } catch {
            environment.reject("PROXY_CONFIG", value: "\(error)", allowed: "a ProxyConfig, YAML")
            return config
        }
    }

    /// What no single setting can tell.
    private func check(_ environment: inout Environment) {
        if !self.isProxyEnabled, !self.isDNSEnabled {
            environment.reject(
                "ENABLE_PROXY",
                allowed: "true, unless ISTIO_META_DNS_CAPTURE is true: nothing would run"
            )
        }
        if self.isOnDemand, self.isDNSEnabled {
            environment.reject(
                "XDS_ON_DEMAND",
                allowed: "false, unless ISTIO_META_DNS_CAPTURE is false: the DNS proxy must know all names"
            )
        }
        if self.isOnDemand, self.mode != .dedicated {
            environment.reject(
                "XDS_ON_DEMAND",
                allowed: "false in modes shared and daemon: they must know all workloads"
            )
        }
        if self.mode == .dedicated, self.bootstrapToken == nil, self.workload == nil {
            environment.reject("PROXY_WORKLOAD_INFO", allowed: Self.allowedWorkload)
        }
        if self.discovery == .none, self.localState == nil {
            environment.reject(
                "BOOTSTRAP_TOKEN",
                allowed: "the output of `tulle bootstrap`, or the path of a file with it; "
                    + "or set XDS_ADDRESS or LOCAL_XDS_PATH and no token"
            )
        }
    }

    /// Whom we serve, and where.
    private mutating func readPlace(_ environment: inout Environment) {
        self.bootstrapToken = environment.text("BOOTSTRAP_TOKEN")
        self.workload = environment.value(
            "PROXY_WORKLOAD_INFO",
            allowed: Self.allowedWorkload,
            WorkloadInfo.init(parsing:)
        )
        let isSingle = self.bootstrapToken != nil || environment.text("PROXY_WORKLOAD_INFO") != nil
        let modes = ProxyMode.allCases.map(\.rawValue).joined(separator: ", ")
        self.mode =
            environment.value("PROXY_MODE", allowed: modes, ProxyMode.init(rawValue:))
            ?? (isSingle ? .dedicated : .shared)
        func label(_ name: String) -> String? {
            environment.value(name, allowed: ConfigurationText.allowedLabel, ConfigurationText.label)
        }
        self.network = label("NETWORK")
        let cluster = label("CLUSTER_ID")
        self.cluster = label("ISTIO_META_CLUSTER_ID") ?? cluster
        self.clusterDomain = environment.value(
            "CLUSTER_DOMAIN",
            allowed: ConfigurationText.allowedHost,
            ConfigurationText.host
        )
        self.nodeName = label("NODE_NAME")
        self.workloadName = label("POD_NAME")
        self.podNamespace = label("POD_NAMESPACE")
        self.serviceAccount = label("SERVICE_ACCOUNT")
        self.trustDomain = environment.value(
            "TRUST_DOMAIN",
            allowed: "a trust domain of a-z, 0-9, '.', '-' and '_'"
        ) { (try? SPIFFEID(trustDomain: $0, namespace: "n", serviceAccount: "s")) == nil ? nil : $0 }
        self.instanceAddress = environment.value("INSTANCE_IP", allowed: "an IP address") { IPAddress(parsing: $0) }
        self.preferredServiceNamespace = label("PREFERED_SERVICE_NAMESPACE")
    }

    private static let allowedWorkload = "namespace/name/serviceAccount in mode dedicated without BOOTSTRAP_TOKEN"

    /// Ports, addresses and sockets.
    private mutating func readListeners(_ environment: inout Environment) {
        self.isProxyEnabled = environment.flag("ENABLE_PROXY", default: true)
        // As upstream: anything but "true" turns it off.
        self.isDNSEnabled = self.proxyMetadata["DNS_CAPTURE"].map { $0.lowercased() == "true" } ?? true
        if let text = self.proxyMetadata["DNS_PROXY_ADDR"] {
            if let address = DNSListenAddress(parsing: text) {
                self.dnsAddress = address
            } else {
                environment.reject("ISTIO_META_DNS_PROXY_ADDR", value: text, allowed: DNSListenAddress.allowed)
            }
        }
        self.isProxyPortEnabled = environment.flag("UNSTABLE_ENABLE_SOCKS5", default: true)
        self.listenAddress = environment.value("TULLE_LISTEN_ADDRESS", allowed: "an IP address") {
            IPAddress(parsing: $0)
        }
        self.isIPv6Enabled = environment.flag("IPV6_ENABLED", default: true)
        if let path = environment.value(
            "INPOD_UDS",
            allowed: "a path of at most 107 bytes",
            { (1...107).contains($0.utf8.count) ? $0 : nil }
        ) {
            self.nodeAgentSocket = path
        }
        self.packetMark =
            environment.number("PACKET_MARK", in: UInt32(0)...UInt32.max) ?? (self.mode == .dedicated ? nil : 1_337)
        switch environment.flag("ENABLE_ORIG_SRC") {
        case true?: self.originalSource = .always
        case false?: self.originalSource = .never
        case nil: self.originalSource = .automatic
        }
        self.usesLoopbackForApplicationTunnel = environment.flag("LOCALHOST_APP_TUNNEL", default: true)
    }

    /// Certificates, pool and HTTP/2.
    private mutating func readTunnel(_ environment: inout Environment) {
        if let lifetime = environment.duration("SECRET_TTL", in: 10_000...31_536_000_000) {
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
        self.frameBytes = environment.number("HTTP2_FRAME_SIZE", in: 16_384...16_777_215)
        self.isBaggageEnabled = environment.flag("ENABLE_RESPONSE_BAGGAGE", default: true)
        self.revocationListPath = environment.value(
            "CRL_PATH",
            allowed: ConfigurationText.allowedPath,
            ConfigurationText.path
        )
        self.isTLS12Enabled = environment.flag("TLS12_ENABLED", default: false)
        self.compliance = environment.value("COMPLIANCE_POLICY", allowed: "pqc", CompliancePolicy.init(rawValue:))
    }

    private mutating func readKeepAlive(_ environment: inout Environment) {
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
        self.isUserTimeoutEnabled = environment.flag("USER_TIMEOUT_ENABLED", default: false)
        if let timeout = environment.duration("TULLE_HALF_CLOSED_TIMEOUT", in: 0...86_400_000) {
            self.halfClosedTimeout = timeout
        }
    }

    /// Threads and shutdown.
    private mutating func readProcess(_ environment: inout Environment) {
        let day: UInt64 = 86_400_000
        if let grace = environment.number("TERMINATION_GRACE_PERIOD_SECONDS", in: UInt64(0)...86_400) {
            // Leave the platform some of its grace period for the process itself.
            self.drainDeadline = max(1, grace > 10 ? grace - 5 : max(grace, 1) - 1) * 1_000
        }
        if let deadline = environment.duration("CONNECTION_TERMINATION_DEADLINE", in: 0...day) {
            self.drainDeadline = deadline
        }
        self.restartSocket = environment.value(
            "TULLE_RESTART_SOCKET",
            allowed: "a path of at most 90 bytes",
            // A process number is put behind it for a moment, and 107 bytes is what a socket's path may have.
            { (1...90).contains($0.utf8.count) && $0.hasPrefix("/") ? $0 : nil }
        )
        self.restartDrain = environment.duration("TULLE_RESTART_DRAIN", in: 0...day)
        if let choice = environment.value(
            "ZTUNNEL_WORKER_THREADS",
            allowed: WorkerThreads.allowedChoice,
            WorkerThreads.choice
        ) {
            self.workers.choice = choice
        }
        func quantity(_ name: String) -> Int? {
            environment.value(name, allowed: WorkerThreads.allowedQuantity, WorkerThreads.quantity)
        }
        self.workers.resourceLimit = quantity("ZTUNNEL_RESOURCE_CPU_LIMIT")
        self.workers.resourceRequest = quantity("ZTUNNEL_RESOURCE_CPU_REQUEST") ?? 0
        self.workers.processorLimit = environment.number("ZTUNNEL_CPU_LIMIT", in: 1...100_000)
    }

    private mutating func readLog(_ environment: inout Environment) {
        self.tracing = OTLPSettings(&environment)
        self.metricExport = OTLPSettings(&environment, signal: .metrics)
        self.accessExport = OTLPSettings(&environment, signal: .logs)
        if let filter = environment.value("RUST_LOG", allowed: LogFilter.allowed, { try? LogFilter(parsing: $0) }) {
            self.logFilter = filter
        }
        if let format = environment.value("LOG_FORMAT", allowed: "plain or json", { LogFormat(rawValue: $0) }) {
            self.logFormat = format
        }
        self.isPolicyLoggedAtInfo = environment.flag("AUTHZ_POLICY_INFO_LOGGING", default: false)
    }
}

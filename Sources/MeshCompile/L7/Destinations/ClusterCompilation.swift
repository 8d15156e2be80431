import MeshConfig
import MeshModel
import MeshProtos

/// Turns a destination and the DestinationRules for it into what a waypoint does with it.
struct ClusterCompilation {
    let mesh: L7Mesh
    /// The waypoint's namespace: whose rules count first.
    let waypoint: String

    /// `outbound|<port>|<subset>|<hostname>`.
    static func name(port: UInt16, subset: String, hostname: String) -> String {
        "outbound|\(port)|\(subset)|\(hostname)"
    }

    /// A destination that is not there.
    static func missing(port: UInt16, subset: String, hostname: String, namespace: String) -> TulleL7.Cluster {
        TulleL7.Cluster.with {
            $0.name = self.name(port: port, subset: subset, hostname: hostname)
            $0.namespace = namespace
            $0.hostname = hostname
            $0.port = UInt32(port)
            $0.subset = subset
            $0.missing = true
        }
    }

    /// A port of a service, or of one of its subsets.
    func cluster(_ service: ResolvedService, port: ServicePort, subset: String) -> TulleL7.Cluster {
        let claim = service.claim
        let rules = DestinationRules(for: claim, waypoint: self.waypoint, in: self.mesh)
        guard subset.isEmpty || rules.subsets[subset] != nil else {
            return Self.missing(
                port: port.port,
                subset: subset,
                hostname: claim.key.hostname,
                namespace: claim.key.namespace
            )
        }
        let policy = rules.policy(port: port.port, subset: subset)
        return TulleL7.Cluster.with {
            $0.name = Self.name(port: port.port, subset: subset, hostname: claim.key.hostname)
            $0.namespace = claim.key.namespace
            $0.hostname = claim.key.hostname
            $0.port = UInt32(port.port)
            $0.subset = subset
            $0.subsetLabels = rules.subsets[subset]?.labels ?? [:]
            $0.protocol = self.spoken(port.appProtocol, policy.connectionPool)
            $0.loadBalancer = self.loadBalancer(policy, of: service)
            $0.pool = self.pool(policy.connectionPool)
            $0.outliers = policy.outlierDetection.map(Self.outliers)
            $0.healthCheck = self.healthCheck(claim, port: port.port)
            if let own = policy.tls {
                $0.tls = Self.tls(own, of: claim)
            } else {
                $0.tls = BackendTLS(for: claim, port: port.port, in: self.mesh)?.settings
            }
            switch policy.proxyProtocol?.text("version") ?? (policy.proxyProtocol == nil ? "" : "V1") {
            case "V1": $0.proxyProtocol = 1
            case "V2": $0.proxyProtocol = 2
            default: break
            }
            $0.retryBudget = policy.retryBudget.map(Self.budget) ?? self.constraint(claim)
            $0.session = self.session(claim)
            $0.usesUnready = claim.publishesNotReady
            // Nobody is at an address that the mesh gave out: there endpoints are chosen all the same.
            let passes = policy.loadBalancer?.text("simple") == "PASSTHROUGH" && !claim.isAutomatic
            $0.keepsDestination = claim.isPassthrough || passes
            $0.resolvesAuthority = claim.needsWaypoint
        }
    }

    // MARK: Health

    /// The oldest HealthCheckPolicy of the service that is for the port.
    private func healthCheck(_ claim: ServiceClaim, port: UInt16) -> TulleL7.HealthCheck? {
        let policies = self.mesh.resources(.healthCheckPolicy, attachedTo: self.mesh.references(to: claim))
        for resource in policies where resource.metadata.namespace == claim.key.namespace {
            guard case .route(_, let spec) = resource.spec, (spec.port("port") ?? port) == port else { continue }
            return TulleL7.HealthCheck.with {
                if let http = spec["http"] {
                    $0.kind = .http
                    $0.path = http.text("path") ?? "/"
                    $0.host = http.text("host") ?? ""
                    $0.expectedStatuses = http.list("expectedStatuses").compactMap { value in
                        value.integer.map { UInt32(clamping: $0) }
                    }
                } else if let grpc = spec["grpc"] {
                    $0.kind = .grpc
                    $0.service = grpc.text("service") ?? ""
                } else {
                    $0.kind = .tcp
                }
                $0.intervalMilliseconds = spec.milliseconds("interval") ?? 10_000
                $0.timeoutMilliseconds = spec.milliseconds("timeout") ?? 1000
                $0.unhealthyThreshold = spec.count("unhealthyThreshold") ?? 3
                $0.healthyThreshold = spec.count("healthyThreshold") ?? 2
                $0.port = spec.count("probePort") ?? 0
            }
        }
        return nil
    }

    /// The sessionPersistence of the service's oldest XBackendTrafficPolicy that has one.
    private func session(_ claim: ServiceClaim) -> TulleL7.SessionPersistence? {
        let policies = self.mesh.resources(.backendTrafficPolicy, attachedTo: self.mesh.references(to: claim))
        for resource in policies where resource.metadata.namespace == claim.key.namespace {
            guard case .route(_, let spec) = resource.spec, let value = spec["sessionPersistence"] else { continue }
            return TulleL7.SessionPersistence(value)
        }
        return nil
    }

    /// The retryConstraint of the service's oldest XBackendTrafficPolicy.
    private func constraint(_ claim: ServiceClaim) -> TulleL7.RetryBudget? {
        let policies = self.mesh.resources(.backendTrafficPolicy, attachedTo: self.mesh.references(to: claim))
        for resource in policies where resource.metadata.namespace == claim.key.namespace {
            guard case .route(_, let spec) = resource.spec, let constraint = spec["retryConstraint"] else { continue }
            return TulleL7.RetryBudget.with {
                $0.percent = constraint["budget"]?.count("percent") ?? 20
                $0.intervalMilliseconds = constraint["budget"]?.milliseconds("interval") ?? 10_000
                let rate = constraint["minRetryRate"]
                let count = Double(rate?.count("count") ?? 10)
                let seconds = Double(max(1, rate?.milliseconds("interval") ?? 1000)) / 1000
                $0.minPerSecond = UInt32(min((count / seconds).rounded(.up), 1_000_000))
            }
        }
        return nil
    }

    // MARK: What is spoken

    private func spoken(
        _ declared: ServicePort.AppProtocol,
        _ pool: ConfigValue?
    ) -> TulleL7.Cluster.UpstreamProtocol {
        let http = pool?["http"]
        switch declared {
        case .tcp, .tls: return .tcp
        case .http2, .grpc: return http?["useClientProtocol"]?.flag == true ? .client : .http2
        case .unknown: return .client
        case .http11:
            if http?["useClientProtocol"]?.flag == true { return .client }
            let mesh = self.mesh.config.traffic.text("h2UpgradePolicy") ?? "DO_NOT_UPGRADE"
            var upgrade = http?.text("h2UpgradePolicy") ?? "DEFAULT"
            if upgrade == "DEFAULT" { upgrade = mesh }
            return upgrade == "UPGRADE" ? .http2 : .http1
        }
    }

    // MARK: Connections

    private func pool(_ value: ConfigValue?) -> TulleL7.ConnectionPool? {
        let connect = self.mesh.config.traffic.milliseconds("connectTimeout")
        guard value != nil || connect != nil else { return nil }
        let tcp = value?["tcp"]
        let http = value?["http"]
        return TulleL7.ConnectionPool.with {
            $0.maxConnections = tcp?.count("maxConnections") ?? 0
            $0.maxPending = http?.count("http1MaxPendingRequests") ?? 0
            $0.maxRequests = http?.count("http2MaxRequests") ?? 0
            $0.maxRetries = http?.count("maxRetries") ?? 0
            $0.maxRequestsPerConnection = http?.count("maxRequestsPerConnection") ?? 0
            $0.maxStreams = http?.count("maxConcurrentStreams") ?? 0
            $0.connectTimeoutMilliseconds = tcp?.milliseconds("connectTimeout") ?? connect ?? 0
            $0.idleTimeoutMilliseconds = http?.milliseconds("idleTimeout") ?? tcp?.milliseconds("idleTimeout") ?? 0
            $0.maxConnectionMilliseconds = tcp?.milliseconds("maxConnectionDuration") ?? 0
        }
    }

    private static func outliers(_ value: ConfigValue) -> TulleL7.OutlierDetection {
        TulleL7.OutlierDetection.with {
            $0.consecutive5xx = value.count("consecutive5xxErrors") ?? 5
            $0.consecutiveGateway = value.count("consecutiveGatewayErrors") ?? 0
            $0.splitsLocal = value["splitExternalLocalOriginErrors"]?.flag ?? false
            $0.consecutiveLocal = $0.splitsLocal ? value.count("consecutiveLocalOriginFailures") ?? 5 : 0
            $0.intervalMilliseconds = value.milliseconds("interval") ?? 0
            $0.baseEjectionMilliseconds = value.milliseconds("baseEjectionTime") ?? 0
            $0.maxEjectionPercent = value.count("maxEjectionPercent") ?? 10
            $0.minHealthPercent = value.count("minHealthPercent") ?? 0
        }
    }

    /// DISABLE and ISTIO_MUTUAL mean the tunnel alone.
    private static func tls(_ value: ConfigValue, of claim: ServiceClaim) -> TulleL7.UpstreamTLS? {
        let isMutual = value.text("mode") == "MUTUAL"
        guard isMutual || value.text("mode") == "SIMPLE" else { return nil }
        return TulleL7.UpstreamTLS.with {
            $0.serverName = value.text("sni") ?? (claim.key.hostname.hasPrefix("*") ? "" : claim.key.hostname)
            let own = value.texts("subjectAltNames")
            $0.subjectAltNames = own.isEmpty ? claim.subjectAltNames : own
            $0.insecure = value["insecureSkipVerify"]?.flag ?? false
            $0.authoritiesPath = value.text("caCertificates") ?? ""
            guard isMutual else { return }
            $0.certificatePath = value.text("clientCertificate") ?? ""
            $0.privateKeyPath = value.text("privateKey") ?? ""
        }
    }

    private static func budget(_ value: ConfigValue) -> TulleL7.RetryBudget {
        TulleL7.RetryBudget.with {
            $0.percent = UInt32((value["percent"]?.number ?? 20).rounded())
            $0.minConcurrency = value.count("minRetryConcurrency") ?? 3
            $0.intervalMilliseconds = value.milliseconds("budgetInterval") ?? 0
        }
    }
}

import MeshConfig
import MeshModel
import MeshProtos

/// Compiles what holds for a waypoint as a whole.
struct SettingsCompilation {
    /// What Istio samples where nobody says: one in a hundred.
    private static let sampling: UInt32 = 10_000

    let mesh: L7Mesh
    let waypoint: WaypointState
    let resource: DeclaredResource

    private var traffic: ConfigValue { self.mesh.config.traffic }

    func compile() -> TulleL7.WaypointSettings {
        let attachments = PolicyAttachments(mesh: self.mesh, waypoint: self.waypoint.key, claim: nil)
        let defaults = self.traffic["defaultConfig"]
        return TulleL7.WaypointSettings.with {
            $0.namespace = self.waypoint.key.namespace
            $0.name = self.waypoint.key.name
            switch self.traffic["pathNormalization"]?.text("normalization") {
            case "NONE": $0.paths = .none
            case "MERGE_SLASHES": $0.paths = .mergeSlashes
            case "DECODE_AND_MERGE_SLASHES": $0.paths = .decodeAndMergeSlashes
            default: $0.paths = .base
            }
            switch self.traffic.text("pathParameters") {
            case "strip": $0.parameters = .strip
            case "reject": $0.parameters = .reject
            default: $0.parameters = .keep
            }
            $0.trustDomains = [self.mesh.settings.trustDomain] + self.mesh.config.trustDomainAliases
            let providers = self.traffic.list("extensionProviders")
            $0.authorizers = providers.compactMap(self.authorizer)
            $0.logs = self.logs(providers)
            $0.traces = providers.compactMap(self.trace)
            $0.workloadSecurity = attachments.security
            $0.workloadTelemetry = attachments.telemetry
            $0.tellsIdentity = self.resource.metadata.annotations[MeshKeys.tellsIdentity] == "true"
            $0.detectionTimeoutMilliseconds = self.traffic.milliseconds("protocolDetectionTimeout") ?? 0
            $0.drainMilliseconds = defaults?.milliseconds("terminationDrainDuration") ?? 0
            $0.trustedProxies = defaults?["gatewayTopology"]?.count("numTrustedProxies") ?? 0
            $0.http10 = self.traffic["http10"]?.flag ?? false
            $0.servesServices = self.waypoint.audience.takesServices
            $0.servesWorkloads = self.waypoint.audience.takesWorkloads
        }
    }

    // MARK: Providers

    private func authorizer(_ provider: ConfigValue) -> TulleL7.Authorizer? {
        let isGRPC = provider["envoyExtAuthzGrpc"] != nil
        guard let value = provider["envoyExtAuthzGrpc"] ?? provider["envoyExtAuthzHttp"] else { return nil }
        return TulleL7.Authorizer.with {
            $0.name = provider.text("name") ?? ""
            $0.cluster = self.cluster(value, isGRPC: isGRPC)
            $0.grpc = isGRPC
            $0.timeoutMilliseconds = value.milliseconds("timeout") ?? 600_000
            $0.failsOpen = value["failOpen"]?.flag ?? false
            $0.statusOnError = value.text("statusOnError").flatMap { DecimalText.number($0) } ?? 0
            $0.pathPrefix = value.text("pathPrefix") ?? ""
            if let body = value["includeRequestBodyInCheck"] {
                $0.maxBodyBytes = body.count("maxRequestBytes") ?? 0
                $0.allowsPartialBody = body["allowPartialMessage"]?.flag ?? false
                $0.packsBytes = body["packAsBytes"]?.flag ?? false
            }
            $0.headersToCheck = value.texts("includeRequestHeadersInCheck").map { $0.lowercased() }
            $0.headersToAdd = value.labels("includeAdditionalHeadersInCheck").sorted { $0.key < $1.key }.map { entry in
                TulleL7.Header.with {
                    $0.name = entry.key.lowercased()
                    $0.value = entry.value
                }
            }
            $0.headersUpstreamOnAllow = value.texts("headersToUpstreamOnAllow").map { $0.lowercased() }
            $0.headersDownstreamOnDeny = value.texts("headersToDownstreamOnDeny").map { $0.lowercased() }
            $0.headersDownstreamOnAllow = value.texts("headersToDownstreamOnAllow").map { $0.lowercased() }
        }
    }

    /// One that is no service of the mesh can't be asked, and so lets nothing through unless it fails open.
    private func cluster(_ value: ConfigValue, isGRPC: Bool) -> TulleL7.Cluster {
        let (host, namespace) = Self.host(of: value, in: self.waypoint.key.namespace)
        let number = value.port("port") ?? 0
        guard let service = self.mesh.service(host: host, from: namespace),
            let port = service.claim.ports.first(where: { $0.port == number })
        else {
            return ClusterCompilation.missing(port: number, subset: "", hostname: host, namespace: namespace)
        }
        let compilation = ClusterCompilation(mesh: self.mesh, waypoint: self.waypoint.key.namespace)
        var cluster = compilation.cluster(service, port: port, subset: "")
        cluster.protocol = isGRPC ? .http2 : cluster.protocol == .http2 ? .http2 : .http1
        return cluster
    }

    /// Reads `[namespace/]host`.
    static func host(of value: ConfigValue, in namespace: String) -> (host: String, namespace: String) {
        let parts = (value.text("service") ?? "").split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let first = parts.first, let last = parts.last else {
            return (value.text("service") ?? "", namespace)
        }
        return (String(last), String(first))
    }

    private func logs(_ providers: [ConfigValue]) -> [TulleL7.LogProvider] {
        var logs: [TulleL7.LogProvider] = []
        for provider in providers {
            var log = TulleL7.LogProvider()
            log.name = provider.text("name") ?? ""
            let format: ConfigValue?
            if let file = provider["envoyFileAccessLog"] {
                log.file = file.text("path") ?? "/dev/stdout"
                format = file["logFormat"]
                log.json = format?["labels"] != nil
            } else if let otlp = provider["envoyOtelAls"] {
                log.endpoint = Self.endpoint(otlp, "grpc")
                format = otlp["logFormat"]
            } else {
                continue
            }
            log.format = format?.text("text") ?? ""
            log.labels = format?.labels("labels") ?? [:]
            logs.append(log)
        }
        guard !logs.contains(where: { $0.name == TelemetryMerge.defaultLog }) else { return logs }
        let file = self.traffic.text("accessLogFile") ?? ""
        let standard = TulleL7.LogProvider.with {
            $0.name = TelemetryMerge.defaultLog
            $0.file = file.isEmpty ? "/dev/stdout" : file
            $0.json = self.traffic.text("accessLogEncoding") == "JSON"
            $0.format = self.traffic.text("accessLogFormat") ?? ""
        }
        return [standard] + logs
    }

    private func trace(_ provider: ConfigValue) -> TulleL7.TraceProvider? {
        guard let value = provider["opentelemetry"] else { return nil }
        return TulleL7.TraceProvider.with {
            $0.name = provider.text("name") ?? ""
            if let http = value["http"] {
                $0.endpoint = Self.endpoint(value, "http") + (http.text("path") ?? "/v1/traces")
            } else {
                $0.endpoint = Self.endpoint(value, "grpc")
            }
            $0.fraction = self.traffic["defaultConfig"]?["tracing"]?.fraction("sampling") ?? Self.sampling
        }
    }

    private static func endpoint(_ value: ConfigValue, _ scheme: String) -> String {
        "\(scheme)://\(Self.host(of: value, in: "").host):\(value.port("port") ?? 0)"
    }
}

import AWSClient

/// What a virtual node's listeners say besides ports: limits, ejection, health checks, TLS.
struct NodeTranslation {
    private let node: AppMeshNode
    private let namespace: String
    private(set) var destinationRule: JSONValue?
    private(set) var healthChecks: [JSONValue] = []
    /// Modes of TLS by port, as far as listeners name one.
    private(set) var modes: [Int: String] = [:]

    private var title: String { self.node.resource.title }

    /// Translates a node that has a name.
    init(_ node: AppMeshNode, namespace: String, report: inout MigrationReport) throws(CommandFailure) {
        self.node = node
        self.namespace = namespace
        var policies: [(port: Int, policy: JSONObject)] = []
        for listener in node.listeners {
            let policy = try self.policy(listener, report: &report)
            if !policy.isEmpty { policies.append((listener.port, policy)) }
            if let check = try listener.field.at("healthCheck") {
                try self.healthCheck(check, of: listener, report: &report)
            }
            if let tls = try listener.field.at("tls") { try self.tls(tls, of: listener, report: &report) }
        }
        if let host = node.host, let first = policies.first {
            var policy: JSONValue = .object(first.policy)
            if node.listeners.count > 1 {
                policy = [
                    "portLevelSettings": .array(
                        policies.map { entry in
                            var settings = entry.policy
                            settings["port"] = ["number": .int(entry.port)]
                            return .object(settings)
                        }
                    )
                ]
            }
            self.destinationRule = [
                "apiVersion": "networking.istio.io/v1",
                "kind": "DestinationRule",
                "metadata": self.metadata(""),
                "spec": ["host": .string(host), "trafficPolicy": policy],
            ]
        }
        try self.rest(report: &report)
    }

    private func metadata(_ suffix: String) -> JSONValue {
        let name = FittedLabel.make("\(self.node.resource.name)\(suffix)") ?? "node"
        return ["name": .string(name), "namespace": .string(self.namespace)]
    }

    // MARK: Limits

    private func policy(
        _ listener: AppMeshNode.Listener,
        report: inout MigrationReport
    ) throws(CommandFailure) -> JSONObject {
        var policy: JSONObject = [:]
        var tcp: JSONObject = [:]
        var http: JSONObject = [:]
        if let (kind, pool) = try listener.field.at("connectionPool")?.only(["http", "http2", "grpc", "tcp"]) {
            if let most = try pool.at("maxConnections") { tcp["maxConnections"] = .int(try Self.count(most)) }
            if let most = try pool.at("maxPendingRequests") {
                http["http1MaxPendingRequests"] = .int(try Self.count(most))
            }
            if let most = try pool.at("maxRequests") { http["http2MaxRequests"] = .int(try Self.count(most)) }
            report.add(
                .changed,
                self.title,
                pool,
                "limits of \(kind) counted in each task's own proxy; here each waypoint counts for all tasks of the service "
                    + "together, so raise them by the number of tasks"
            )
        }
        if let times = try listener.field.at("timeout")?.at(listener.application.rawValue),
            let idle = try times.at("idle")?.milliseconds(), idle > 0
        {
            let text = JSONValue.string(DurationWords.text(milliseconds: idle))
            if listener.application.isHTTP { http["idleTimeout"] = text } else { tcp["idleTimeout"] = text }
        }
        if !tcp.isEmpty || !http.isEmpty {
            var pool: JSONObject = [:]
            if !tcp.isEmpty { pool["tcp"] = .object(tcp) }
            if !http.isEmpty { pool["http"] = .object(http) }
            policy["connectionPool"] = .object(pool)
        }
        if let outlier = try listener.field.at("outlierDetection") {
            let base = try outlier.require("baseEjectionDuration").milliseconds()
            let interval = try outlier.require("interval").milliseconds()
            policy["outlierDetection"] = [
                "consecutive5xxErrors": .int(try Self.count(try outlier.require("maxServerErrors"))),
                "interval": .string(DurationWords.text(milliseconds: interval)),
                "baseEjectionTime": .string(DurationWords.text(milliseconds: base)),
                "maxEjectionPercent": .int(try outlier.require("maxEjectionPercent").number(0...100)),
            ]
        }
        return policy
    }

    private static func count(_ field: ExportField) throws(CommandFailure) -> Int {
        try field.number(1...Int(Int32.max))
    }

    // MARK: Health

    private mutating func healthCheck(
        _ check: ExportField,
        of listener: AppMeshNode.Listener,
        report: inout MigrationReport
    ) throws(CommandFailure) {
        let word = try check.require("protocol")
        let path = try check.at("path")
        let interval = try check.require("intervalMillis").number(1...86_400_000)
        let timeout = try check.require("timeoutMillis").number(1...86_400_000)
        let port = try check.at("port")?.number(1...65_535) ?? listener.port
        guard let label = self.node.label else {
            report.add(
                .lost,
                self.title,
                check,
                "checks are for services of ECS; no task definition of this one is there"
            )
            check.settle()
            return
        }
        var spec: JSONObject = [
            "targetRefs": [["group": "", "kind": "Service", "name": .string(label)]], "port": .int(listener.port),
        ]
        switch try word.text() {
        case "http", "http2":
            spec["http"] = ["path": .string(try path?.text() ?? "/")]
        case "grpc": spec["grpc"] = [:]
        case "tcp": spec["tcp"] = [:]
        default: throw word.wrong("must be one of http, http2, grpc, tcp")
        }
        path?.settle()
        if port != listener.port { spec["probePort"] = .int(port) }
        spec["interval"] = .string(DurationWords.text(milliseconds: max(interval, timeout)))
        spec["timeout"] = .string(DurationWords.text(milliseconds: timeout))
        spec["unhealthyThreshold"] = .int(try check.require("unhealthyThreshold").number(1...100))
        spec["healthyThreshold"] = .int(try check.require("healthyThreshold").number(1...100))
        if timeout > interval {
            report.add(
                .changed,
                self.title,
                check,
                "its timeout is longer than its interval; both are the longer one now"
            )
        }
        self.healthChecks.append([
            "apiVersion": "tulle.mesh/v1alpha1",
            "kind": "HealthCheckPolicy",
            "metadata": self.metadata("-\(listener.port)"),
            "spec": .object(spec),
        ])
    }

    // MARK: TLS

    private mutating func tls(
        _ tls: ExportField,
        of listener: AppMeshNode.Listener,
        report: inout MigrationReport
    ) throws(CommandFailure) {
        let mode = try tls.require("mode")
        switch try mode.text() {
        case "STRICT": self.modes[listener.port] = "STRICT"
        case "PERMISSIVE": self.modes[listener.port] = "PERMISSIVE"
        case "DISABLED":
            report.add(.changed, self.title, mode, "connections between enrolled tasks are encrypted in any case")
        default: throw mode.wrong("must be one of STRICT, PERMISSIVE, DISABLED")
        }
        if let certificate = try tls.at("certificate") {
            certificate.settle()
            report.add(
                .changed,
                self.title,
                certificate,
                "the mesh gives every task a certificate of its own; this one is no longer used"
            )
        }
        if let validation = try tls.at("validation") {
            validation.settle()
            report.add(
                .changed,
                self.title,
                validation,
                "clients are known by their identity in the mesh; restrict them by an AuthorizationPolicy"
            )
        }
    }

    // MARK: The rest

    private func rest(report: inout MigrationReport) throws(CommandFailure) {
        let spec = self.node.resource.spec
        for listener in self.node.listeners {
            guard let times = try listener.field.at("timeout")?.at(listener.application.rawValue),
                let request = try times.at("perRequest"), !request.unsettled.isEmpty
            else { continue }
            request.settle()
            report.add(.lost, self.title, request, "no route leads here that could carry it; write a VirtualService")
        }
        if let logging = try spec.at("logging") {
            logging.settle()
            report.add(.note, self.title, logging, "access logs are asked for by a Telemetry (docs/observability.md)")
        }
        if let discovery = try spec.at("serviceDiscovery"),
            let (kind, found) = try discovery.only(["awsCloudMap", "dns"])
        {
            if let attributes = try found.at("attributes") {
                attributes.settle()
                report.add(
                    .changed,
                    self.title,
                    attributes,
                    "tasks are found by their service of ECS, not by attributes of Cloud Map"
                )
            }
            if let preference = try found.at("ipPreference") {
                let word = try preference.text()
                if word != "IPv4_ONLY" {
                    report.add(.changed, self.title, preference, "\(word) has no counterpart: ECS redirects IPv4 only")
                }
            }
            if kind == "dns", let type = try found.at("responseType") {
                let word = try type.text()
                if word == "ENDPOINTS", self.node.definition == nil {
                    report.add(
                        .note,
                        self.title,
                        type,
                        "each address of the name is an endpoint, as with resolution DNS"
                    )
                }
            }
        }
    }
}

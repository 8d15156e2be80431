import MeshConfig
import MeshProtos

/// Merges Telemetry resources, the widest first: what a narrower one says takes the place of what a wider one said.
struct TelemetryMerge {
    /// The provider of access logs where nobody names one.
    static let defaultLog = "envoy"

    private let config: Declared.MeshConfig
    private var telemetry = TulleL7.Telemetry()
    /// The providers of access logs; nil where nobody named one.
    private var logs: [String]?
    private var logSettings: [String: TulleL7.Telemetry.AccessLog] = [:]
    private var tracing: TulleL7.Telemetry.Tracing?

    init(config: Declared.MeshConfig) {
        self.config = config
        let defaults = config.traffic["defaultProviders"]
        let named = defaults?.texts("accessLogging") ?? []
        if !named.isEmpty {
            self.logs = named
        } else if config.traffic.text("accessLogFile")?.isEmpty == false {
            self.logs = [Self.defaultLog]
        }
        if let provider = defaults?.texts("tracing").first {
            self.tracing = TulleL7.Telemetry.Tracing.with { $0.provider = provider }
        }
    }

    /// Adds a narrower one.
    mutating func add(_ resource: DeclaredResource) {
        guard case .route(_, let spec) = resource.spec else { return }
        for metrics in spec.list("metrics") { self.add(metrics: metrics) }
        self.add(logs: spec.list("accessLogging").filter { Self.isForServer($0["match"]) })
        if let tracing = spec.list("tracing").first(where: { Self.isForServer($0["match"]) }) {
            self.add(tracing: tracing)
        }
    }

    /// Nil where nothing was said.
    var result: TulleL7.Telemetry? {
        var result = self.telemetry
        result.accessLogs = (self.logs ?? []).map { provider in
            var log = self.logSettings[provider] ?? self.logSettings[""] ?? TulleL7.Telemetry.AccessLog()
            log.provider = provider
            return log
        }
        result.tracing = self.tracing
        return result == TulleL7.Telemetry() ? nil : result
    }

    /// A waypoint reports as the server.
    private static func isForServer(_ match: ConfigValue?) -> Bool { match?.text("mode") != "CLIENT" }

    // MARK: Parts

    private mutating func add(metrics value: ConfigValue) {
        if let interval = value.milliseconds("reportingInterval") {
            self.telemetry.reportingIntervalMilliseconds = interval
        }
        for entry in value.list("overrides") where Self.isForServer(entry["match"]) {
            let metric = entry["match"]?.text("metric") ?? entry["match"]?.text("customMetric") ?? ""
            self.telemetry.metrics.append(
                TulleL7.Telemetry.MetricOverride.with {
                    $0.metric = metric == "ALL_METRICS" ? "" : metric
                    $0.disabled = entry["disabled"]?.flag ?? false
                    $0.tags = (entry["tagOverrides"]?.entries ?? [:]).sorted { $0.key < $1.key }.map { tag, value in
                        TulleL7.Telemetry.TagOverride.with {
                            $0.tag = tag
                            $0.remove = value.text("operation") == "REMOVE"
                            $0.value = value.text("value") ?? ""
                        }
                    }
                }
            )
        }
    }

    private mutating func add(logs entries: [ConfigValue]) {
        guard !entries.isEmpty else { return }
        let named = entries.flatMap { $0.list("providers").compactMap { $0.text("name") } }
        if !named.isEmpty { self.logs = named }
        let providers = self.logs ?? [Self.defaultLog]
        self.logs = providers
        for entry in entries {
            let own = entry.list("providers").compactMap { $0.text("name") }
            for provider in own.isEmpty ? providers : own {
                var log = self.logSettings[provider] ?? TulleL7.Telemetry.AccessLog()
                if let disabled = entry["disabled"]?.flag { log.disabled = disabled }
                if let filter = entry["filter"]?.text("expression") { log.filter = filter }
                self.logSettings[provider] = log
            }
        }
    }

    private mutating func add(tracing value: ConfigValue) {
        var tracing = self.tracing ?? TulleL7.Telemetry.Tracing()
        if let provider = value.list("providers").first?.text("name") { tracing.provider = provider }
        if let fraction = value.fraction("randomSamplingPercentage") {
            tracing.sampling = TulleL7.Telemetry.Sampling.with { $0.fraction = fraction }
        }
        if let disabled = value["disableSpanReporting"]?.flag { tracing.disabled = disabled }
        if let keeps = value["disableContextPropagation"]?.flag { tracing.keepsContext = keeps }
        if let tags = value["customTags"]?.entries {
            tracing.tags = tags.sorted { $0.key < $1.key }.map { tag, value in
                TulleL7.Telemetry.CustomTag.with {
                    $0.tag = tag
                    $0.literal = value["literal"]?.text("value") ?? ""
                    $0.environment = value["environment"]?.text("name") ?? ""
                    $0.header = (value["header"]?.text("name") ?? "").lowercased()
                    $0.defaultValue = (value["environment"] ?? value["header"])?.text("defaultValue") ?? ""
                }
            }
        }
        self.tracing = tracing
    }
}

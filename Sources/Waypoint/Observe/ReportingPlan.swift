import MeshProtos
import MeshTelemetry

/// Makes what is told about the requests of a service, from what the mesh says about it and the waypoint's providers.
struct ReportingPlan: Sendable {
    private let logs: [TulleL7.LogProvider]
    private let traces: [TulleL7.TraceProvider]
    private let sinks: ReportSinks
    private let proxy: ProxyFacts
    private let context: AccessLogContext
    /// Which requests are traced where the mesh says nothing.
    private let sampler: TraceSampler?

    init(
        _ settings: TulleL7.WaypointSettings?,
        sinks: ReportSinks,
        proxy: ProxyFacts,
        context: AccessLogContext,
        sampler: TraceSampler? = nil
    ) {
        self.sampler = sampler
        self.logs = settings?.logs ?? []
        self.traces = settings?.traces ?? []
        self.sinks = sinks
        self.proxy = proxy
        self.context = context
    }

    /// The telemetry of a service. What can't be used as it is written leaves Istio's standard in place, and says why.
    func telemetry(_ declared: TulleL7.Telemetry?) -> (RequestTelemetry, fault: String?) {
        let declared = declared ?? TulleL7.Telemetry()
        do throws(RequestTelemetry.Failure) {
            let telemetry = try RequestTelemetry(
                metrics: declared.metrics.map { Self.override($0) },
                logs: declared.accessLogs.filter { !$0.disabled }.compactMap { self.log($0) } + self.ownLogs,
                tracing: self.tracing(declared.tracing),
                proxy: self.proxy,
                context: self.context
            )
            return (telemetry, nil)
        } catch {
            return (.standard, "telemetry: \(error)")
        }
    }

    private static func override(_ declared: TulleL7.Telemetry.MetricOverride) -> MetricRules.Override {
        var override = MetricRules.Override()
        override.metric = declared.metric
        override.isDisabled = declared.disabled
        override.tags = declared.tags.map { MetricRules.Override.Tag($0.tag, value: $0.remove ? nil : $0.value) }
        return override
    }

    private func log(_ declared: TulleL7.Telemetry.AccessLog) -> RequestTelemetry.Log? {
        guard let provider = self.logs.first(where: { $0.name == declared.provider }) else { return nil }
        let filter = declared.filter.isEmpty ? nil : declared.filter
        let labels = provider.labels.sorted { $0.key < $1.key }.map { (key: $0.key, format: $0.value) }
        let format = provider.format.isEmpty ? nil : provider.format
        guard provider.endpoint.isEmpty else {
            let output = AccessLogOutput.records(self.sinks.records(provider.name))
            return RequestTelemetry.Log(.record(format, members: labels), filter: filter, to: output)
        }
        let output = AccessLogOutput.lines(self.sinks.writeLine)
        guard provider.json else { return RequestTelemetry.Log(.text(format), filter: filter, to: output) }
        return RequestTelemetry.Log(.json(labels.isEmpty ? nil : labels), filter: filter, to: output)
    }

    /// What the environment asks for comes beside what the mesh says.
    private var ownLogs: [RequestTelemetry.Log] {
        self.sinks.ownRecords.map { [RequestTelemetry.Log(.record(nil, members: []), to: .records($0))] } ?? []
    }

    private func tracing(_ declared: TulleL7.Telemetry.Tracing?) -> RequestTelemetry.Tracing? {
        let provider = self.traces.first(where: { $0.name == declared?.provider }) ?? self.traces.first
        guard let spans = provider.map({ self.sinks.spans($0.name) }) ?? self.sinks.ownSpans else { return nil }
        var settings = TracingRules.Settings()
        if let fraction = declared?.sampling?.fraction ?? provider?.fraction {
            settings.sampler.random = min(fraction, RequestSampler.whole)
        } else if let sampler = self.sampler {
            settings.sampler.random = sampler.partsPerMillion
        }
        settings.isDisabled = declared?.disabled ?? false
        settings.keepsContext = declared?.keepsContext ?? false
        if provider?.b3 == true { settings.forms = [.w3c, .b3] }
        settings.tags = (declared?.tags ?? []).map { tag in
            let source: TracingRules.CustomTag.Source =
                if !tag.header.isEmpty {
                    .header(tag.header)
                } else if !tag.environment.isEmpty {
                    .environment(tag.environment)
                } else {
                    .literal(tag.literal)
                }
            return TracingRules.CustomTag(tag.tag, source, fallback: tag.defaultValue)
        }
        return RequestTelemetry.Tracing(settings, spans: spans)
    }
}

import BoringTLS
import DataPlane
import MeshProtos
import MeshTelemetry
import TunnelEngine

/// Sends spans, access logs and metrics to collectors: to the providers that the mesh names, and to the one that the
/// environment names.
///
/// Confined to the control loop. An exporter lives as long as its provider stands there with the same endpoint; a collector
/// that is slow or gone costs telemetry, which is counted, and never a request.
final class TelemetryExports {
    /// What tells exporters apart.
    private struct Key: Hashable {
        let signal: OTLPSignal
        /// nil for the environment's.
        let provider: String?
    }

    private struct Entry {
        let exporter: OTLPExporter
        let endpoint: String
    }

    private let loop: EventLoop
    private let context: WaypointContext
    private let resolver: NameResolver
    private let variables: [String: String]
    private var entries: [Key: Entry] = [:]
    /// Endpoints that can't be used, so that each is told once.
    private var refused: [Key: String] = [:]

    /// - Parameter variables: `OTEL_…`, for what providers leave open.
    init(loop: EventLoop, context: WaypointContext, resolver: NameResolver, variables: [String: String]) {
        self.loop = loop
        self.context = context
        self.resolver = resolver
        self.variables = variables
    }

    /// Begins to send what the environment asks for.
    func begin() {
        let (configuration, sinks) = (self.context.configuration, self.context.sinks)
        if let queue = sinks.ownSpans { self.start(RequestSpanSource(queue), configuration.tracing) }
        if let queue = sinks.ownRecords { self.start(AccessLogSource(queue), configuration.accessExport) }
        if let settings = configuration.metricExport {
            self.start(MetricSource(self.context.registry, isDelta: settings.isDelta), settings)
        }
    }

    private func start(_ source: any OTLPSource, _ settings: OTLPSettings?) {
        guard let settings else { return }
        self.start(source, settings, as: Key(signal: source.signal, provider: nil), endpoint: "")
    }

    /// Takes over the mesh's providers.
    func update(traces: [TulleL7.TraceProvider], logs: [TulleL7.LogProvider]) {
        var wanted: [Key: String] = [:]
        for provider in traces where !provider.endpoint.isEmpty {
            wanted[Key(signal: .traces, provider: provider.name)] = provider.endpoint
        }
        for provider in logs where !provider.endpoint.isEmpty {
            wanted[Key(signal: .logs, provider: provider.name)] = provider.endpoint
        }
        for (key, entry) in self.entries where key.provider != nil && wanted[key] != entry.endpoint {
            self.end(key, entry, isGone: wanted[key] == nil)
        }
        self.refused = self.refused.filter { wanted[$0.key] == $0.value }
        for (key, endpoint) in wanted where self.entries[key] == nil && self.refused[key] == nil {
            self.start(key, endpoint)
        }
    }

    private func start(_ key: Key, _ endpoint: String) {
        guard let name = key.provider else { return }
        var environment = Environment(self.variables)
        guard var settings = OTLPSettings(provider: endpoint, signal: key.signal, &environment) else {
            return self.refuse(key, endpoint, "the endpoint is malformed")
        }
        if let error = environment.errors.first { return self.refuse(key, endpoint, "\(error)") }
        settings.nameService(self.context.serviceName)
        let sinks = self.context.sinks
        switch key.signal {
        case .traces: self.start(RequestSpanSource(sinks.spans(name)), settings, as: key, endpoint: endpoint)
        case .logs: self.start(AccessLogSource(sinks.records(name)), settings, as: key, endpoint: endpoint)
        case .metrics: break
        }
    }

    private func start(_ source: any OTLPSource, _ settings: OTLPSettings, as key: Key, endpoint: String) {
        do throws(TLSError) {
            let exporter = try OTLPExporter(
                loop: self.loop,
                context: self.context.control,
                source: source,
                settings: settings,
                resolver: self.resolver
            )
            self.entries[key] = Entry(exporter: exporter, endpoint: endpoint)
            exporter.start()
        } catch {
            self.refuse(key, endpoint, "\(error)")
        }
    }

    private func refuse(_ key: Key, _ endpoint: String, _ reason: String) {
        self.refused[key] = endpoint
        self.context.log.error(
            "telemetry can't be exported",
            [
                LogField("provider", key.provider ?? "OTEL_EXPORTER_OTLP_ENDPOINT"), LogField("endpoint", endpoint),
                LogField("error", reason),
            ]
        )
    }

    /// What waits is sent to where it was meant for, unless the provider moved: then it goes the new way.
    private func end(_ key: Key, _ entry: Entry, isGone: Bool) {
        self.entries[key] = nil
        guard isGone, let name = key.provider else { return entry.exporter.stop() }
        self.context.sinks.forget(name, key.signal)
        entry.exporter.flush { entry.exporter.stop() }
    }

    /// Sends what waits, one attempt for each batch; for the end of the process.
    func flush(completion: @escaping () -> Void) {
        var left = self.entries.count
        guard left > 0 else { return completion() }
        for entry in self.entries.values {
            entry.exporter.flush {
                left -= 1
                if left == 0 { completion() }
            }
        }
    }
}

extension OTLPSettings {
    /// Names the service where the environment does not.
    mutating func nameService(_ name: String) {
        if self.resource["service.name"] == nil { self.resource["service.name"] = name }
    }
}

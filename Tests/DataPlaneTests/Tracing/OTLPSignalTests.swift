import DataPlaneTestSupport
import MeshDNS
import MeshModel
import MeshProtos
import MeshTelemetry
import Testing
import TunnelEngine

@testable import DataPlane

/// Logs, metrics and spans of requests on their way to a collector.
@Suite(.serialized)
struct OTLPSignalTests {
    private let loop: TestLoop
    private let context: ControlContext
    private let log = TestLog()

    init() throws {
        self.loop = try TestLoop()
        self.context = ControlContext(program: "waypoint", log: self.log.log, registry: MetricsRegistry())
    }

    private func start(
        _ port: UInt16,
        _ signal: OTLPSignal,
        make: @escaping @Sendable () -> any OTLPSource
    ) throws -> OTLPExporter {
        var environment = Environment([
            "OTEL_SERVICE_NAME": "waypoint.demo", "OTEL_EXPORTER_OTLP_HEADERS": "x-token=abc",
        ])
        let settings = try #require(
            OTLPSettings(provider: "http://127.0.0.1:\(port)", signal: signal, &environment)
        )
        let (loop, context) = (self.loop, self.context)
        return try loop.sync {
            var limits = OTLPExporter.Limits()
            limits.intervalMilliseconds = 30
            limits.firstRetryMilliseconds = 5
            limits.attempts = 3
            let resolver = NameResolver(
                loop: loop.loop,
                configuration: ResolverConfiguration(
                    servers: [SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 1)]
                )
            )
            let exporter = try OTLPExporter(
                loop: loop.loop,
                context: context,
                source: make(),
                settings: settings,
                resolver: resolver,
                limits: limits
            )
            exporter.start()
            return exporter
        }
    }

    private var metrics: String { String(decoding: self.context.registry.exposition(.prometheus), as: UTF8.self) }

    private func record(_ number: Int, trace: TraceContext? = nil) -> AccessLogRecord {
        AccessLogRecord(time: UInt64(number), body: "line \(number)", fields: [("code", .number(200))], trace: trace)
    }

    @Test func sendsLinesOfAccessLogs() throws {
        let collector = TestCollector([503])
        let queue = ExportQueue<AccessLogRecord>()
        let exporter = try self.start(try collector.listen(), .logs) { AccessLogSource(queue) }
        let trace = try #require(TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"))
        queue.add(self.record(1, trace: trace))
        queue.add(self.record(2))
        #expect(eventually { self.metrics.contains("tulle_log_records_sent_total 2\n") })
        let body = try #require(collector.bodies("/v1/logs").first)
        let request = try OpenTelemetry.ExportLogsServiceRequest(decoding: body)
        let resource = try #require(request.resourceLogs.first?.resource?.attributes)
        #expect(resource.contains(.init("service.name", "waypoint.demo")))
        let scope = try #require(request.resourceLogs.first?.scopeLogs.first)
        #expect(scope.scope?.name == "otel_envoy_accesslog")
        #expect(scope.logRecords.map(\.timeUnixNano) == [1, 2])
        let first = try #require(scope.logRecords.first)
        #expect(first.body?.value == .stringValue("line 1"))
        #expect(first.attributes == [.init("code", 200)])
        #expect(first.traceID.prefix(2) == [0x0a, 0xf7] && first.spanID.count == 8 && first.flags == 1)
        #expect(first.observedTimeUnixNano > 1_700_000_000_000_000_000)
        #expect(scope.logRecords.last?.traceID == [])
        #expect(collector.heads.first?.contains("\r\nx-token: abc") == true)
        #expect(self.metrics.contains("tulle_log_exports_failed_total{retry=\"true\"} 1\n"))
        try self.loop.sync { exporter.stop() }
    }

    @Test("what no collector takes is counted, and the newest is kept")
    func drops() throws {
        let collector = TestCollector([400])
        var limits = ExportQueue<AccessLogRecord>.Limits()
        limits.elements = 4
        limits.batch = 2
        let queue = ExportQueue<AccessLogRecord>(limits: limits)
        for number in 1...6 { queue.add(self.record(number)) }
        let exporter = try self.start(try collector.listen(), .logs) { AccessLogSource(queue) }
        // Two pushed out, two refused, two taken.
        #expect(eventually { self.metrics.contains("tulle_log_records_dropped_total 4\n") })
        #expect(eventually { self.metrics.contains("tulle_log_records_sent_total 2\n") })
        let sent = try collector.bodies("/v1/logs").flatMap { body in
            try OpenTelemetry.ExportLogsServiceRequest(decoding: body).resourceLogs
                .flatMap { $0.scopeLogs.flatMap { $0.logRecords.map(\.timeUnixNano) } }
        }
        #expect(sent == [5, 6])
        #expect(self.log.lines.contains { $0.contains("log records lost") })
        try self.loop.sync { exporter.stop() }
    }

    @Test func sendsSpansOfRequests() throws {
        let collector = TestCollector()
        let queue = ExportQueue<RequestSpan>()
        let exporter = try self.start(try collector.listen(), .traces) { RequestSpanSource(queue) }
        var random = SystemRandomNumberGenerator()
        let context = TraceContext(using: &random)
        queue.add(RequestSpan(context: context, caller: nil, name: "echo:80/*", start: 1, end: 2))
        #expect(eventually { self.metrics.contains("tulle_trace_spans_sent_total 1\n") })
        let body = try #require(collector.bodies("/v1/traces").first)
        let request = try OpenTelemetry.ExportTraceServiceRequest(decoding: body)
        #expect(request.resourceSpans.first?.scopeSpans.first?.spans.first?.name == "echo:80/*")
        try self.loop.sync { exporter.stop() }
    }

    @Test("metrics go every interval, and once more at the end")
    func rounds() throws {
        let collector = TestCollector()
        let registry = self.context.registry
        let hits = registry.counters("hits_total", help: "Hits.").with()
        hits.add(3)
        let exporter = try self.start(try collector.listen(), .metrics) { MetricSource(registry, isDelta: false) }
        #expect(eventually { collector.bodies("/v1/metrics").count >= 2 })
        hits.add(4)
        let isFlushed: Bool = try self.loop.wait { completion in exporter.flush { completion(true) } }
        #expect(isFlushed)
        let last = try #require(collector.bodies("/v1/metrics").last)
        let request = try OpenTelemetry.ExportMetricsServiceRequest(decoding: last)
        let metrics = request.resourceMetrics.flatMap { $0.scopeMetrics.flatMap(\.metrics) }
        let hit = try #require(metrics.first { $0.name == "hits_total" })
        guard case .sum(let sum) = hit.data else { throw NoSum() }
        #expect(sum.dataPoints.map(\.value) == [.asInt(7)])
        #expect(sum.isMonotonic && sum.aggregationTemporality == .cumulative)
        try self.loop.sync { exporter.stop() }
    }

    private struct NoSum: Error {}
}

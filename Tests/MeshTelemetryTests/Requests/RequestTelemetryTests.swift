import Synchronization
import Testing

@testable import MeshTelemetry

struct RequestTelemetryTests {
    private final class Lines: Sendable {
        private let kept = Mutex<[String]>([])

        var all: [String] { self.kept.withLock { $0 } }
        var output: AccessLogOutput {
            .lines { line in self.kept.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
        }
    }

    private let registry = MetricsRegistry()

    private func meter() -> RequestMeter { RequestMeter(RequestMetrics(registry: self.registry)) }

    @Test func followsARequestFromItsBeginningToItsEnd() throws {
        let lines = Lines()
        let spans = ExportQueue<RequestSpan>()
        let records = ExportQueue<AccessLogRecord>()
        var settings = TracingRules.Settings()
        settings.sampler.random = RequestSampler.whole
        settings.forms = [.w3c, .b3]
        let telemetry = try RequestTelemetry(
            logs: [
                .init(.text("%REQ(USER-AGENT)% %TRACE_ID% %REQ(X-REQUEST-ID)%"), to: lines.output),
                .init(.text(nil), filter: "response.code >= 400", to: lines.output),
                .init(.record(nil, members: [("code", "%RESPONSE_CODE%")]), to: .records(records)),
            ],
            tracing: .init(settings, spans: spans)
        )
        var generator = CountingGenerator()
        let given = ["user-agent": "curl/8"]
        var record = SampleRecord.http()
        let changes = telemetry.begin(&record, find: { given[$0] }, using: &generator)
        let id = try #require(record.requestID)
        #expect(changes.first?.name == "x-request-id" && changes.first?.value == id)
        #expect(RequestID.reason(of: id) == .sampled)
        #expect(changes.contains { $0.name == "traceparent" && $0.value == record.trace?.header })
        #expect(changes.contains { $0.name == "x-b3-traceid" })
        record.keepRequestHeaders(telemetry.headers) { given[$0] }
        let meter = self.meter()
        telemetry.finish(&record, meter: meter)
        telemetry.finish(&record, meter: meter)
        let trace = try #require(record.trace)
        #expect(lines.all == ["curl/8 \(trace.traceID) \(id)\n"])
        let span = try #require(spans.take().first)
        #expect(span.context == trace)
        let exported = records.take()
        #expect(exported.count == 1)
        #expect(exported.first?.body.hasPrefix("[2026-01-02T03:04:05.678Z] \"GET ") == true)
        #expect(exported.first?.body.hasSuffix("\n") == false)
        #expect(exported.first?.fields.first?.value == .number(200))
        #expect(exported.first?.trace == trace)
        let text = String(decoding: self.registry.exposition(.prometheus), as: UTF8.self)
        #expect(text.contains("connection_security_policy=\"mutual_tls\"} 1\n"))
    }

    @Test("without traces only the id is made, and one that came stays")
    func withoutTraces() {
        var generator = CountingGenerator()
        var record = SampleRecord.http()
        let known = ["x-request-id": "mine", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"]
        #expect(RequestTelemetry.standard.begin(&record, find: { known[$0] }, using: &generator).isEmpty)
        #expect(record.requestID == "mine" && record.trace == nil)
        let changes = RequestTelemetry.standard.begin(&record, find: { _ in nil }, using: &generator)
        #expect(changes.map(\.name) == ["x-request-id"])
    }

    @Test("context goes on even where no span is sent, and stays as it came where that is asked for")
    func context() throws {
        var settings = TracingRules.Settings()
        settings.isDisabled = true
        let parent = ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00", "x-request-id": "mine"]
        var generator = CountingGenerator()
        var record = SampleRecord.http()
        let telemetry = try RequestTelemetry(tracing: .init(settings, spans: nil))
        let changes = telemetry.begin(&record, find: { parent[$0] }, using: &generator)
        #expect(changes.map(\.name) == ["traceparent"])
        #expect(record.trace?.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(record.callerSpan == 0x00f0_67aa_0ba9_02b7)
        settings.keepsContext = true
        let keeping = try RequestTelemetry(tracing: .init(settings, spans: nil))
        #expect(keeping.begin(&record, find: { parent[$0] }, using: &generator).isEmpty)
    }

    @Test("outer layers are logged only where they say why something failed, and never counted")
    func layers() throws {
        let lines = Lines()
        let telemetry = try RequestTelemetry(logs: [.init(.text("%RESPONSE_CODE%"), to: lines.output)])
        let meter = self.meter()
        let cases: [(RequestRecord.Layer, UInt16, OutcomeFlags, Bool)] = [
            (.tunnelTermination, 200, [], false), (.tunnelTermination, 404, [], true),
            (.tunnelOrigination, 503, [], false), (.tunnelOrigination, 503, .upstreamConnectionFailure, true),
            (.listener, 0, [], false), (.listener, 0, .noRouteFound, true),
        ]
        for (layer, code, flags, isLogged) in cases {
            let before = lines.all.count
            var record = SampleRecord.http {
                $0.responseCode = code
                $0.flags = flags
            }
            telemetry.finish(&record, meter: meter, layer: layer)
            #expect(lines.all.count - before == (isLogged ? 1 : 0), "\(layer) \(code)")
        }
        #expect(
            !String(decoding: self.registry.exposition(.prometheus), as: UTF8.self).contains("istio_requests_total{")
        )
    }

    @Test func namesTheSettingThatIsWrong() {
        let output = AccessLogOutput.lines { _ in }
        #expect(throws: RequestTelemetry.Failure.log(1, .unknownOperator("X"))) {
            try RequestTelemetry(logs: [.init(.text(nil), to: output), .init(.json([("a", "%X%")]), to: output)])
        }
        #expect(throws: RequestTelemetry.Failure.filter(0, .unexpectedEnd)) {
            try RequestTelemetry(logs: [.init(.json(nil), filter: "", to: output)])
        }
        var settings = TracingRules.Settings()
        settings.tags = [.init("a", .header(""))]
        #expect(throws: RequestTelemetry.Failure.tracing(.invalidArgument(operator: "REQ", argument: ""))) {
            try RequestTelemetry(tracing: .init(settings, spans: nil))
        }
    }
}

import DataPlane
import DataPlaneTestSupport
import MeshDNS
import MeshModel
import MeshProtos
import MeshTelemetry
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Exporters of a waypoint's telemetry", .serialized)
struct TelemetryExportsTests {
    /// Exports on a loop of their own, and a collector of OTLP over HTTP.
    private final class Stage: @unchecked Sendable {
        let bench: WaypointBench
        let collector: TestBackend
        private let thread: TestLoop
        private let exports: TelemetryExports

        init(variables: [String: String] = [:]) throws {
            let place = WaypointBench.reserve(2)
            self.collector = try TestBackend(place.endpoints[1], answer: { _ in TestBackend.Reply() })
            let bench = try WaypointBench(WaypointBench.Place(number: place.number, endpoints: [place.endpoints[0]]))
            self.bench = bench
            let thread = try TestLoop()
            self.thread = thread
            self.exports = try thread.sync {
                TelemetryExports(
                    loop: thread.loop,
                    context: bench.context,
                    resolver: NameResolver(loop: thread.loop, configuration: ResolverConfiguration(servers: [])),
                    variables: variables
                )
            }
        }

        var endpoint: String { "http://\(self.collector.address)" }

        func update(_ traces: [String: String], logs: [String: String] = [:]) throws {
            let me = self
            try self.thread.sync {
                me.exports.update(
                    traces: traces.map { name, endpoint in
                        .with {
                            $0.name = name
                            $0.endpoint = endpoint
                        }
                    },
                    logs: logs.map { name, endpoint in
                        .with {
                            $0.name = name
                            $0.endpoint = endpoint
                        }
                    }
                )
            }
        }

        func addSpan(_ provider: String, _ name: String) {
            var random = SystemRandomNumberGenerator()
            let context = TraceContext(using: &random)
            self.bench.context.sinks.spans(provider).add(
                RequestSpan(context: context, caller: nil, name: name, start: 1, end: 2)
            )
        }

        func flush() throws {
            let me = self
            let _: Bool = try self.thread.wait { completion in me.exports.flush { completion(true) } }
        }
    }

    private func texts(_ stage: Stage) -> [String] {
        stage.collector.requests.map { "\($0.head.path) \(String(decoding: $0.body, as: UTF8.self))" }
    }

    @Test("a provider that appears gets what waits, under the gateway's name; one that is gone gets no more")
    func followsProviders() throws {
        let stage = try Stage()
        stage.addSpan("otel", "first-span")
        try stage.update(["otel": stage.endpoint])
        try stage.flush()
        let first = try #require(self.texts(stage).first)
        #expect(first.hasPrefix("/v1/traces ") && first.contains("first-span") && first.contains("waypoint.demo"))
        try stage.update([:])
        stage.addSpan("otel", "second-span")
        try stage.flush()
        #expect(self.texts(stage).count == 1)
        try stage.update(["otel": stage.endpoint])
        try stage.flush()
        #expect(self.texts(stage).last?.contains("second-span") == true)
    }

    @Test("lines of access logs go to their provider")
    func sendsLines() throws {
        let stage = try Stage(variables: ["OTEL_SERVICE_NAME": "edge", "OTEL_EXPORTER_OTLP_HEADERS": "x-token=secret"])
        stage.bench.context.sinks.records("lines").add(AccessLogRecord(time: 1, body: "a line", fields: [], trace: nil))
        try stage.update([:], logs: ["lines": stage.endpoint, "stdout": ""])
        try stage.flush()
        let sent = try #require(self.texts(stage).first)
        #expect(sent.hasPrefix("/v1/logs ") && sent.contains("a line") && sent.contains("edge"))
        #expect(stage.collector.requests.first?.head.fields.first(named: "x-token") == "secret")
    }

    @Test(
        "an endpoint that can't be used is told once and harms nobody else",
        arguments: ["ftp://127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://127.0.0.1:99999"]
    )
    func refuses(_ endpoint: String) throws {
        let stage = try Stage()
        for _ in 0..<2 { try stage.update(["bad": endpoint, "otel": stage.endpoint]) }
        #expect(stage.bench.log.lines.count { $0.contains("telemetry can't be exported") } == 1)
        stage.addSpan("otel", "a-span")
        try stage.flush()
        #expect(self.texts(stage).count == 1)
    }
}

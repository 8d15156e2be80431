import Foundation
import HTTPRouting
import MeshModel
import MeshProtos
import MeshTelemetry
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("What a waypoint tells of requests", .serialized)
struct TraceJoinTests {
    private let tunnel = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func bench(
        settings: (inout TulleL7.WaypointSettings) -> Void = { settings in
            settings.traces = [
                .with {
                    $0.name = "otel"
                    $0.endpoint = "grpc://127.0.0.1:1"
                    $0.fraction = 0
                }
            ]
        },
        routes: (inout TulleL7.ServiceRoutes) -> Void = { _ in }
    ) throws -> (WaypointBench, TestBackend) {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(place.endpoints[0], answer: { _ in TestBackend.Reply(200, "hello") })
        return (try WaypointBench(place, settings: settings, routes: routes), backend)
    }

    private func parent(_ backend: TestBackend) throws -> TraceContext {
        let header = try #require(backend.requests.first?.head.fields.first(named: "traceparent"))
        return try #require(TraceContext(parsing: header))
    }

    @Test("a request without a trace goes on with its tunnel's, and the span is the backend's parent")
    func goesOnWithTunnel() throws {
        let (bench, backend) = try self.bench()
        let connection = try bench.client.connect(WaypointBench.authority, trace: self.tunnel)
        #expect(try connection.request(.get("/")).status == 200)
        let parent = try self.parent(backend)
        let span = try #require(try bench.spans("otel").first)
        #expect(span.context == parent)
        #expect(span.context.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.caller == 0xb7ad_6b71_6920_3331)
        #expect(span.name == "echo.demo.mesh.internal:80/*")
    }

    @Test("a request's own trace stands")
    func ownTrace() throws {
        let (bench, backend) = try self.bench()
        let own = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"
        let connection = try bench.client.connect(WaypointBench.authority, trace: self.tunnel)
        #expect(try connection.request(.get("/", HeaderField("traceparent", own))).status == 200)
        #expect(try self.parent(backend).traceID == "1af7651916cd43dd8448eb211c80319c")
        #expect(try bench.spans("otel").first?.caller == 0xc7ad_6b71_6920_3331)
    }

    @Test("a tunnel that nobody records begins nothing")
    func unrecordedTunnel() throws {
        let (bench, backend) = try self.bench()
        let unrecorded = String(self.tunnel.dropLast()) + "0"
        let connection = try bench.client.connect(WaypointBench.authority, trace: unrecorded)
        #expect(try connection.request(.get("/")).status == 200)
        #expect(try self.parent(backend).traceID != "0af7651916cd43dd8448eb211c80319c")
        #expect(try bench.spans("otel").isEmpty)
    }

    @Test("messages of a call are counted while it goes on")
    func longCalls() throws {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(
            place.endpoints[0],
            answer: { _ in
                var reply = TestBackend.Reply()
                reply.isSilent = true
                return reply
            }
        )
        let bench = try WaypointBench(place)
        defer { withExtendedLifetime(backend) {} }
        let head = HTTPRequestHead(
            method: "POST",
            authority: "echo.demo",
            path: "/demo.Echo/Say",
            fields: [HeaderField("content-type", "application/grpc"), HeaderField("te", "trailers")]
        )
        let connection = try bench.client.connect(WaypointBench.authority, version: .http2)
        DispatchQueue.global().async { _ = try? connection.request(head, body: [0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0]) }
        func isCounted() -> Bool {
            bench.metricsText.split(separator: "\n").contains {
                $0.hasPrefix("istio_request_messages_total{") && $0.hasSuffix(" 2")
            }
        }
        for _ in 0..<500 where !isCounted() { usleep(10_000) }
        #expect(isCounted())
        #expect(try bench.carried().requests == 1)
        #expect(!bench.metricsText.contains("istio_requests_total{"))
    }

    @Test("sizes, numbers and the cluster's metrics", arguments: [HTTPVersion.http11, .http2])
    func measures(_ version: HTTPVersion) throws {
        let log = TulleL7.LogProvider.with {
            $0.name = "sizes"
            $0.format =
                "%BYTES_RECEIVED% %DOWNSTREAM_WIRE_BYTES_RECEIVED% %BYTES_SENT% %DOWNSTREAM_WIRE_BYTES_SENT% "
                + "%UPSTREAM_WIRE_BYTES_SENT% %UPSTREAM_WIRE_BYTES_RECEIVED% %CONNECTION_ID% %STREAM_ID%\n"
        }
        let (bench, backend) = try self.bench(settings: { $0.logs = [log] }) { routes in
            routes.telemetry = .with { $0.accessLogs = [.with { $0.provider = "sizes" }] }
        }
        defer { withExtendedLifetime(backend) {} }
        let head = HTTPRequestHead(method: "POST", authority: "echo.demo", path: "/")
        let connection = try bench.client.connect(WaypointBench.authority, version: version)
        for _ in 0..<2 { #expect(try connection.request(head, body: [1, 2, 3]).status == 200) }
        let lines = try bench.logged(2).map { line in
            line.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
        }
        let (first, second) = (try #require(lines.first), try #require(lines.last))
        try #require(first.count == 8 && second.count == 8)
        #expect(first[0] == 3 && first[2] == 5)
        // The head, the body, and more than nothing for framing.
        #expect(first[1] > 40 && first[3] > 5 + 12 && first[4] > 40 && first[5] > 5 + 12)
        #expect(first[6] == second[6], "one connection")
        #expect(first[7] != second[7], "two requests")
        let text = bench.metricsText
        #expect(text.contains("istio_request_bytes_sum{"))
        let sum = "\(first[1] + second[1]).0"
        #expect(
            text.split(separator: "\n").contains {
                $0.hasPrefix("istio_request_bytes_sum{") && $0.hasSuffix(" \(sum)")
            },
            "no sum of \(sum)"
        )
        let name = "outbound|80||echo.demo.mesh.internal"
        for line in [
            "tulle_waypoint_active{kind=\"request\"} 0",
            "tulle_upstream_active{cluster=\"\(name)\",kind=\"requests\"} 0.0",
            "tulle_upstream_endpoints{cluster=\"\(name)\",state=\"healthy\"} 1.0",
            "tulle_upstream_overflow_total{cluster=\"\(name)\",kind=\"pending\"} 0",
        ] {
            #expect(text.contains(line + "\n"))
        }
    }
}

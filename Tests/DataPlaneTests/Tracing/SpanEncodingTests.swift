import MeshProtos
import MeshTelemetry
import Testing

@testable import DataPlane

struct SpanEncodingTests {
    private func decode(_ span: ConnectionSpan, resource: [String: String] = [:]) throws
        -> OpenTelemetry.ExportTraceServiceRequest
    {
        try OpenTelemetry.ExportTraceServiceRequest(
            decoding: SpanEncoding.request([span], sender: OTLPSender(program: "ztunnel", resource: resource))
        )
    }

    private func text(_ attributes: [OpenTelemetry.KeyValue], _ key: String) -> OpenTelemetry.AnyValue.Kind? {
        attributes.first { $0.key == key }?.value?.value
    }

    @Test func saysWhoTalkedToWhomAndHowItEnded() throws {
        let context = try #require(
            TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01")
        )
        var span = ConnectionSpan(context: context, caller: 0x0102, kind: .server, start: 5, end: 9)
        var record = AccessRecord(direction: .inbound)
        record.source.address = "[fd00::1]:4000"
        record.source.identity = "spiffe://cluster.local/ns/demo/sa/shell"
        record.destination.address = "10.0.0.2:15008"
        record.bytesSent = 22
        record.failure = .init(code: "policy_denied", message: "refused")
        span.describe(record, flag: .denied)
        let request = try self.decode(span, resource: ["deployment.environment": "test"])
        let resource = try #require(request.resourceSpans.first?.resource?.attributes)
        #expect(self.text(resource, "service.name") == .stringValue("ztunnel"))
        #expect(self.text(resource, "deployment.environment") == .stringValue("test"))
        let sent = try #require(request.resourceSpans.first?.scopeSpans.first?.spans.first)
        #expect(sent.traceID.prefix(2) == [0x0a, 0xf7])
        #expect(sent.traceID.count == 16)
        #expect(sent.spanID == [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7])
        #expect(sent.parentSpanID == [0, 0, 0, 0, 0, 0, 1, 2])
        #expect(sent.kind == .server)
        #expect(sent.name == "inbound")
        #expect((sent.startTimeUnixNano, sent.endTimeUnixNano) == (5, 9))
        #expect(self.text(sent.attributes, "client.address") == .stringValue("fd00::1"))
        #expect(self.text(sent.attributes, "client.port") == .intValue(4_000))
        #expect(self.text(sent.attributes, "server.port") == .intValue(15_008))
        #expect(self.text(sent.attributes, "tulle.bytes_sent") == .intValue(22))
        #expect(self.text(sent.attributes, "tulle.response_flags") == .stringValue("DENY"))
        #expect(self.text(sent.attributes, "error.type") == .stringValue("policy_denied"))
        #expect(
            self.text(sent.attributes, "tulle.source.identity")
                == .stringValue("spiffe://cluster.local/ns/demo/sa/shell")
        )
        #expect(self.text(sent.attributes, "tulle.destination.identity") == nil)
        #expect(sent.status?.code == .error)
        #expect(sent.status?.message == "refused")
    }

    @Test func leavesParentAndStatusOutWhereThereIsNone() throws {
        var random = SystemRandomNumberGenerator()
        let context = TraceContext(using: &random)
        let span = ConnectionSpan(context: context, caller: nil, kind: .client, start: 1, end: 2)
        let request = try self.decode(span, resource: ["service.name": "edge"])
        let sent = try #require(request.resourceSpans.first?.scopeSpans.first?.spans.first)
        #expect(sent.parentSpanID.isEmpty)
        #expect(sent.status == nil)
        #expect(sent.kind == .client)
        let resource = try #require(request.resourceSpans.first?.resource?.attributes)
        #expect(resource.filter { $0.key == "service.name" }.count == 1)
        #expect(self.text(resource, "service.name") == .stringValue("edge"))
    }

    @Test func writesSpansOfRequests() throws {
        let context = try #require(TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"))
        var span = RequestSpan(context: context, caller: nil, name: "echo.demo:80/*", start: 5, end: 9)
        span.attributes = [("http.method", .text("GET")), ("http.response.status_code", .number(503))]
        span.isError = true
        let sender = OTLPSender(program: "waypoint", resource: ["service.name": "waypoint.demo"])
        let request = try OpenTelemetry.ExportTraceServiceRequest(
            decoding: SpanEncoding.request([span], sender: sender)
        )
        let resource = try #require(request.resourceSpans.first?.resource?.attributes)
        #expect(self.text(resource, "service.name") == .stringValue("waypoint.demo"))
        let scope = try #require(request.resourceSpans.first?.scopeSpans.first)
        #expect(scope.scope?.name == "tulle.waypoint")
        let sent = try #require(scope.spans.first)
        #expect(sent.name == "echo.demo:80/*")
        #expect(sent.kind == .server)
        #expect(sent.parentSpanID.isEmpty)
        #expect(sent.status?.code == .error)
        #expect(self.text(sent.attributes, "http.response.status_code") == .intValue(503))
    }
}

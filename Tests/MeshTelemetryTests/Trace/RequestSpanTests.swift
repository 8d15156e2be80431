import Testing

@testable import MeshTelemetry

struct RequestSpanTests {
    private func span(
        _ change: (inout TracingRules.Settings) -> Void = { _ in },
        _ record: RequestRecord
    ) throws -> RequestSpan? {
        var settings = TracingRules.Settings()
        change(&settings)
        var headers = HeaderPlan()
        let context = AccessLogContext { $0 == "REGION" ? "eu-west-1" : nil }
        let rules = try TracingRules(settings, context: context, headers: &headers)
        var record = record
        record.keepRequestHeaders(headers) { ["user-agent": "curl/8", "x-tenant": "blue"][$0] }
        var proxy = ProxyFacts()
        proxy.node = "waypoint~1"
        proxy.canonicalService = "waypoint"
        proxy.namespace = "demo"
        return rules.span(record, proxy: proxy)
    }

    private func traced(_ change: (inout RequestRecord) -> Void = { _ in }) -> RequestRecord {
        SampleRecord.http {
            $0.trace = TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01")
            $0.operation = "echo.demo.mesh.internal:8080/items*"
            change(&$0)
        }
    }

    private func tags(_ span: RequestSpan?) -> [String: TelemetryValue] {
        Dictionary((span?.attributes ?? []).map { ($0.name, $0.value) }) { $1 }
    }

    @Test func carriesEnvoysAndIstiosTags() throws {
        let span = try #require(try self.span({ _ in }, self.traced()))
        #expect(span.name == "echo.demo.mesh.internal:8080/items*")
        #expect(span.end - span.start == 12_345_000)
        #expect(!span.isError)
        let tags = self.tags(span)
        let wanted = [
            "component": "proxy", "node_id": "waypoint~1", "guid:x-request-id": "f4a5c0f2-0c1d-4b3e-8f7a-001122334455",
            "http.url": "http://echo.demo:8080/items?id=7", "http.method": "GET", "downstream_cluster": "-",
            "user_agent": "curl/8", "http.protocol": "HTTP/1.1", "peer.address": "10.0.1.9", "request_size": "17",
            "response_size": "99", "http.status_code": "200", "response_flags": "-",
            "upstream_cluster": "outbound|8080||echo.demo.mesh.internal",
            "upstream_cluster.name": "outbound|8080||echo.demo.mesh.internal", "upstream_address": "10.0.1.7:8080",
            "istio.canonical_revision": "latest", "istio.canonical_service": "waypoint", "istio.namespace": "demo",
            "istio.source_workload": "shell-v1", "istio.source_workload_type": "deployment",
            "istio.source_instance_name": "shell-7", "istio.destination_workload": "echo-v2",
            "istio.destination_namespace": "demo", "istio.destination_cluster_id": "Kubernetes",
            "istio.destination_canonical_service": "echo", "istio.destination_canonical_revision": "v2",
            "istio.destination_app": "echo", "istio.destination_app_version": "v2",
        ]
        for (name, text) in wanted { #expect(tags[name] == .text(text), "\(name)") }
        #expect(tags["error"] == nil)
        #expect(tags["istio.mesh_id"] == nil)
        #expect(tags["grpc.path"] == nil)
    }

    @Test func tellsErrorsAndGRPC() throws {
        let failed = try self.span({ _ in }, self.traced { $0.responseCode = 503 })
        #expect(failed?.isError == true)
        #expect(self.tags(failed)["error"] == .text("true"))
        let grpc = try self.span(
            { _ in },
            self.traced {
                $0.isGRPC = true
                $0.grpcStatus = 14
                $0.grpcMessage = "away"
            }
        )
        #expect(self.tags(grpc)["grpc.status_code"] == .text("14"))
        #expect(self.tags(grpc)["grpc.message"] == .text("away"))
        #expect(self.tags(grpc)["grpc.path"] == .text("/items"))
    }

    @Test func addsTagsOfTheOperator() throws {
        let span = try self.span(
            {
                $0.tags = [
                    .init("a", .literal("x")), .init("b", .environment("REGION")), .init("c", .environment("NONE")),
                    .init("d", .header("X-Tenant")), .init("e", .header("x-none"), fallback: "none"),
                    .init("f", .format("%RESPONSE_CODE% %ROUTE_NAME%")),
                ]
                $0.hasIstioTags = false
                $0.hasSemanticNames = true
            },
            self.traced()
        )
        let tags = self.tags(span)
        #expect(tags["a"] == .text("x"))
        #expect(tags["b"] == .text("eu-west-1"))
        #expect(tags["c"] == nil)
        #expect(tags["d"] == .text("blue"))
        #expect(tags["e"] == .text("none"))
        #expect(tags["f"] == .text("200 default"))
        #expect(tags["istio.source_workload"] == nil)
        #expect(tags["http.request.method"] == .text("GET"))
        #expect(tags["http.response.status_code"] == .number(200))
        #expect(tags["url.path"] == .text("/items"))
        #expect(tags["server.address"] == .text("echo.demo"))
        #expect(tags["server.port"] == .number(8080))
        #expect(tags["network.protocol.version"] == .text("1.1"))
    }

    @Test func boundsTheLengthOfTags() throws {
        let long = String(repeating: "p", count: 5_000)
        let span = try self.span({ $0.tags = [.init("a", .literal(long))] }, self.traced { $0.path = "/" + long })
        let tags = self.tags(span)
        #expect(tags["a"] == .text(String(repeating: "p", count: 1_024)))
        #expect(tags["http.url"] == .text("http://echo.demo:8080/" + String(repeating: "p", count: 255)))
    }

    @Test func makesNoSpanOfWhatIsNotRecorded() throws {
        #expect(try self.span({ _ in }, self.traced { $0.trace?.isSampled = false }) == nil)
        #expect(try self.span({ _ in }, SampleRecord.http()) == nil)
        #expect(try self.span({ $0.isDisabled = true }, self.traced()) == nil)
        #expect(try self.span({ _ in }, SampleRecord.tcp { $0.trace = self.traced().trace }) == nil)
    }

    @Test(
        "names",
        arguments: [
            (SpanName.PathMatch?.none, "/*"), (.exact("/a"), "/a"), (.prefix("/a"), "/a*"),
            (.pattern("/[a-z]+"), "/[a-z]+"),
        ]
    )
    func names(_ path: SpanName.PathMatch?, _ shown: String) {
        #expect(SpanName.operation(host: "echo.demo", port: 80, path: path) == "echo.demo:80" + shown)
    }
}

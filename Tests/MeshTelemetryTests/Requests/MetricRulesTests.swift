import Testing

@testable import MeshTelemetry

struct MetricRulesTests {
    private let registry = MetricsRegistry()

    private func override(
        _ metric: String = "",
        disabled: Bool = false,
        _ tags: [MetricRules.Override.Tag] = []
    ) -> MetricRules.Override {
        var override = MetricRules.Override()
        override.metric = metric
        override.isDisabled = disabled
        override.tags = tags
        return override
    }

    /// The text after some requests under some rules.
    private func lines(_ overrides: [MetricRules.Override], _ records: [RequestRecord]) throws -> [Substring] {
        var headers = HeaderPlan()
        let rules = try MetricRules(overrides, headers: &headers)
        let meter = RequestMeter(RequestMetrics(registry: self.registry))
        for var record in records {
            record.keepRequestHeaders(headers) { $0 == "x-tenant" ? "blue" : nil }
            meter.end(&record, rules: rules)
        }
        return String(decoding: self.registry.exposition(.prometheus), as: UTF8.self).split(separator: "\n")
    }

    @Test("Istio's test of customised metrics: a label more, one less")
    func customised() throws {
        let tags: [MetricRules.Override.Tag] = [
            .init("custom_dimension", value: "'test'"), .init("source_principal", value: nil),
        ]
        let other = PeerLabels(
            SampleRecord.facts {
                $0.workload = "shell-v1"
                $0.canonicalService = "shell"
                $0.namespace = "demo"
                $0.principal = "spiffe://cluster.local/ns/demo/sa/another"
                $0.cluster = "Kubernetes"
            }
        )
        let lines = try self.lines(
            [self.override("", tags)],
            [SampleRecord.http(), SampleRecord.http { $0.source = other }]
        )
        let requests = lines.filter { $0.hasPrefix("istio_requests_total{") }
        // Without the label that told them apart the two clients are one series.
        #expect(requests.count == 1)
        #expect(requests.first?.hasSuffix("custom_dimension=\"test\"} 2") == true)
        #expect(requests.first?.contains("source_principal") == false)
        #expect(lines.contains { $0.hasPrefix("istio_response_bytes_count{") && $0.hasSuffix("} 2") })
    }

    @Test func changesOneMetricOnly() throws {
        let lines = try self.lines(
            [
                self.override("REQUEST_COUNT", [.init("request_host", value: "request.host")]),
                self.override("REQUEST_COUNT", [.init("response_code", value: "request.headers['x-tenant']")]),
                self.override("REQUEST_SIZE", disabled: true),
            ],
            [SampleRecord.http()]
        )
        let request = lines.first { $0.hasPrefix("istio_requests_total{") } ?? ""
        #expect(request.contains("request_host=\"echo.demo:8080\""))
        #expect(request.contains("response_code=\"blue\""))
        #expect(!lines.contains { $0.hasPrefix("istio_request_bytes") })
        let duration = lines.first { $0.hasPrefix("istio_request_duration_milliseconds_count{") } ?? ""
        #expect(duration.contains("response_code=\"200\"") && !duration.contains("request_host"))
    }

    @Test("a later override wins, also over a disabled metric")
    func order() throws {
        let lines = try self.lines(
            [self.override(disabled: true), self.override("REQUEST_COUNT")],
            [SampleRecord.http()]
        )
        #expect(lines.contains { $0.hasPrefix("istio_requests_total{") })
        #expect(!lines.contains { $0.hasPrefix("istio_response_bytes") })
    }

    @Test func showsUnknownForWhatFails() throws {
        let lines = try self.lines(
            [self.override("", [.init("route", value: "response.headers['x-none']")])],
            [SampleRecord.http()]
        )
        #expect(lines.contains { $0.hasPrefix("istio_requests_total{") && $0.contains("route=\"unknown\"") })
    }

    @Test(arguments: [
        ("NO_SUCH", "a", "'b'", MetricRules.Failure.unknownMetric("NO_SUCH")),
        ("", "a b", "'b'", .invalidLabel("a b")), ("", "__name__", "'b'", .invalidLabel("__name__")),
        ("", "le", "'b'", .invalidLabel("le")), ("", "1st", "'b'", .invalidLabel("1st")),
        ("", "a", "no.such", .expression(label: "a", .unknownAttribute("no.such"))),
    ])
    func refuses(_ metric: String, _ tag: String, _ value: String, _ failure: MetricRules.Failure) {
        var headers = HeaderPlan()
        #expect(throws: failure) {
            try MetricRules([self.override(metric, [.init(tag, value: value)])], headers: &headers)
        }
    }

    @Test func boundsTheLabels() {
        let tags = (0...MetricRules.maximumLabels).map { MetricRules.Override.Tag("label\($0)", value: "'x'") }
        var headers = HeaderPlan()
        #expect(throws: MetricRules.Failure.tooManyLabels(33)) {
            try MetricRules([self.override("", tags)], headers: &headers)
        }
    }
}

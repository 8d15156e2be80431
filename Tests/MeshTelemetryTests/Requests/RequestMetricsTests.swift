import Synchronization
import Testing

@testable import MeshTelemetry

struct RequestMetricsTests {
    private final class Clock: Sendable {
        let seconds = Atomic<UInt64>(1_000)
    }

    private let registry = MetricsRegistry()
    private let clock = Clock()

    private func metrics(_ limits: RequestMetrics.Limits = RequestMetrics.Limits()) -> RequestMetrics {
        let clock = self.clock
        return RequestMetrics(registry: self.registry, limits: limits) { clock.seconds.load(ordering: .relaxed) }
    }

    private var lines: [Substring] {
        String(decoding: self.registry.exposition(.prometheus), as: UTF8.self).split(separator: "\n")
    }

    private func line(_ start: String) -> Substring? { self.lines.first { $0.hasPrefix(start) } }

    private func end(_ record: RequestRecord, _ meter: RequestMeter, rules: MetricRules = .standard) {
        var record = record
        meter.end(&record, rules: rules)
    }

    @Test func carriesIstiosLabelsInOrder() {
        let meter = RequestMeter(self.metrics())
        self.end(SampleRecord.http(), meter)
        let labels = """
            reporter="waypoint",source_workload="shell-v1",source_canonical_service="shell",\
            source_canonical_revision="latest",source_workload_namespace="demo",\
            source_principal="spiffe://cluster.local/ns/demo/sa/shell",source_app="shell",source_version="unknown",\
            source_cluster="Kubernetes",destination_workload="echo-v2",destination_workload_namespace="demo",\
            destination_principal="spiffe://cluster.local/ns/demo/sa/echo",destination_app="echo",\
            destination_version="v2",destination_service="echo.demo.mesh.internal",\
            destination_canonical_service="echo",destination_canonical_revision="v2",destination_service_name="echo",\
            destination_service_namespace="demo",destination_cluster="Kubernetes",request_protocol="http",\
            response_code="200",grpc_response_status="",response_flags="-",connection_security_policy="mutual_tls"
            """
        #expect(self.lines.contains("istio_requests_total{\(labels)} 1"))
        #expect(self.lines.contains("istio_request_duration_milliseconds_sum{\(labels)} 12.345"))
        #expect(self.lines.contains("istio_request_duration_milliseconds_bucket{\(labels),le=\"10\"} 0"))
        #expect(self.lines.contains("istio_request_duration_milliseconds_bucket{\(labels),le=\"25\"} 1"))
        #expect(self.lines.contains("istio_request_bytes_sum{\(labels)} 217.0"))
        #expect(self.lines.contains("istio_response_bytes_count{\(labels)} 1"))
        #expect(!self.lines.contains { $0.hasPrefix("istio_tcp_") || $0.hasPrefix("istio_request_messages_total") })
    }

    @Test func hasEnvoysBuckets() {
        let meter = RequestMeter(self.metrics())
        self.end(SampleRecord.http(), meter)
        let bounds = self.lines.filter { $0.hasPrefix("istio_request_bytes_bucket") }
            .compactMap { $0.split(separator: "le=\"").last?.split(separator: "\"").first }
        #expect(
            bounds == [
                "0.5", "1", "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000", "30000",
                "60000", "300000", "600000", "1800000", "3600000", "+Inf",
            ]
        )
    }

    @Test("values at a bound fall below it", arguments: [(0, 0), (500, 0), (501, 1), (1_000, 1), (3_600_000_001, 19)])
    func bucket(_ microseconds: UInt64, _ index: Int) {
        #expect(RequestBuckets(RequestBuckets.standard, isDuration: true).index(of: microseconds) == index)
    }

    @Test("what isn't known reads unknown, and only the client's revision latest")
    func unknown() {
        let meter = RequestMeter(self.metrics())
        var record = RequestRecord(.http, start: 0)
        record.responseCode = 404
        record.flags = .noRouteFound
        self.end(record, meter)
        let line = self.line("istio_requests_total{") ?? ""
        #expect(line.contains("source_canonical_revision=\"latest\""))
        #expect(line.contains("destination_canonical_revision=\"unknown\""))
        #expect(line.contains("destination_service=\"unknown\""))
        #expect(line.contains("response_flags=\"NR\",connection_security_policy=\"none\""))
        #expect(line.contains("source_principal=\"unknown\""))
    }

    @Test("gRPC's status and messages", arguments: [(nil, ""), (0, "0"), (14, "14"), (-3, ""), (900, "")])
    func grpc(_ status: Int?, _ shown: String) {
        let meter = RequestMeter(self.metrics())
        let record = SampleRecord.http {
            $0.isGRPC = true
            $0.grpcStatus = status.map { Int32($0) }
            $0.requestMessages = 3
        }
        self.end(record, meter)
        let line = self.line("istio_requests_total{") ?? ""
        #expect(line.contains("request_protocol=\"grpc\",response_code=\"200\",grpc_response_status=\"\(shown)\""))
        #expect(self.line("istio_request_messages_total{")?.hasSuffix(" 3") == true)
    }

    @Test("a tick counts what came since the last one, and the end the rest")
    func ticks() {
        let meter = RequestMeter(self.metrics())
        var record = SampleRecord.tcp()
        meter.tick(&record)
        #expect(self.line("istio_tcp_connections_opened_total{")?.hasSuffix(" 1") == true)
        #expect(self.line("istio_tcp_sent_bytes_total{") == nil)
        record.sent.body = 100
        record.received.body = 7
        meter.tick(&record)
        meter.tick(&record)
        #expect(self.line("istio_tcp_sent_bytes_total{")?.hasSuffix(" 100") == true)
        #expect(self.line("istio_tcp_connections_closed_total{") == nil)
        record.sent.body = 150
        meter.end(&record)
        meter.end(&record)
        #expect(self.line("istio_tcp_sent_bytes_total{")?.hasSuffix(" 150") == true)
        #expect(self.line("istio_tcp_received_bytes_total{")?.hasSuffix(" 7") == true)
        #expect(self.line("istio_tcp_connections_opened_total{")?.hasSuffix(" 1") == true)
        let closed = self.line("istio_tcp_connections_closed_total{") ?? ""
        #expect(
            closed.hasSuffix(
                "request_protocol=\"tcp\",response_flags=\"-\",connection_security_policy=\"mutual_tls\"} 1"
            )
        )
        #expect(!closed.contains("response_code=") && !closed.contains("grpc_response_status"))
    }

    @Test("one series however labels came to be, and none mixed up")
    func series() {
        let metrics = self.metrics()
        let (one, other) = (RequestMeter(metrics), RequestMeter(metrics))
        self.end(SampleRecord.http(), one)
        self.end(
            SampleRecord.http {
                $0.source = PeerLabels(
                    SampleRecord.facts {
                        $0.workload = "shell-v1"
                        $0.canonicalService = "shell"
                        $0.principal = "spiffe://cluster.local/ns/demo/sa/shell"
                        $0.cluster = "Kubernetes"
                        $0.instance = "shell-8"
                    }
                )
            },
            other
        )
        self.end(SampleRecord.http { $0.flags = [.upstreamConnectionFailure, .upstreamRetryLimitExceeded] }, one)
        self.end(SampleRecord.http { $0.responseCode = 503 }, one)
        let counts = self.lines.filter { $0.hasPrefix("istio_requests_total{") }.map { $0.suffix(2) }
        #expect(counts == [" 2", " 1", " 1"])
        #expect(self.lines.contains { $0.contains("response_flags=\"UF,URX\"") })
    }

    @Test func boundsTheSeriesThatRequestsCanMake() {
        var limits = RequestMetrics.Limits()
        limits.series = 3
        let meter = RequestMeter(self.metrics(limits))
        for index in 0..<50 {
            for _ in 0..<2 { self.end(SampleRecord.http { $0.responseCode = UInt16(200 + index) }, meter) }
        }
        let requests = self.lines.filter { $0.hasPrefix("istio_requests_total{") }
        #expect(requests.count == 4)
        let other = requests.first { $0.contains("source_workload=\"other\"") } ?? ""
        #expect(other.hasSuffix(" 94"))
        #expect(other.contains("reporter=\"waypoint\"") && other.contains("response_code=\"other\""))
        #expect(self.lines.contains("tulle_request_series_overflowed_total 94"))
    }

    @Test func letsGoWhatStandsStillOnceItsLastCountsWereShown() {
        let metrics = self.metrics()
        let meter = RequestMeter(metrics)
        self.end(SampleRecord.http(), meter)
        let busy = SampleRecord.http { $0.responseCode = 404 }
        self.end(busy, meter)
        #expect(self.lines.contains { $0.contains("response_code=\"200\"") })
        self.clock.seconds.add(1_800, ordering: .relaxed)
        self.end(busy, meter)
        // The first text makes meters forget the series, the second lets it go, the third is without it.
        #expect(self.lines.contains { $0.contains("response_code=\"200\"") })
        #expect(self.lines.contains { $0.contains("response_code=\"200\"") })
        #expect(!self.lines.contains { $0.contains("response_code=\"200\"") })
        #expect(self.lines.contains { $0.contains("response_code=\"404\"") })
        self.end(SampleRecord.http(), meter)
        #expect(self.lines.contains { $0.hasPrefix("istio_requests_total{") && $0.contains("response_code=\"200\"") })
    }

    @Test("a series that somebody counts in while it is leaving stays, with its count")
    func returns() {
        let meter = RequestMeter(self.metrics())
        self.end(SampleRecord.http(), meter)
        _ = self.lines
        self.clock.seconds.add(1_800, ordering: .relaxed)
        _ = self.lines
        self.end(SampleRecord.http(), meter)
        _ = self.lines
        #expect(self.line("istio_requests_total{")?.hasSuffix(" 2") == true)
    }

    @Test("many series go in many pieces, complete and each family opened once")
    func pieces() {
        let meter = RequestMeter(self.metrics())
        for code in 100..<500 { self.end(SampleRecord.http { $0.responseCode = UInt16(code) }, meter) }
        var text = self.registry.text(.prometheus)
        var pieces: [[UInt8]] = []
        while let piece = text.next() { pieces.append(piece) }
        #expect(pieces.count > 20)
        #expect(pieces.allSatisfy { $0.count < 2_000_000 })
        #expect(self.lines.filter { $0.hasPrefix("istio_requests_total{") }.count == 400)
        #expect(self.lines.filter { $0.hasPrefix("# TYPE istio_requests_total") }.count == 1)
    }
}

import Testing

@testable import MeshTelemetry

struct ConnectionMetricsTests {
    private let registry = MetricsRegistry()

    private var lines: [Substring] {
        String(decoding: self.registry.exposition(.prometheus), as: UTF8.self).split(separator: "\n")
    }

    @Test func carriesIstiosLabelsInOrder() {
        let metrics = ConnectionMetrics(registry: self.registry)
        var labels = ConnectionLabels(reporter: .source)
        labels.source.name = "shell"
        labels.source.canonicalService = "shell"
        labels.source.namespace = "demo"
        labels.source.principal = "spiffe://cluster.local/ns/demo/sa/shell"
        labels.source.region = "eu-west-1"
        labels.service = "echo.demo.mesh.internal"
        labels.isMutualTLS = true
        metrics.opened(labels).sent.add(7)
        #expect(
            self.lines.contains(
                """
                istio_tcp_sent_bytes_total{reporter="source",source_workload="shell",source_canonical_service="shell",\
                source_canonical_revision="unknown",source_workload_namespace="demo",\
                source_principal="spiffe://cluster.local/ns/demo/sa/shell",source_app="shell",source_version="unknown",\
                source_cluster="unknown",destination_service="echo.demo.mesh.internal",\
                destination_service_namespace="unknown",destination_service_name="unknown",\
                destination_workload="unknown",destination_canonical_service="unknown",\
                destination_canonical_revision="unknown",destination_workload_namespace="unknown",\
                destination_principal="unknown",destination_app="unknown",destination_version="unknown",\
                destination_cluster="unknown",request_protocol="tcp",response_flags="-",\
                connection_security_policy="mutual_tls",source_region="eu-west-1"} 7
                """
            )
        )
    }

    @Test func countsAnEndWithAFlagAsClosedAndFailed() {
        let metrics = ConnectionMetrics(registry: self.registry)
        let labels = ConnectionLabels(reporter: .destination)
        _ = metrics.opened(labels)
        metrics.closed(labels, flag: .denied)
        metrics.closed(labels, flag: .none)
        let closed = self.lines.filter { $0.hasPrefix("istio_tcp_connections_closed_total{") }
        let failed = self.lines.filter { $0.hasPrefix("istio_tcp_connections_failed_total{") }
        #expect(closed.count == 2)
        #expect(failed.count == 1)
        #expect(failed.first?.contains("response_flags=\"DENY\"") == true)
    }

    @Test func boundsTheSeriesThatPeersCanMake() {
        let metrics = ConnectionMetrics(registry: self.registry, seriesLimit: 3)
        for index in 0..<50 {
            var labels = ConnectionLabels(reporter: .destination)
            labels.source.principal = "spiffe://cluster.local/ns/demo/sa/\(index)"
            _ = metrics.opened(labels)
            metrics.closed(labels, flag: .none)
        }
        let opened = self.lines.filter { $0.hasPrefix("istio_tcp_connections_opened_total{") }
        #expect(opened.count == 4)
        #expect(opened.contains { $0.contains("source_workload=\"overflow\"") && $0.hasSuffix(" 47") })
        let closed = self.lines.filter { $0.hasPrefix("istio_tcp_connections_closed_total{") }
        #expect(closed.count == 7)
    }

    @Test func sharesOneSeriesBetweenConnectionsWithEqualLabels() {
        let metrics = ConnectionMetrics(registry: self.registry)
        let labels = ConnectionLabels(reporter: .source)
        #expect(metrics.opened(labels) === metrics.opened(labels))
        #expect(metrics.openSockets(.source) === metrics.openSockets(.source))
    }
}

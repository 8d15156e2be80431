import Synchronization
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
        labels.source.app = "shell"
        labels.source.region = "eu-west-1"
        labels.source.isKnown = true
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
                connection_security_policy="mutual_tls",source_region="eu-west-1",source_zone="unknown",\
                destination_region="unknown",destination_zone="unknown"} 7
                """
            )
        )
    }

    @Test func leavesRegionsAndZonesOutWhileNoWorkloadIsKnown() {
        let metrics = ConnectionMetrics(registry: self.registry)
        _ = metrics.opened(ConnectionLabels(reporter: .source))
        let opened = self.lines.first { $0.hasPrefix("istio_tcp_connections_opened_total{") }
        #expect(opened?.hasSuffix(#"connection_security_policy="unknown"} 1"#) == true)
    }

    @Test func countsAnEndWithAFlagAsClosedAndFailed() {
        let metrics = ConnectionMetrics(registry: self.registry)
        let labels = ConnectionLabels(reporter: .destination)
        metrics.opened(labels).closed(.denied)
        metrics.opened(labels).closed(.none)
        let closed = self.lines.filter { $0.hasPrefix("istio_tcp_connections_closed_total{") }
        let failed = self.lines.filter { $0.hasPrefix("istio_tcp_connections_failed_total{") }
        #expect(closed.count == 2)
        #expect(failed.count == 1)
        #expect(failed.first?.contains("response_flags=\"DENY\"") == true)
    }

    @Test func namesEveryFlagAsIstioDoes() {
        let metrics = ConnectionMetrics(registry: self.registry)
        for flag in ConnectionLabels.Flag.allCases { metrics.opened(ConnectionLabels(reporter: .source)).closed(flag) }
        let closed = self.lines.filter { $0.hasPrefix("istio_tcp_connections_closed_total{") }
        let names = [
            "-", "CERT_REVOKED", "CONNECT", "DENY", "H2_HANDSHAKE_FAILURE", "IDENTITY_ERROR", "NETWORK_POLICY",
            "TLS_FAILURE",
        ]
        #expect(closed.count == names.count)
        for name in names {
            #expect(closed.contains { $0.contains("response_flags=\"\(name)\"") && $0.hasSuffix(" 1") })
        }
        #expect(self.lines.filter { $0.hasPrefix("istio_tcp_connections_failed_total{") }.count == names.count - 1)
    }

    @Test func showsAConnectionAsOpenedWhileItLivesAndAsClosedOnlyAfter() {
        let metrics = ConnectionMetrics(registry: self.registry)
        let series = metrics.opened(ConnectionLabels(reporter: .source))
        #expect(self.lines.contains { $0.hasPrefix("istio_tcp_connections_opened_total{") && $0.hasSuffix(" 1") })
        #expect(!self.lines.contains { $0.hasPrefix("istio_tcp_connections_closed_total") })
        series.closed(.none)
        #expect(self.lines.contains { $0.hasPrefix("istio_tcp_connections_closed_total{") && $0.hasSuffix(" 1") })
        #expect(!self.lines.contains { $0.hasPrefix("istio_tcp_connections_failed_total") })
    }

    @Test func boundsTheSeriesThatPeersCanMake() {
        var limits = ConnectionMetrics.Limits()
        limits.series = 3
        let metrics = ConnectionMetrics(registry: self.registry, limits: limits)
        for index in 0..<50 {
            var labels = ConnectionLabels(reporter: .destination)
            labels.source.principal = "spiffe://cluster.local/ns/demo/sa/\(index)"
            metrics.opened(labels).closed(.none)
        }
        let opened = self.lines.filter { $0.hasPrefix("istio_tcp_connections_opened_total{") }
        #expect(opened.count == 4)
        #expect(opened.contains { $0.contains("source_workload=\"overflow\"") && $0.hasSuffix(" 47") })
        let closed = self.lines.filter { $0.hasPrefix("istio_tcp_connections_closed_total{") }
        #expect(closed.count == 4)
    }

    private final class Clock: Sendable {
        let seconds = Atomic<UInt64>(1_000)
    }

    private func labels(_ name: String) -> ConnectionLabels {
        var labels = ConnectionLabels(reporter: .source)
        labels.source.name = name
        return labels
    }

    private func shows(_ name: String) -> Bool { self.lines.contains { $0.contains("source_workload=\"\(name)\"") } }

    @Test func letsGoWhatIsIdleOnceItsLastCountsWereShown() {
        let clock = Clock()
        let metrics = ConnectionMetrics(registry: self.registry) { clock.seconds.load(ordering: .relaxed) }
        metrics.opened(self.labels("gone")).closed(.none)
        let live = metrics.opened(self.labels("live"))
        #expect(self.shows("gone"))
        clock.seconds.add(1_799, ordering: .relaxed)
        #expect(self.shows("gone"))
        clock.seconds.add(1, ordering: .relaxed)
        // Shown a last time, then let go; the open one stays whatever its age.
        #expect(self.shows("gone"))
        #expect(!self.shows("gone"))
        #expect(self.shows("live"))
        live.sent.add(5)
        live.closed(.none)
        #expect(self.lines.contains { $0.hasPrefix("istio_tcp_sent_bytes_total{") && $0.hasSuffix(" 5") })
    }

    @Test func keepsCountsThatNobodyHasSeen() {
        let clock = Clock()
        let metrics = ConnectionMetrics(registry: self.registry) { clock.seconds.load(ordering: .relaxed) }
        metrics.opened(self.labels("unseen")).closed(.none)
        clock.seconds.add(1_000_000, ordering: .relaxed)
        #expect(self.shows("unseen"))
    }

    @Test func makesRoomInAFullTableFromWhatIsIdle() {
        let clock = Clock()
        var limits = ConnectionMetrics.Limits()
        limits.series = 2
        let metrics = ConnectionMetrics(registry: self.registry, limits: limits) {
            clock.seconds.load(ordering: .relaxed)
        }
        metrics.opened(self.labels("a")).closed(.none)
        _ = metrics.opened(self.labels("b"))
        _ = metrics.opened(self.labels("too-many"))
        #expect(!self.shows("too-many"))
        clock.seconds.add(1_800, ordering: .relaxed)
        _ = metrics.opened(self.labels("c"))
        #expect(self.shows("b"))
        #expect(self.shows("c"))
        #expect(!self.shows("a"))
    }

    @Test func countsFailuresByCodeAlsoWithoutAnOpenedConnection() {
        let metrics = ConnectionMetrics(registry: self.registry)
        metrics.failed(.destination, code: "recursive_call")
        #expect(
            self.lines.contains(
                #"tulle_connection_failures_total{reporter="destination",code="recursive_call"} 1"#
            )
        )
    }

    @Test func countsEveryLookedUpNameInOneSeries() {
        let metrics = OnDemandNameMetrics(registry: self.registry)
        var source = ConnectionLabels.Workload()
        source.name = "shell"
        source.region = "eu-west-1"
        metrics.count(source, hostname: "db.example")
        metrics.count(source, hostname: "db.example")
        let lines = self.lines.filter { $0.hasPrefix("istio_on_demand_dns_total{") }
        #expect(lines.count == 1)
        #expect(
            lines.first == """
                istio_on_demand_dns_total{source_workload="shell",source_canonical_service="unknown",\
                source_canonical_revision="unknown",source_workload_namespace="unknown",source_principal="unknown",\
                source_app="unknown",source_version="unknown",source_cluster="unknown",hostname="db.example"} 2
                """
        )
    }

    @Test func sharesOneSeriesBetweenConnectionsWithEqualLabels() {
        let metrics = ConnectionMetrics(registry: self.registry)
        let labels = ConnectionLabels(reporter: .source)
        #expect(metrics.opened(labels) === metrics.opened(labels))
        #expect(metrics.openSockets(.source) === metrics.openSockets(.source))
    }
}

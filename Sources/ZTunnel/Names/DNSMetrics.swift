import MeshDNS
import MeshModel
package import MeshTelemetry

/// The metrics of the DNS proxies of a process, with ztunnel's names, labels and buckets.
package final class DNSMetrics: Sendable {
    /// How a client asked.
    package enum Transport: String, Sendable {
        case udp, tcp
    }

    private let requests: MetricFamily<Counter>
    private let forwarded: MetricFamily<Counter>
    private let failures: MetricFamily<Counter>
    private let durations: MetricFamily<Histogram>

    private static let labels = [
        "request_query_type", "request_protocol", "source_canonical_service", "source_canonical_revision",
    ]

    /// Adds the metrics to `registry`.
    package init(registry: MetricsRegistry) {
        self.requests = registry.counters(
            "istio_dns_requests_total",
            help: "DNS requests (unstable).",
            labels: Self.labels
        )
        self.forwarded = registry.counters(
            "istio_dns_upstream_requests_total",
            help: "DNS requests that upstream was asked for (unstable).",
            labels: Self.labels
        )
        self.failures = registry.counters(
            "istio_dns_upstream_failures_total",
            help: "DNS requests that upstream did not answer (unstable).",
            labels: Self.labels
        )
        self.durations = registry.histograms(
            "istio_dns_upstream_request_duration_seconds",
            help: "Seconds until upstream answered a DNS request (unstable).",
            labels: Self.labels,
            bounds: [0.0005, 0.001, 0.01, 0.1, 1, 5]
        )
    }

    /// The labels of one request. Types without a name share `other`, or clients could make series as they like.
    func series(_ type: DNSType, _ transport: Transport, client: Workload) -> [String] {
        [
            type.mnemonic?.lowercased() ?? "other", transport.rawValue,
            client.canonicalName.isEmpty ? "unknown" : client.canonicalName,
            client.canonicalRevision.isEmpty ? "unknown" : client.canonicalRevision,
        ]
    }

    /// Counts a request.
    func asked(_ series: [String]) { self.requests.series(series).add() }

    /// Counts a request that a server was asked for.
    /// - Parameters:
    ///   - seconds: how long that took.
    ///   - isFailure: whether no answer came of it.
    func forwarded(_ series: [String], seconds: Double, isFailure: Bool) {
        self.forwarded.series(series).add()
        if isFailure { self.failures.series(series).add() }
        self.durations.series(series).observe(seconds)
    }
}

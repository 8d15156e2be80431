/// Istio's count of look-ups for endpoints that are known by name only: `istio_on_demand_dns_total`.
package final class OnDemandNameMetrics: Sendable {
    private let requests: MetricFamily<Counter>

    /// Adds the metric to `registry`.
    package init(registry: MetricsRegistry) {
        self.requests = registry.counters(
            "istio_on_demand_dns_total",
            help: "Look-ups of endpoints that are known by name only, answered from memory or not.",
            labels: ConnectionLabels.sourceNames + ["hostname"]
        )
    }

    /// Counts one look-up for a client.
    package func count(_ source: ConnectionLabels.Workload, hostname: String) {
        self.requests.series(source.values + [hostname]).add()
    }
}

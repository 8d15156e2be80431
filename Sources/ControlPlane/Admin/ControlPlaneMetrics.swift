package import MeshTelemetry

/// All metrics of the control plane, in one table. Names are Istio's where the meaning is the same, so that existing
/// dashboards fill.
package final class ControlPlaneMetrics: Sendable {
    /// Where the text of `/metrics` comes from.
    package let registry: MetricsRegistry
    let streams: Gauge
    let services: Gauge
    let pushes: MetricFamily<Counter>
    let rejects: MetricFamily<Counter>
    let staleNonces: MetricFamily<Counter>
    let refusedStreams: MetricFamily<Counter>
    let observations: MetricFamily<Counter>
    let events: MetricFamily<Counter>
    let sharedEvents: MetricFamily<Counter>
    let debounceTime: Histogram
    let compileTime: Histogram
    let sendTime: Histogram
    let pushBytes: Histogram
    let requests: Counter
    let issued: Counter
    let refusals: MetricFamily<Counter>

    /// Makes the table with all counts at zero.
    package init() {
        let registry = MetricsRegistry()
        let seconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30]
        self.registry = registry
        self.streams = registry.gauges("pilot_xds", help: "Data planes connected for discovery.").with()
        self.services = registry.gauges("pilot_services", help: "Services known.").with()
        self.pushes = registry.counters("pilot_xds_pushes", help: "Responses sent, by type.", labels: ["type"])
        self.rejects = registry.counters(
            "pilot_total_xds_rejects",
            help: "Responses that a data plane rejected, by type.",
            labels: ["type"]
        )
        self.staleNonces = registry.counters(
            "pilot_xds_expired_nonce",
            help: "Requests that answer an older response than the last, and are ignored, by type.",
            labels: ["type"]
        )
        self.refusedStreams = registry.counters(
            "tulle_xds_refused_streams_total",
            help: "Discovery streams refused, by code.",
            labels: ["code"]
        )
        self.observations = registry.counters(
            "pilot_inbound_updates",
            help: "Observations taken in, by discovery worker.",
            labels: ["type"]
        )
        self.events = registry.counters(
            "tulle_discovery_events_total",
            help: "Messages of event queues, by what became of them.",
            labels: ["outcome"]
        )
        self.sharedEvents = registry.counters(
            "tulle_shared_events_total",
            help: "Events that a replica handed on, by what became of them here.",
            labels: ["outcome"]
        )
        self.debounceTime = registry.histograms(
            "pilot_debounce_time",
            help: "Seconds from the first of several changes to their push.",
            bounds: seconds
        ).with()
        self.compileTime = registry.histograms(
            "pilot_xds_push_time",
            help: "Seconds to compile and publish a change.",
            labels: [],
            bounds: seconds
        ).with()
        self.sendTime = registry.histograms(
            "pilot_xds_send_time",
            help: "Seconds to hand a response to the transport.",
            bounds: seconds
        ).with()
        self.pushBytes = registry.histograms(
            "pilot_xds_config_size_bytes",
            help: "Size of the resources in a response.",
            bounds: [1e3, 1e4, 1e5, 1e6, 4e6, 1e7, 4e7]
        ).with()
        self.requests = registry.counters(
            "citadel_server_csr_count",
            help: "Calls of CreateCertificate."
        ).with()
        self.issued = registry.counters(
            "citadel_server_success_cert_issuance_count",
            help: "Certificates given out."
        ).with()
        self.refusals = registry.counters(
            "tulle_certificate_refusals_total",
            help: "Calls of CreateCertificate refused, by code.",
            labels: ["code"]
        )
    }
}

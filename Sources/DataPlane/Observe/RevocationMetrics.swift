package import BoringTLS
package import MeshTelemetry

/// What is counted of revocations, by the names of Istio's ztunnel.
package enum RevocationMetrics {
    /// Adds the counters.
    package static func add(to registry: MetricsRegistry, _ revocations: RevocationRegister) {
        registry.sampledCounters(
            "istio_crl_policy_rejections_total",
            help: "Handshakes refused because a certificate of the peer's chain is revoked.",
            labels: ["reporter"]
        ) {
            [
                (["source"], revocations.rejections(as: .client)),
                (["destination"], revocations.rejections(as: .server)),
            ]
        }
        // Istio's ztunnel counts tunnels here that it can't find again when a list changes. Ours keep their peers'
        // chains, so there are none.
        registry.sampledCounter(
            "istio_crl_untracked_connections_total",
            help: "Tunnels whose peer can not be judged again when revocations change."
        ) { 0 }
    }
}

import MeshTelemetry
import Synchronization

/// The metrics of a ztunnel that serves many workloads, by upstream's names. Usable from any thread.
final class ManagerMetrics: Sendable {
    private let counts = Mutex((active: 0, pending: 0))
    private let started: Counter
    private let stopped: Counter

    init(registry: MetricsRegistry) {
        self.started = registry.counters(
            "workload_manager_proxies_started_total",
            help: "Workloads whose listeners were opened."
        ).with()
        self.stopped = registry.counters(
            "workload_manager_proxies_stopped_total",
            help: "Workloads that are served no longer."
        ).with()
        registry.sampled("workload_manager_active_proxy_count", help: "Workloads that are served.") { [weak self] in
            self.map { Double($0.counts.withLock { $0.active }) }
        }
        registry.sampled("workload_manager_pending_proxy_count", help: "Workloads that can't be served yet.") {
            [weak self] in
            self.map { Double($0.counts.withLock { $0.pending }) }
        }
    }

    /// How many are served now, and how many should be and are not.
    func set(active: Int, pending: Int) { self.counts.withLock { $0 = (active, pending) } }
    /// One was begun.
    func oneStarted() { self.started.add() }
    /// One was ended.
    func oneStopped() { self.stopped.add() }
}

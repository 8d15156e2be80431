import HTTPRouting
import MeshTelemetry
import Synchronization

/// Metrics of destinations, read from their state when somebody asks.
///
/// Destinations of one name count together, as several services may route to it. Those that no plan has any more are
/// shown no more.
final class ClusterMetrics: Sendable {
    private let known = Mutex<[ObjectIdentifier: Cluster]>([:])

    private struct Cluster {
        let state: ClusterState
        let name: String
    }

    /// The numbers of one name.
    private struct Numbers {
        var requests = 0
        var pending = 0
        var connections = 0
        var retries = 0
        var healthy = 0
        var ejected = 0
        var total = 0
        var ejections = 0
        var refused: [Int] = [0, 0, 0, 0]

        mutating func add(_ statistics: ClusterStatistics) {
            self.healthy += statistics.healthy
            self.ejected += statistics.ejected
            self.total += statistics.total
            self.ejections += statistics.ejections
            guard let limits = statistics.limits else { return }
            self.requests += limits.requests
            self.pending += limits.pending
            self.connections += limits.connections
            self.retries += limits.retries
            let refused = [
                limits.refusedRequests, limits.refusedPending, limits.refusedConnections, limits.refusedRetries,
            ]
            for (place, count) in refused.enumerated() { self.refused[place] += count }
        }
    }

    /// The limits, in the order of `Numbers.refused`.
    private static let limitNames = ["requests", "pending", "connections", "retries"]

    /// Adds the metrics to `registry`.
    init(registry: MetricsRegistry) {
        registry.sampled(
            "tulle_upstream_active",
            help: "What is under way to a destination.",
            labels: ["cluster", "kind"]
        ) { [weak self] in
            self?.all().flatMap { name, numbers in
                zip(Self.limitNames, [numbers.requests, numbers.pending, numbers.connections, numbers.retries])
                    .map { (values: [name, $0], value: Double($1)) }
            } ?? []
        }
        registry.sampledCounters(
            "tulle_upstream_overflow_total",
            help: "What a destination's limits refused.",
            labels: ["cluster", "kind"]
        ) { [weak self] in
            self?.all().flatMap { name, numbers in
                zip(Self.limitNames, numbers.refused).map { (values: [name, $0], count: UInt64(clamping: $1)) }
            } ?? []
        }
        registry.sampled(
            "tulle_upstream_endpoints",
            help: "Endpoints of a destination by what is thought of them.",
            labels: ["cluster", "state"]
        ) { [weak self] in
            self?.all().flatMap { name, numbers in
                [("healthy", numbers.healthy), ("ejected", numbers.ejected), ("all", numbers.total)]
                    .map { (values: [name, $0], value: Double($1)) }
            } ?? []
        }
        registry.sampledCounters(
            "tulle_upstream_ejections_total",
            help: "How often an endpoint of a destination was ejected.",
            labels: ["cluster"]
        ) { [weak self] in
            self?.all().map { (values: [$0], count: UInt64(clamping: $1.ejections)) } ?? []
        }
    }

    /// Takes over the destinations of a plan.
    func update(_ plan: WaypointPlan) {
        var known: [ObjectIdentifier: Cluster] = [:]
        let routed = plan.services.values.flatMap(\.clusters)
        let asked = plan.settings.authorizers.values.map(\.cluster)
        for cluster in routed + asked {
            known[ObjectIdentifier(cluster.state)] = Cluster(state: cluster.state, name: cluster.name)
        }
        self.known.withLock { $0 = known }
    }

    private func all() -> [(name: String, numbers: Numbers)] {
        var all: [String: Numbers] = [:]
        for cluster in self.known.withLock({ Array($0.values) }) {
            all[cluster.name, default: Numbers()].add(cluster.state.statistics)
        }
        return all.sorted { $0.key < $1.key }.map { (name: $0.key, numbers: $0.value) }
    }
}

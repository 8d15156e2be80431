import MeshProtos

/// How much of a cluster may be under way at once: Envoy's circuit breakers, shared by all loops. Zero bounds nothing.
/// ``ClusterState`` says what each place is for.
///
/// The cluster's pool gives the bounds; what it says of single connections is for who holds them.
final class CircuitLimits: Sendable {
    private let requests = AdmissionCounter()
    private let pending = AdmissionCounter()
    private let connections = AdmissionCounter()
    private let retries = AdmissionCounter()
    private let budget = RetryBudget()

    init(_ cluster: TulleL7.Cluster) { self.update(cluster) }

    func update(_ cluster: TulleL7.Cluster) {
        let pool = cluster.pool ?? TulleL7.ConnectionPool()
        self.requests.limit(to: pool.maxRequests)
        self.pending.limit(to: pool.maxPending)
        self.connections.limit(to: pool.maxConnections)
        self.budget.update(cluster.retryBudget)
        // A budget takes the place of the bound.
        self.retries.limit(to: cluster.retryBudget == nil ? pool.maxRetries : 0)
    }

    func admitRequest(isRetry: Bool = false, now: UInt64) -> Admission? {
        guard let admission = self.requests.admit() else { return nil }
        if !isRetry { self.budget.countRequest(now: now) }
        return admission
    }

    func admitPending() -> Admission? { self.pending.admit() }

    func admitConnection(isFirst: Bool = false) -> Admission? { self.connections.admit(always: isFirst) }

    func admitRetry(now: UInt64) -> Admission? {
        let load = self.requests.current + self.pending.current
        guard self.budget.allows(current: self.retries.current, load: load, now: now) else {
            self.retries.refuse()
            return nil
        }
        return self.retries.admit()
    }

    /// The numbers of this moment.
    var numbers: LimitNumbers {
        LimitNumbers(
            requests: self.requests.current,
            pending: self.pending.current,
            connections: self.connections.current,
            retries: self.retries.current,
            refusedRequests: self.requests.refusals,
            refusedPending: self.pending.refusals,
            refusedConnections: self.connections.refusals,
            refusedRetries: self.retries.refusals
        )
    }
}

import MeshProtos

/// How much of a cluster may be under way at once: Envoy's circuit breakers, shared by all loops. Zero bounds nothing.
///
/// The cluster's pool gives the bounds; what it says of single connections is for who holds them.
package final class CircuitLimits: Sendable {
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

    /// Takes a place for an attempt of a request that goes upstream now; nil means 503 with `UO`.
    /// - Parameters:
    ///   - isRetry: whether it is another attempt of a request that counted already.
    ///   - now: milliseconds.
    package func admitRequest(isRetry: Bool = false, now: UInt64) -> Admission? {
        guard let admission = self.requests.admit() else { return nil }
        if !isRetry { self.budget.countRequest(now: now) }
        return admission
    }

    /// Takes a place for a request that waits for a connection; nil means 503 with `UO`.
    package func admitPending() -> Admission? { self.pending.admit() }

    /// Takes a place for a connection, until it is closed; nil means that no other may be made now.
    /// - Parameter isFirst: whether the endpoint has no connection from this loop yet: one is allowed in any case, or
    ///   requests for it would wait for ever. Not for TCP, whose connections are refused with `UO`.
    package func admitConnection(isFirst: Bool = false) -> Admission? { self.connections.admit(always: isFirst) }

    /// Takes a place for a retry, until its attempt ends; nil means that the request is answered with what it has, and
    /// `URX` is logged.
    package func admitRetry(now: UInt64) -> Admission? {
        let load = self.requests.current + self.pending.current
        guard self.budget.allows(current: self.retries.current, load: load, now: now) else {
            self.retries.refuse()
            return nil
        }
        return self.retries.admit()
    }

    /// What is under way and what was refused.
    package struct Numbers: Sendable, Hashable {
        /// Attempts upstream.
        package var requests: Int
        /// Requests that wait for a connection.
        package var pending: Int
        /// Connections.
        package var connections: Int
        /// Retries.
        package var retries: Int
        /// Refused so far for `maxRequests`.
        package var refusedRequests: Int
        /// Refused so far for `maxPending`.
        package var refusedPending: Int
        /// Refused so far for `maxConnections`, with those that were made all the same.
        package var refusedConnections: Int
        /// Refused so far for `maxRetries` or the budget.
        package var refusedRetries: Int
    }

    /// The numbers of this moment.
    package var numbers: Numbers {
        Numbers(
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

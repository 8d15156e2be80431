/// Places under the cluster's limits. Each is given back when the returned value ends.
extension ClusterState {
    /// Takes a place for an attempt of a request that goes upstream now; nil means 503 with `UO`.
    /// - Parameters:
    ///   - isRetry: whether it is another attempt of a request that counted already.
    ///   - now: milliseconds.
    package func admitRequest(isRetry: Bool = false, now: UInt64) -> Admission? {
        self.limits.admitRequest(isRetry: isRetry, now: now)
    }

    /// Takes a place for a request that waits for a connection; nil means 503 with `UO`.
    package func admitPending() -> Admission? { self.limits.admitPending() }

    /// Takes a place for a connection, until it is closed; nil means that no other may be made now.
    /// - Parameter isFirst: whether the endpoint has no connection from this loop yet: one is allowed in any case, or
    ///   requests for it would wait for ever. Not for TCP, whose connections are refused with `UO`.
    package func admitConnection(isFirst: Bool = false) -> Admission? { self.limits.admitConnection(isFirst: isFirst) }

    /// Takes a place for a retry, until its attempt ends; nil means that the request is answered with what it has, and
    /// `URX` is logged.
    /// - Parameter now: milliseconds.
    package func admitRetry(now: UInt64) -> Admission? { self.limits.admitRetry(now: now) }
}

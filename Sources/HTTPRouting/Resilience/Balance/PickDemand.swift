package import MeshModel
package import MeshTelemetry

/// What one choice of an endpoint depends on.
package struct PickDemand: Sendable {
    /// The key of a consistent choice; see ``HashPolicy``.
    package var hash: UInt64?
    /// The endpoints that this request was sent to already, in order.
    package var tried: [EndpointHandle]
    /// Whether those are avoided. A consistent choice with a key takes its endpoint in any case, as Istio has it.
    package var avoidsTried: Bool
    /// Whether priorities that were tried twice are left (Istio's `retryRemoteLocalities`).
    package var shiftsPriorities: Bool
    /// The endpoint that a session belongs to; see ``SessionKeeper``.
    package var session: SocketAddress?

    /// Joins the wishes.
    package init(
        hash: UInt64? = nil,
        tried: [EndpointHandle] = [],
        avoidsTried: Bool = true,
        shiftsPriorities: Bool = false,
        session: SocketAddress? = nil
    ) {
        self.hash = hash
        self.tried = tried
        self.avoidsTried = avoidsTried
        self.shiftsPriorities = shiftsPriorities
        self.session = session
    }

    func hasTried(_ endpoint: EndpointHandle) -> Bool { self.tried.contains { $0.isSame(as: endpoint) } }
}

/// What a choice of an endpoint ends with.
package enum PickResult: Sendable {
    case endpoint(EndpointHandle)
    /// 503 with `UH`.
    case noHealthyEndpoint
    /// The service or subset does not exist: 503 with `NC`.
    case noSuchSubset

    /// What the log says of a request that found none; empty for an endpoint.
    package var flags: OutcomeFlags {
        switch self {
        case .endpoint: []
        case .noHealthyEndpoint: .noHealthyUpstream
        case .noSuchSubset: .noClusterFound
        }
    }
}

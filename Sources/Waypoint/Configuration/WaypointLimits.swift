package import DataPlane
package import TunnelEngine

/// Every bound of a waypoint, in one reviewed value.
package struct WaypointLimits: Sendable, Hashable {
    /// Tunnel connections at once on one loop.
    package var connections = 10_000
    /// Connections inside tunnels at once on one loop; one more is answered 503.
    package var sessions = 100_000
    /// Requests at once on one loop; one more is answered 503 with flag `OM`.
    package var requests = 50_000
    /// Of these bounds on one loop, the most that clients of one identity may have together: an identity that wants
    /// everything must leave room for others.
    package var connectionsPerIdentity = 7_500
    /// One more is answered 503.
    package var sessionsPerIdentity = 75_000
    /// One more is answered 503 with flag `OM`.
    package var requestsPerIdentity = 37_500
    /// How long nothing may move in a request and its answer, in milliseconds; 0 for ever, as in Istio's waypoints.
    /// Connections that were upgraded have the bound of connections that nobody reads then.
    package var streamIdleMilliseconds: UInt64 = 0
    /// Bytes of a request's body that are kept for another attempt; a longer body is tried once.
    package var replayBytes = 64 * 1024
    /// Bytes that are looked at to tell protocols apart.
    package var sniffBytes = 1_024
    /// How often long connections are counted, in milliseconds.
    package var samplingMilliseconds: UInt64 = 5_000
    /// The most that wait in one loop's connections for peers that do not read, in bytes.
    package var heldBytes = 256 << 20
    /// Bodies under inspection by payload policies and authorizers, of one loop, in bytes.
    package var inspectedBytes = 64 << 20
    /// Mirrored requests at once on one loop; one more is not mirrored.
    package var mirrors = 1_000
    /// The links of tunnels.
    package var link = WaypointLimits.tunnelLink
    /// The admin, metrics and readiness endpoints.
    package var endpoint = HTTPServerState.Limits()

    /// The defaults.
    package init() {}

    /// A tunnel carries many short connections, which end by resets for good reasons: resets are counted as a mesh's.
    private static var tunnelLink: LinkLimits {
        var limits = LinkLimits()
        limits.http2.concurrentStreams = 1_024
        return limits
    }
}

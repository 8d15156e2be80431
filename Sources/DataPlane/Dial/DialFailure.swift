/// Why a connection that was asked for could not be made.
package enum DialFailure: String, Error, Sendable, CaseIterable {
    /// The destination refused the connection.
    case refused = "dial_refused"
    /// There is no way to the host.
    case hostUnreachable = "dial_host_unreachable"
    /// There is no way to the network.
    case networkUnreachable = "dial_network_unreachable"
    /// Nothing answered in time.
    case timedOut = "dial_timed_out"
    /// The name has no address.
    case nameNotFound = "name_not_found"
    /// The service is known but has no healthy endpoint, or not that port.
    case noHealthyUpstream = "no_healthy_upstream"
    /// Policy forbids it, here or at the peer.
    case denied = "policy_denied"
    /// TLS, identity or HTTP/2 towards the peer failed.
    case tunnelFailed = "tunnel_failed"
    /// Anything else on our side.
    case internalFailure = "internal_failure"
}

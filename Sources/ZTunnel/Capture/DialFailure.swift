/// Why a requested connection could not be made, in the terms that both proxy protocols can tell a client.
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

    /// The reply field of RFC 1928 §6.
    var socksReply: UInt8 {
        switch self {
        case .internalFailure, .tunnelFailed: 0x01
        case .denied: 0x02
        case .networkUnreachable: 0x03
        case .hostUnreachable, .nameNotFound, .noHealthyUpstream, .timedOut: 0x04
        case .refused: 0x05
        }
    }

    /// The HTTP status.
    var httpStatus: Int {
        switch self {
        case .denied: 403
        case .timedOut: 504
        default: 502
        }
    }

    /// The error type of the `Proxy-Status` field (RFC 9209 §2.3).
    var proxyStatus: String {
        switch self {
        case .refused: "connection_refused"
        case .hostUnreachable, .networkUnreachable: "destination_ip_unroutable"
        case .timedOut: "connection_timeout"
        case .nameNotFound: "dns_error"
        case .noHealthyUpstream: "destination_unavailable"
        case .denied: "http_request_denied"
        case .tunnelFailed: "connection_terminated"
        case .internalFailure: "proxy_internal_error"
        }
    }
}

import DataPlane

/// What clients of the two proxy protocols are told.
extension DialFailure {
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

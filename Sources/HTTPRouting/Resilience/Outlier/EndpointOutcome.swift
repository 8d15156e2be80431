/// How an attempt at an endpoint ended, as outlier detection sees it.
package enum EndpointOutcome: Sendable, Hashable {
    /// An HTTP response with this status; for gRPC see ``grpc(_:)``.
    case status(Int)
    /// The connection was refused, or its handshake failed.
    case connectFailure
    /// The connection was not made in time.
    case connectTimeout
    /// Connection or stream ended without a response.
    case reset
    /// No response in time.
    case timeout
    /// A TCP connection was made.
    case success

    /// The outcome of a gRPC call, by its status in head or trailers: the HTTP status that Google's mapping
    /// (google/rpc/code.proto) gives it, as Envoy counts it.
    package static func grpc(_ status: Int) -> Self {
        switch status {
        case 0: .status(200)
        case 1: .status(499)
        case 3, 9, 11: .status(400)
        case 4: .status(504)
        case 5: .status(404)
        case 6, 10: .status(409)
        case 7: .status(403)
        case 8: .status(429)
        case 12: .status(501)
        case 14: .status(503)
        case 16: .status(401)
        default: .status(500)
        }
    }
}

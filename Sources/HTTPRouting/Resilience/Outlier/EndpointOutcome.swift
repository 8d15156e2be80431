/// How an attempt at an endpoint ended, as outlier detection sees it.
package enum EndpointOutcome: Sendable, Hashable {
    /// An HTTP response with this status. gRPC counts with the status its code stands for, as in access logs.
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
}

/// How an attempt at an endpoint ended, as outlier detection sees it.
package enum EndpointOutcome: Sendable, Hashable {
    /// A response with this status; one of gRPC counts as the HTTP status that its own stands for.
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

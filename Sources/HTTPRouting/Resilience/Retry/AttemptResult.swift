/// What came of one attempt of a request, before anything of it went to the client.
package enum AttemptResult: Sendable, Hashable {
    /// The head of a response.
    /// - Parameters:
    ///   - grpcStatus: the value of `grpc-status` in this head, which ends the response (trailers only); nil without one.
    ///   - isRateLimited: whether `x-envoy-ratelimited` is among its fields.
    case response(status: Int, grpcStatus: Int?, isRateLimited: Bool)
    /// The connection was refused, its handshake failed, or it was not made in time.
    case connectFailure
    /// The stream was refused before anything was done for it.
    case refusedStream
    /// Connection or stream ended without a response.
    /// - Parameter requestWasSent: whether the request's head had gone out.
    case reset(requestWasSent: Bool)
    /// No response in the time of an attempt.
    case attemptTimeout
    /// A limit of the cluster was reached, or it has no endpoint: never tried again.
    case refusedHere

    /// A head without gRPC's status.
    package static func status(_ status: Int) -> Self {
        .response(status: status, grpcStatus: nil, isRateLimited: false)
    }
}

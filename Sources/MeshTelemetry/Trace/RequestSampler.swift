/// Decides which requests are recorded, as Envoy does it with Istio's settings.
///
/// A caller's decision always stands. A request that brings none is recorded when somebody forces it
/// (`x-envoy-force-trace`, only from inside of the mesh), its client asks for it (`x-client-trace-id`), its id says so,
/// or chance does.
package struct RequestSampler: Hashable, Sendable {
    /// The whole, in parts per million.
    package static let whole: UInt32 = 1_000_000

    /// Parts per million of requests that chance picks; Istio's default is 1 %.
    package var random: UInt32 = 10_000
    /// Parts per million of requests that are recorded when their client asks for it.
    package var client: UInt32 = RequestSampler.whole
    /// Parts per million of all the above that are recorded in the end.
    package var overall: UInt32 = RequestSampler.whole
    /// Whether `x-request-id` carries the decision.
    package var usesRequestID = true

    /// Istio's defaults.
    package init() {}

    /// What a request asks for.
    package struct Wish: Hashable, Sendable {
        /// Whether `x-client-trace-id` is there.
        package var isClient = false
        /// Whether `x-envoy-force-trace` is there and may be heeded.
        package var isForced = false

        /// Nothing.
        package init() {}
    }

    /// Why a request is recorded, or ``RequestID/Reason/none``.
    /// - Parameter requestID: the id that it came with.
    package func decide(
        _ incoming: IncomingTrace,
        requestID: String?,
        wish: Wish = Wish(),
        using generator: inout some RandomNumberGenerator
    ) -> RequestID.Reason {
        let known = self.usesRequestID ? requestID.flatMap { RequestID.reason(of: $0) } ?? .none : .none
        if let isSampled = incoming.isSampled {
            guard isSampled else { return .none }
            return known == .none ? .sampled : known
        }
        if wish.isForced { return self.admit(.forced, using: &generator) }
        if wish.isClient, Self.hits(self.client, using: &generator) { return self.admit(.client, using: &generator) }
        if known != .none { return known }
        return Self.hits(self.random, using: &generator) ? self.admit(.sampled, using: &generator) : .none
    }

    private func admit(
        _ reason: RequestID.Reason,
        using generator: inout some RandomNumberGenerator
    ) -> RequestID.Reason {
        Self.hits(self.overall, using: &generator) ? reason : .none
    }

    private static func hits(_ parts: UInt32, using generator: inout some RandomNumberGenerator) -> Bool {
        parts >= Self.whole || parts > 0 && UInt32.random(in: 0..<Self.whole, using: &generator) < parts
    }
}

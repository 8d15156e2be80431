/// Why an answer is not the backend's own, as Envoy's access log and Istio's `response_flags` name it.
///
/// The bits are Envoy's, so that an expression over `response.flags` means the same.
package struct OutcomeFlags: OptionSet, Hashable, Sendable {
    /// One bit a flag.
    package let rawValue: UInt32

    /// A set of flags from its bits.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// An active health check of ours found the local host bad.
    package static let failedLocalHealthCheck = OutcomeFlags(rawValue: 1 << 0)
    /// No endpoint may be used.
    package static let noHealthyUpstream = OutcomeFlags(rawValue: 1 << 1)
    /// The backend took longer than the route allows.
    package static let upstreamRequestTimeout = OutcomeFlags(rawValue: 1 << 2)
    /// We reset the stream to the backend.
    package static let localReset = OutcomeFlags(rawValue: 1 << 3)
    /// The backend reset the stream.
    package static let upstreamRemoteReset = OutcomeFlags(rawValue: 1 << 4)
    /// No connection to the backend came about.
    package static let upstreamConnectionFailure = OutcomeFlags(rawValue: 1 << 5)
    /// The backend closed the connection.
    package static let upstreamConnectionTermination = OutcomeFlags(rawValue: 1 << 6)
    /// A bound on connections or requests to the backend was reached.
    package static let upstreamOverflow = OutcomeFlags(rawValue: 1 << 7)
    /// No route matched.
    package static let noRouteFound = OutcomeFlags(rawValue: 1 << 8)
    /// A configured fault delayed the request.
    package static let delayInjected = OutcomeFlags(rawValue: 1 << 9)
    /// A configured fault answered the request.
    package static let faultInjected = OutcomeFlags(rawValue: 1 << 10)
    /// A rate limit refused the request.
    package static let rateLimited = OutcomeFlags(rawValue: 1 << 11)
    /// An external authorizer or a token check refused the request.
    package static let unauthorizedExternally = OutcomeFlags(rawValue: 1 << 12)
    /// The rate limit service failed, and requests are refused then.
    package static let rateLimitServiceError = OutcomeFlags(rawValue: 1 << 13)
    /// The client closed the connection.
    package static let downstreamConnectionTermination = OutcomeFlags(rawValue: 1 << 14)
    /// Attempts or the budget for them were used up.
    package static let upstreamRetryLimitExceeded = OutcomeFlags(rawValue: 1 << 15)
    /// Nothing moved on the stream for too long.
    package static let streamIdleTimeout = OutcomeFlags(rawValue: 1 << 16)
    /// The request has a header for the proxy that makes no sense.
    package static let invalidProxyHeaders = OutcomeFlags(rawValue: 1 << 17)
    /// The client broke the protocol.
    package static let downstreamProtocolError = OutcomeFlags(rawValue: 1 << 18)
    /// The stream to the backend lived longer than allowed.
    package static let upstreamMaxStreamDurationReached = OutcomeFlags(rawValue: 1 << 19)
    /// A cache answered.
    package static let responseFromCache = OutcomeFlags(rawValue: 1 << 20)
    /// Configuration that the request needs is missing.
    package static let noFilterConfigFound = OutcomeFlags(rawValue: 1 << 21)
    /// The client's stream lived longer than allowed.
    package static let durationTimeout = OutcomeFlags(rawValue: 1 << 22)
    /// The backend broke the protocol.
    package static let upstreamProtocolError = OutcomeFlags(rawValue: 1 << 23)
    /// The route names a cluster that doesn't exist.
    package static let noClusterFound = OutcomeFlags(rawValue: 1 << 24)
    /// We are overloaded and shed load.
    package static let overloaded = OutcomeFlags(rawValue: 1 << 25)
    /// The backend's name has no address.
    package static let nameResolutionFailed = OutcomeFlags(rawValue: 1 << 26)
    /// The configured share of requests is dropped.
    package static let dropOverload = OutcomeFlags(rawValue: 1 << 27)
    /// The client reset the stream.
    package static let downstreamRemoteReset = OutcomeFlags(rawValue: 1 << 28)
    /// All requests are dropped.
    package static let unconditionalDropOverload = OutcomeFlags(rawValue: 1 << 29)
}

extension OutcomeFlags {
    /// Short and long names by bit.
    private static let names: [(short: String, long: String)] = [
        ("LH", "FailedLocalHealthCheck"), ("UH", "NoHealthyUpstream"), ("UT", "UpstreamRequestTimeout"),
        ("LR", "LocalReset"), ("UR", "UpstreamRemoteReset"), ("UF", "UpstreamConnectionFailure"),
        ("UC", "UpstreamConnectionTermination"), ("UO", "UpstreamOverflow"), ("NR", "NoRouteFound"),
        ("DI", "DelayInjected"), ("FI", "FaultInjected"), ("RL", "RateLimited"),
        ("UAEX", "UnauthorizedExternalService"), ("RLSE", "RateLimitServiceError"),
        ("DC", "DownstreamConnectionTermination"), ("URX", "UpstreamRetryLimitExceeded"), ("SI", "StreamIdleTimeout"),
        ("IH", "InvalidEnvoyRequestHeaders"), ("DPE", "DownstreamProtocolError"),
        ("UMSDR", "UpstreamMaxStreamDurationReached"), ("RFCF", "ResponseFromCacheFilter"),
        ("NFCF", "NoFilterConfigFound"), ("DT", "DurationTimeout"), ("UPE", "UpstreamProtocolError"),
        ("NC", "NoClusterFound"), ("OM", "OverloadManagerTerminated"), ("DF", "DnsResolutionFailed"),
        ("DO", "DropOverload"), ("DR", "DownstreamRemoteReset"), ("UDO", "UnconditionalDropOverload"),
    ]

    /// The flag of a short name such as `NR`; nil for an unknown one.
    package init?(name: some StringProtocol) {
        guard let bit = Self.names.firstIndex(where: { $0.short == name }) else { return nil }
        self.init(rawValue: 1 << UInt32(bit))
    }

    /// All flags that have a name, in the order of their bits.
    package static var all: [OutcomeFlags] { Self.names.indices.map { OutcomeFlags(rawValue: 1 << UInt32($0)) } }

    /// The short names joined by commas, `-` for none. One flag costs no allocation.
    package var text: String { self.joined(\.short) }

    /// The long names joined by commas, `-` for none.
    package var longText: String { self.joined(\.long) }

    private func joined(_ name: KeyPath<(short: String, long: String), String>) -> String {
        if self.rawValue == 0 { return "-" }
        let lowest = self.rawValue.trailingZeroBitCount
        if self.rawValue == 1 << UInt32(lowest), lowest < Self.names.count { return Self.names[lowest][keyPath: name] }
        let known = Self.names.indices.filter { self.rawValue & 1 << UInt32($0) != 0 }
        return known.isEmpty ? "-" : known.map { Self.names[$0][keyPath: name] }.joined(separator: ",")
    }
}

/// Why the proxy itself had a hand in a response: Envoy's response flags, written with its short names in access logs
/// and in the `response_flags` label of Istio's metrics.
package struct ResponseFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let failedLocalHealthCheck = Self(rawValue: 1 << 0)
    package static let noHealthyUpstream = Self(rawValue: 1 << 1)
    package static let upstreamRequestTimeout = Self(rawValue: 1 << 2)
    package static let localReset = Self(rawValue: 1 << 3)
    package static let upstreamRemoteReset = Self(rawValue: 1 << 4)
    package static let upstreamConnectionFailure = Self(rawValue: 1 << 5)
    package static let upstreamConnectionTermination = Self(rawValue: 1 << 6)
    package static let upstreamOverflow = Self(rawValue: 1 << 7)
    package static let noRouteFound = Self(rawValue: 1 << 8)
    package static let delayInjected = Self(rawValue: 1 << 9)
    package static let faultInjected = Self(rawValue: 1 << 10)
    package static let rateLimited = Self(rawValue: 1 << 11)
    package static let unauthorizedExternalService = Self(rawValue: 1 << 12)
    package static let rateLimitServiceError = Self(rawValue: 1 << 13)
    package static let downstreamConnectionTermination = Self(rawValue: 1 << 14)
    package static let upstreamRetryLimitExceeded = Self(rawValue: 1 << 15)
    package static let streamIdleTimeout = Self(rawValue: 1 << 16)
    package static let invalidHeaders = Self(rawValue: 1 << 17)
    package static let downstreamProtocolError = Self(rawValue: 1 << 18)
    package static let upstreamMaximumStreamDuration = Self(rawValue: 1 << 19)
    package static let responseFromCache = Self(rawValue: 1 << 20)
    package static let noFilterConfigFound = Self(rawValue: 1 << 21)
    package static let durationTimeout = Self(rawValue: 1 << 22)
    package static let upstreamProtocolError = Self(rawValue: 1 << 23)
    package static let noClusterFound = Self(rawValue: 1 << 24)
    package static let overloadManager = Self(rawValue: 1 << 25)
    package static let domainNameFailure = Self(rawValue: 1 << 26)
    package static let dropOverload = Self(rawValue: 1 << 27)
    package static let downstreamRemoteReset = Self(rawValue: 1 << 28)
    package static let unconditionalDropOverload = Self(rawValue: 1 << 29)

    /// Every flag with the name that logs show, in the order in which several are written, which is that of the bits.
    package static let names: [(flag: Self, name: String)] = [
        (.failedLocalHealthCheck, "LH"), (.noHealthyUpstream, "UH"), (.upstreamRequestTimeout, "UT"),
        (.localReset, "LR"), (.upstreamRemoteReset, "UR"), (.upstreamConnectionFailure, "UF"),
        (.upstreamConnectionTermination, "UC"), (.upstreamOverflow, "UO"), (.noRouteFound, "NR"),
        (.delayInjected, "DI"), (.faultInjected, "FI"), (.rateLimited, "RL"),
        (.unauthorizedExternalService, "UAEX"), (.rateLimitServiceError, "RLSE"),
        (.downstreamConnectionTermination, "DC"), (.upstreamRetryLimitExceeded, "URX"), (.streamIdleTimeout, "SI"),
        (.invalidHeaders, "IH"), (.downstreamProtocolError, "DPE"), (.upstreamMaximumStreamDuration, "UMSDR"),
        (.responseFromCache, "RFCF"), (.noFilterConfigFound, "NFCF"), (.durationTimeout, "DT"),
        (.upstreamProtocolError, "UPE"), (.noClusterFound, "NC"), (.overloadManager, "OM"),
        (.domainNameFailure, "DF"), (.dropOverload, "DO"), (.downstreamRemoteReset, "DR"),
        (.unconditionalDropOverload, "UDO"),
    ]

    /// The names of the set flags with commas between; `-` when there is none, as Envoy logs it.
    package var logged: String {
        if self.isEmpty { return "-" }
        return Self.names.lazy.filter { self.contains($0.flag) }.map(\.name).joined(separator: ",")
    }
}

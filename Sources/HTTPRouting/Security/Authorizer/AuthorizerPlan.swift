import MeshModel
package import MeshProtos

/// How one authorizer is asked and what its answers mean (Envoy's ext_authz, as Istio's extension providers set it up).
/// Sending and waiting are the caller's.
package struct AuthorizerPlan: Sendable {
    /// The name that CUSTOM policies use.
    package let name: String
    /// Whether it is asked by gRPC, `/envoy.service.auth.v3.Authorization/Check`, rather than by a request of HTTP.
    package let isGRPC: Bool
    /// How long it is waited for, in milliseconds; Istio's ten minutes where nothing is said.
    package let timeout: UInt64
    let settings: TulleL7.Authorizer
    let checked: [StringMatch]
    let upstream: [StringMatch]
    let downstreamOnDeny: [StringMatch]
    let downstreamOnAllow: [StringMatch]

    /// Reads the settings.
    package init(_ settings: TulleL7.Authorizer) {
        let patterns: ([String]) -> [StringMatch] = { names in
            names.map { StringMatch(pattern: $0.foldedASCII) }
        }
        self.name = settings.name
        self.isGRPC = settings.grpc
        self.timeout = settings.timeoutMilliseconds == 0 ? 600_000 : UInt64(settings.timeoutMilliseconds)
        self.settings = settings
        self.checked = patterns(settings.headersToCheck)
        self.upstream = patterns(settings.headersUpstreamOnAllow)
        self.downstreamOnDeny = patterns(settings.headersDownstreamOnDeny)
        self.downstreamOnAllow = patterns(settings.headersDownstreamOnAllow)
    }

    /// What takes the body's beginning; nil where the authorizer does not want it.
    package var body: AuthorizerBody? {
        guard self.settings.maxBodyBytes > 0 else { return nil }
        return AuthorizerBody(limit: Int(self.settings.maxBodyBytes), allowsPartial: self.settings.allowsPartialBody)
    }

    /// What holds where there is no answer that can be followed. Changes that must not be made, and requests that cannot be
    /// asked about, are never let through: they are no outage.
    package func answer(to fault: AuthorizerFault) -> AuthorizerAnswer {
        switch fault {
        case .unavailable, .failed:
            if self.settings.failsOpen { return .allow(AuthorizerChanges()) }
        case .invalidChange, .unclear, .unsendable: break
        }
        let status = self.settings.statusOnError == 0 ? 403 : Int(self.settings.statusOnError)
        return .deny(AuthorizerDenial(status: status, detail: "ext_authz_error"))
    }
}

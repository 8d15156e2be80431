package import AWSClient

/// Asks AWS's Security Token Service who signed, one verifier a region.
package struct SecurityTokenVerifier: CallerIdentityVerifying {
    private let transport: any HTTPTransport
    private let endpoints: [String: String]
    private let deadline: Duration

    /// Makes a verifier.
    ///
    /// - Parameters:
    ///   - transport: how requests go out; must not follow redirects.
    ///   - endpoints: base URLs by region in place of `https://<signed host>`, for laboratories.
    ///   - deadline: the longest wait for an answer.
    package init(transport: any HTTPTransport, endpoints: [String: String], deadline: Duration = .seconds(5)) {
        self.transport = transport
        self.endpoints = endpoints
        self.deadline = deadline
    }

    package func callerIdentity(of request: CallerIdentityRequest) async -> CallerIdentityAnswer {
        let verifier = CallerIdentityVerifier(
            transport: self.transport,
            endpointOverride: self.endpoints[request.region],
            deadline: self.deadline
        )
        let signed = CallerIdentityVerifier.SignedRequest(host: request.host, headers: request.headers)
        switch await verifier.verify(signed) {
        case .identity(let identity): return .caller(arn: identity.arn)
        case .refused(let error): return .refused(code: error.code)
        case .unavailable(let error): return .unavailable(reason: error.code)
        }
    }
}

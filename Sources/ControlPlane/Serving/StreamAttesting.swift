package import CertificateAuthority
package import Foundation
package import MeshModel

/// Proves who opens a discovery stream by what it sends in place of a client certificate: Istio's ztunnel in dedicated
/// mode has none and shows its token only.
package protocol StreamAttesting: Sendable {
    /// The proven identity.
    ///
    /// - Parameters:
    ///   - authorization: the values of the call's `authorization` metadata, as they came.
    ///   - peer: the network address that called.
    /// - Throws: `IssuanceRefusal`.
    func attest(authorization: [String], peer: String, now: Date) async throws(IssuanceRefusal) -> SPIFFEID
}

/// Takes the same attestations as `CreateCertificate`, each once.
package struct ECSStreamAttestor: StreamAttesting {
    private let attestor: ECSAttestor

    /// Makes it over the attestor that certificates are given out by, so that none is used for both.
    package init(_ attestor: ECSAttestor) {
        self.attestor = attestor
    }

    package func attest(
        authorization: [String],
        peer: String,
        now: Date
    ) async throws(IssuanceRefusal) -> SPIFFEID {
        let token = try AttestationToken(authorization: authorization)
        // A stream has no key of its own to compare with; the signature covers the one in the token all the same.
        return try await self.attestor.attest(token, keyDigest: token.keyDigest, now: now).identity
    }
}

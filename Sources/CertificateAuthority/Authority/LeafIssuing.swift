package import Foundation
package import MeshModel

/// Something that makes workload certificates: an authority that signs itself, or one that has each signed elsewhere.
package protocol LeafIssuing: Sendable {
    /// How long certificates live.
    var lifetimes: AuthorityLifetimes { get }
    /// The roots that peers must trust, PEM text that ends in a newline.
    var trustBundle: String { get }

    /// Makes a workload certificate.
    ///
    /// - Parameters:
    ///   - identity: who the caller is proven to be; the only name in the certificate.
    ///   - request: the caller's key.
    ///   - lifetime: what is granted. Cut to what the signer has left.
    ///   - now: the present.
    /// - Throws: `AuthorityError` for a fault on our side, `IssuanceRefusal` when the caller is to come again or its
    ///   request cannot be used.
    func issue(
        for identity: SPIFFEID,
        request: SigningRequest,
        lifetime: Duration?,
        now: Date
    ) async throws -> IssuedCertificate
}

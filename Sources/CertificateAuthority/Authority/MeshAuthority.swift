package import Foundation

/// All that a control plane needs of what signs for its mesh, whatever kind it is.
package protocol MeshAuthority: LeafIssuing {
    /// The trust domain of every identity that is signed.
    var trustDomain: String { get }
    /// When the first of the roots ends.
    var rootExpiry: Date { get }
    /// When the signer of workloads' certificates ends.
    var intermediateExpiry: Date { get }

    /// Looks after what signs; to be called every few seconds.
    ///
    /// - Returns: whether signer or bundle are others than at the last call, so that the control plane's own certificate
    ///   must be made anew.
    /// - Throws: `AuthorityError`; the old signer then stays in use.
    func renewIntermediate(now: Date) throws(AuthorityError) -> Bool

    /// Makes a key and a certificate for the control plane's own listener.
    ///
    /// - Throws: `AuthorityError`.
    func makeServingCertificate(names: [ServerName], now: Date) async throws -> ServingCertificate
}

extension SigningAuthority: MeshAuthority {}

extension PrivateCALeafIssuer: MeshAuthority {
    /// Notes a change of the bundle; the Private CA itself is read again along with the certificates it signs.
    package func renewIntermediate(now: Date) throws(AuthorityError) -> Bool { self.takeChange() }
}

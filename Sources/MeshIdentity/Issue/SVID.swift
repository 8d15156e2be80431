package import BoringTLS
package import MeshModel

/// An X.509 SVID: who we are, as a chain that the mesh's authority issued for our key.
///
/// A value of this type names exactly one identity, is for the key it holds, and was checked at issue.
package struct SVID: Sendable {
    /// Who it says we are.
    package let identity: SPIFFEID
    /// The chain, leaf first and without root, and the leaf's key.
    package let credentials: TLSIdentity
    /// Start of the leaf's validity, in seconds since 1970.
    package let notBefore: Int64
    /// End of the earliest ending certificate of the chain, in seconds since 1970: then no peer accepts it any more.
    package let notAfter: Int64
    /// The leaf's serial number in decimal.
    package let serial: String

    /// How far behind ours the authority's clock may read, in seconds.
    package static let clockTolerance: Int64 = 60

    /// Checks an issued chain against what was asked for.
    ///
    /// - Parameters:
    ///   - chain: leaf first, then intermediates.
    ///   - key: the key of the request.
    ///   - requested: the identity of the request.
    ///   - now: seconds since 1970.
    /// - Throws: ``IdentityError`` naming what differs.
    package init(
        chain: [Certificate],
        key: PrivateKey,
        requested: SPIFFEID,
        now: Int64
    ) throws(IdentityError) {
        guard let leaf = chain.first else {
            throw IdentityError(.malformedAnswer, "the authority issued an empty chain")
        }
        // One URI only, as the SVID standard has it: a second name could be read by somebody as ours.
        guard leaf.uris.count == 1, let uri = leaf.uris.first, let issued = try? SPIFFEID(parsing: uri),
            issued == requested
        else {
            throw IdentityError(
                .identityMismatch,
                "asked for \(requested), the certificate names \(leaf.uris.prefix(3)); check the authority's bindings"
            )
        }
        guard leaf.subjectPublicKeyInfo == key.subjectPublicKeyInfo else {
            throw IdentityError(.keyMismatch, "certificate \(leaf.serial) is for another key than the request's")
        }
        let end = chain.map(\.notAfter).min() ?? leaf.notAfter
        guard leaf.notBefore - Self.clockTolerance <= now, now < end else {
            throw IdentityError(
                .outsideValidity,
                "certificate \(leaf.serial) is valid from \(leaf.notBefore) to \(end), now is \(now) "
                    + "(seconds since 1970); check both clocks"
            )
        }
        do {
            credentials = try TLSIdentity(chain: chain, key: key)
        } catch {
            throw IdentityError(.unusable, error.message)
        }
        identity = issued
        notBefore = leaf.notBefore
        notAfter = end
        serial = leaf.serial
    }
}

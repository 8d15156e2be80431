import Foundation
import SwiftASN1
import X509

/// What signs and what peers must trust, at one moment. Swapped whole, so that a chain never ends in a bundle that
/// does not hold its root.
struct SigningSet: Sendable {
    /// Signs workloads' certificates.
    let workload: Signer
    /// Signs the control plane's own certificate. Another one than `workload` while a root is replaced, as data planes
    /// that start from an old bootstrap token know only the old root.
    let server: Signer
    /// Every root that peers must trust.
    let roots: [Certificate]
    /// The roots as one PEM text that ends in a newline.
    let bundle: String
    /// When the first of the roots ends.
    let rootExpiry: Date

    /// Puts a set together.
    ///
    /// - Throws: `AuthorityError` with `signing_failed` when a root cannot be encoded.
    init(workload: Signer, server: Signer? = nil, roots: [Certificate]) throws(AuthorityError) {
        self.workload = workload
        self.server = server ?? workload
        self.roots = roots
        self.rootExpiry = roots.map(\.notValidAfter).min() ?? .distantPast
        do {
            self.bundle = try roots.map { try $0.pemText() }.joined()
        } catch {
            throw AuthorityError(.signingFailed, "a root cannot be written as PEM", cause: error)
        }
    }

    /// Refuses a change of roots that could cut peers off: one set must hold all of the other.
    ///
    /// Peers learn a bundle only with their next certificate, so old and new bundles are in use side by side for a
    /// while, and either must lead to every certificate in use (Istio's multi-root rule).
    ///
    /// - Throws: `AuthorityError` with `root_change_refused`.
    func checkSuccessor(_ roots: [Certificate], from place: String) throws(AuthorityError) {
        let old = Set(self.roots)
        let new = Set(roots)
        guard old.isSubset(of: new) || new.isSubset(of: old) else {
            throw AuthorityError(
                .rootChangeRefused,
                "\(place) replaces roots: put the new root beside the old one first, and take the old one out once "
                    + "every workload has renewed"
            )
        }
    }
}

/// Where the signing set of an authority comes from.
protocol SignerSource: Sendable {
    /// Looks after the set without waiting for anybody: renews what is due, reads what has changed.
    ///
    /// - Returns: the new set, or nil when nothing has changed.
    /// - Throws: `AuthorityError`; the old set then stays in use.
    func refresh(now: Date) throws(AuthorityError) -> SigningSet?
}

import Crypto
package import Foundation
package import MeshModel
import SwiftASN1
import Synchronization
import X509

/// The mesh's own certificate authority: signs workloads' certificates and the control plane's own.
///
/// Where its key and its roots come from differs by kind: made here (`SelfSignedSource`), files that somebody else
/// keeps (`PluggedInSource`), or a key of ours that AWS Private CA certified (`PrivateCASource`). What it signs with
/// and the bundle that peers must trust are one value, swapped whole.
package final class SigningAuthority: LeafIssuing {
    /// The trust domain of every identity that is signed here.
    package let trustDomain: String
    package let lifetimes: AuthorityLifetimes

    struct Content: Sendable {
        var set: SigningSet
        var issuedUntil: IssuedUntil?
        var retired: RetiredSigners
        /// Whether the set is another than at the last call of `renewIntermediate`.
        private var hasChanged = false
        var fault: AuthorityError?

        init(set: SigningSet, issuedUntil: IssuedUntil?, retired: RetiredSigners) {
            self.set = set
            self.issuedUntil = issuedUntil
            self.retired = retired
        }

        mutating func replace(_ set: SigningSet) {
            self.retired.retire(self.set.workload, in: set)
            self.set = set
            self.hasChanged = true
        }

        mutating func takeChange() -> Bool {
            defer { self.hasChanged = false }
            return self.hasChanged
        }
    }

    let content: Mutex<Content>
    /// Held by whoever makes a new set, so that an older one never replaces a newer one. Taken before `content`.
    let maintenance = Mutex(())
    let source: any SignerSource
    private let state: StateDirectory?

    init(
        source: any SignerSource,
        set: SigningSet,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        recordsIn state: StateDirectory? = nil,
        issuedUntil: IssuedUntil? = nil
    ) {
        self.source = source
        self.trustDomain = trustDomain
        self.lifetimes = lifetimes
        self.state = state
        self.content = Mutex(Content(set: set, issuedUntil: issuedUntil, retired: RetiredSigners(state: state)))
    }

    /// The roots that peers must trust, PEM text that ends in a newline. Changes while roots are replaced.
    package var trustBundle: String { self.content.withLock { $0.set.bundle } }

    /// The authorities above a leaf that was signed by what signs now or did before, the nearest first; none for another
    /// leaf.
    func way(from leaf: Certificate) -> [Certificate] {
        let (set, retired) = self.content.withLock { ($0.set, $0.retired.ways) }
        let ways = [set.workload, set.server].map { [$0.certificate] + $0.above } + retired
        return ways.first { way in
            guard let signer = way.first, signer.subject == leaf.issuer else { return false }
            return signer.publicKey.isValidSignature(leaf.signature, for: leaf)
        } ?? []
    }

    /// When the first of the roots ends.
    package var rootExpiry: Date { self.content.withLock { $0.set.rootExpiry } }

    /// When the signer of workloads' certificates ends.
    package var intermediateExpiry: Date { self.content.withLock { $0.set.workload.validity.upperBound } }

    /// What stood in the way of the last `renewIntermediate`; nil when nothing did.
    package var fault: AuthorityError? { self.content.withLock { $0.fault } }

    /// Looks after what signs: renews an intermediate of our own that is due, reads plugged-in files that have changed,
    /// takes on what a Private CA has sent. To be called every few seconds.
    ///
    /// Certificates that the old signer made stay valid: each carries its own chain.
    ///
    /// - Returns: whether signer or bundle are others than at the last call, so that the control plane's own
    ///   certificate must be made anew.
    /// - Throws: `AuthorityError`; the old signer then stays in use. What was thrown before and still stands is not
    ///   thrown again, but shows in `fault`.
    @discardableResult
    package func renewIntermediate(now: Date) throws(AuthorityError) -> Bool {
        try self.maintenance.withLock { _ throws(AuthorityError) in
            let next: SigningSet?
            do throws(AuthorityError) {
                next = try self.source.refresh(now: now)
            } catch {
                let isKnown = self.content.withLock { content in
                    defer { content.fault = error }
                    return content.fault?.code == error.code && content.fault?.message == error.message
                }
                guard isKnown else { throw error }
                return self.content.withLock { $0.takeChange() }
            }
            return self.content.withLock { content in
                if let next { content.replace(next) }
                content.fault = nil
                return content.takeChange()
            }
        }
    }

    /// Takes on at once what the source has ready, and leaves it to the next `renewIntermediate` to tell.
    func takeOver(now: Date) {
        self.maintenance.withLock { _ in
            guard let next = try? self.source.refresh(now: now) else { return }
            self.content.withLock { $0.replace(next) }
        }
    }

    /// Signs a workload certificate; its chain is leaf, the authorities up to the root, and last the whole bundle.
    ///
    /// - Parameter lifetime: what is granted; nil or nothing positive means the default. Cut to the allowed range and
    ///   to what the signer has left.
    /// - Throws: `AuthorityError` with `signing_failed` or `authority_expired`.
    package func issue(
        for identity: SPIFFEID,
        request: SigningRequest,
        lifetime: Duration?,
        now: Date
    ) throws(AuthorityError) -> IssuedCertificate {
        let wish = lifetime.flatMap { $0 > .zero ? $0 : nil } ?? self.lifetimes.workloadDefault
        let granted = min(max(wish, self.lifetimes.workloadMinimum), self.lifetimes.workloadMaximum)
        guard identity.trustDomain == self.trustDomain else {
            throw AuthorityError(
                .signingFailed,
                "an identity of '\(identity.trustDomain)' cannot be issued, only of '\(self.trustDomain)'"
            )
        }
        // Signer, bundle and the record of the longest life are read and written as one: a rotation in between would
        // otherwise not know of this certificate.
        let (signer, bundle, validity) = try self.content.withLock { content throws(AuthorityError) in
            let signer = content.set.workload
            let validity = try self.validity(signer, lifetime: granted, now: now)
            if let state = self.state { content.issuedUntil?.cover(validity.upperBound, in: state) }
            return (signer, content.set.bundle, validity)
        }
        do {
            let leaf = try CertificateDraft.leaf(
                publicKey: request.publicKey,
                names: [.uniformResourceIdentifier(identity.uri)],
                validity: validity,
                signer: signer
            )
            return IssuedCertificate(
                chain: [try leaf.pemText()] + signer.chain + [bundle],
                identity: identity,
                serial: leaf.serialText,
                notBefore: leaf.notValidBefore,
                notAfter: leaf.notValidAfter
            )
        } catch {
            throw AuthorityError(.signingFailed, "the certificate for \(identity.uri) cannot be signed", cause: error)
        }
    }

    /// Makes a key and a certificate for the control plane's own listener.
    ///
    /// - Throws: `AuthorityError` with `signing_failed` or `authority_expired`.
    package func makeServingCertificate(names: [ServerName], now: Date) throws(AuthorityError) -> ServingCertificate {
        let key = P256.Signing.PrivateKey()
        let signer = self.content.withLock { $0.set.server }
        let validity = try self.validity(signer, lifetime: self.lifetimes.server, now: now)
        do {
            let leaf = try CertificateDraft.leaf(
                publicKey: Certificate.PublicKey(key.publicKey),
                names: names.map(\.generalName),
                validity: validity,
                signer: signer
            )
            return ServingCertificate(
                chain: try leaf.pemText() + signer.chain.joined(),
                privateKey: key.pemRepresentation,
                notBefore: leaf.notValidBefore,
                notAfter: leaf.notValidAfter
            )
        } catch {
            throw AuthorityError(.signingFailed, "the server certificate cannot be signed", cause: error)
        }
    }

    private func validity(
        _ signer: Signer,
        lifetime: Duration,
        now: Date
    ) throws(AuthorityError) -> ClosedRange<Date> {
        guard signer.isValid(at: now) else {
            throw AuthorityError(
                .authorityExpired,
                "what signs holds from \(signer.validity.lowerBound) to \(signer.validity.upperBound), "
                    + "and it is \(now): check the clock, renew the authority"
            )
        }
        // Whole seconds is all that a certificate can say.
        let end = min(now.addingTimeInterval(lifetime.wholeSeconds), signer.validity.upperBound)
        return min(now.addingTimeInterval(-self.lifetimes.backdating.wholeSeconds), end)...end
    }
}

extension ServerName {
    var generalName: GeneralName {
        switch self {
        case .dns(let text): .dnsName(text)
        case .address(let address): .ipAddress(ASN1OctetString(contentBytes: address.bytes[...]))
        }
    }
}

extension Duration {
    /// Whole seconds, for `Date` arithmetic.
    var wholeSeconds: Double { Double(self.components.seconds) }
}

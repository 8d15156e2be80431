import Crypto
package import Foundation
package import MeshModel
import SwiftASN1
import Synchronization
import X509

/// The mesh's own certificate authority: a root that signs one intermediate, which signs everything else.
///
/// Both live in the state directory, are made on the first start and used again on every later one. The root never
/// signs a leaf. A root that is gone while its intermediate is still there is an error, never a reason for a new one:
/// a new root would cut off every workload that trusts the old.
package final class SigningAuthority: Sendable {
    private static let rootFile = "root.pem"
    private static let intermediateFile = "intermediate.pem"

    /// The trust domain of every identity that is signed here.
    package let trustDomain: String
    /// The roots that peers must trust, PEM text that ends in a newline.
    package let trustBundle: String
    /// When the root ends.
    package let rootExpiry: Date

    private let state: StateDirectory
    private let lifetimes: AuthorityLifetimes
    private let root: AuthorityPair
    private let intermediate: Mutex<AuthorityPair>

    /// Loads the authority from the state directory, or makes it there.
    ///
    /// - Throws: `AuthorityError`: `state_…` when the files cannot be used, `authority_expired` when the root ended.
    package init(
        state: StateDirectory,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date
    ) throws(AuthorityError) {
        self.state = state
        self.trustDomain = trustDomain
        self.lifetimes = lifetimes
        let root: AuthorityPair
        let storedIntermediate = try state.read(Self.intermediateFile, limit: 64 << 10)
        if let content = try state.read(Self.rootFile, limit: 64 << 10) {
            root = try AuthorityPair(file: Self.rootFile, content: content)
        } else {
            guard storedIntermediate == nil else {
                throw AuthorityError(
                    .stateCorrupt,
                    "\(state.path) holds an intermediate without its root: restore root.pem from a backup, "
                        + "or start with an empty directory and a new mesh"
                )
            }
            root = try Self.makeRoot(trustDomain: trustDomain, lifetimes: lifetimes, now: now)
            try Self.store(root, as: Self.rootFile, in: state)
        }
        guard root.isValid(at: now) else {
            throw AuthorityError(
                .authorityExpired,
                "the root holds from \(root.certificate.notValidBefore) to \(root.certificate.notValidAfter): check the clock"
            )
        }
        self.root = root
        self.rootExpiry = root.certificate.notValidAfter
        do {
            self.trustBundle = try root.certificate.pemText()
        } catch {
            throw AuthorityError(.stateCorrupt, "the root cannot be written as PEM", cause: error)
        }
        if let content = storedIntermediate {
            let pair = try AuthorityPair(file: Self.intermediateFile, content: content)
            guard root.certificate.publicKey.isValidSignature(pair.certificate.signature, for: pair.certificate) else {
                throw AuthorityError(.stateCorrupt, "\(Self.intermediateFile) is not signed by \(Self.rootFile)")
            }
            self.intermediate = Mutex(pair)
        } else {
            let pair = try Self.makeIntermediate(root: root, trustDomain: trustDomain, lifetimes: lifetimes, now: now)
            try Self.store(pair, as: Self.intermediateFile, in: state)
            self.intermediate = Mutex(pair)
        }
        try self.renewIntermediate(now: now)
    }

    /// Replaces the intermediate by a fresh one with a fresh key when half of its life is over.
    ///
    /// Certificates that the old one signed stay valid: each carries its own chain.
    ///
    /// - Returns: whether it was replaced.
    /// - Throws: `AuthorityError`; the old one then stays in use.
    @discardableResult
    package func renewIntermediate(now: Date) throws(AuthorityError) -> Bool {
        guard self.intermediate.withLock({ $0 }).isDueForRenewal(at: now) else { return false }
        guard self.root.isValid(at: now) else {
            throw AuthorityError(
                .authorityExpired,
                "no intermediate can be made at \(now), the root ends at \(self.rootExpiry): check the clock"
            )
        }
        let pair = try Self.makeIntermediate(
            root: self.root,
            trustDomain: self.trustDomain,
            lifetimes: self.lifetimes,
            now: now
        )
        try Self.store(pair, as: Self.intermediateFile, in: self.state)
        self.intermediate.withLock { $0 = pair }
        return true
    }

    /// When the intermediate that signs now ends.
    package var intermediateExpiry: Date {
        self.intermediate.withLock { $0.certificate.notValidAfter }
    }

    /// Signs a workload certificate.
    ///
    /// - Parameters:
    ///   - identity: who the caller is proven to be; the only name in the certificate.
    ///   - request: the caller's key.
    ///   - lifetime: what the caller wishes; nil or nothing positive means the default. Cut to the allowed range and
    ///     to the life of the intermediate.
    ///   - now: the present.
    /// - Throws: `AuthorityError` with `signing_failed` or `authority_expired`.
    package func issue(
        for identity: SPIFFEID,
        request: SigningRequest,
        lifetime: Duration?,
        now: Date
    ) throws(AuthorityError) -> IssuedCertificate {
        let wish = lifetime.flatMap { $0 > .zero ? $0 : nil } ?? self.lifetimes.workloadDefault
        let granted = min(max(wish, self.lifetimes.workloadMinimum), self.lifetimes.workloadMaximum)
        let (leaf, signer) = try self.sign(
            request.publicKey,
            names: [.uniformResourceIdentifier(identity.uri)],
            lifetime: granted,
            now: now
        )
        do {
            return IssuedCertificate(
                chain: [try leaf.pemText(), try signer.pemText(), self.trustBundle],
                identity: identity,
                serial: leaf.serialText,
                notBefore: leaf.notValidBefore,
                notAfter: leaf.notValidAfter
            )
        } catch {
            throw AuthorityError(.signingFailed, "the certificate for \(identity.uri) cannot be written", cause: error)
        }
    }

    /// Makes a key and a certificate for the control plane's own listener.
    ///
    /// - Throws: `AuthorityError` with `signing_failed` or `authority_expired`.
    package func makeServingCertificate(names: [ServerName], now: Date) throws(AuthorityError) -> ServingCertificate {
        let key = P256.Signing.PrivateKey()
        let general: [GeneralName] = names.map { name in
            switch name {
            case .dns(let text): .dnsName(text)
            case .address(let address): .ipAddress(ASN1OctetString(contentBytes: address.bytes[...]))
            }
        }
        let (leaf, signer) = try self.sign(
            Certificate.PublicKey(key.publicKey),
            names: general,
            lifetime: self.lifetimes.server,
            now: now
        )
        do {
            return ServingCertificate(
                chain: try leaf.pemText() + signer.pemText(),
                privateKey: key.pemRepresentation,
                notBefore: leaf.notValidBefore,
                notAfter: leaf.notValidAfter
            )
        } catch {
            throw AuthorityError(.signingFailed, "the server certificate cannot be written", cause: error)
        }
    }

    private func sign(
        _ key: Certificate.PublicKey,
        names: [GeneralName],
        lifetime: Duration,
        now: Date
    ) throws(AuthorityError) -> (leaf: Certificate, signer: Certificate) {
        let signer = self.intermediate.withLock { $0 }
        guard signer.isValid(at: now) else {
            throw AuthorityError(.authorityExpired, "the intermediate ended at \(signer.certificate.notValidAfter)")
        }
        let end = min(now.addingTimeInterval(lifetime.wholeSeconds), signer.certificate.notValidAfter)
        let start = min(now.addingTimeInterval(-self.lifetimes.backdating.wholeSeconds), end)
        do {
            let leaf = try CertificateDraft.leaf(
                publicKey: key,
                names: names,
                validity: start...end,
                issuer: signer.certificate,
                issuerKey: signer.key
            )
            return (leaf, signer.certificate)
        } catch {
            throw AuthorityError(.signingFailed, "a certificate cannot be signed", cause: error)
        }
    }

    private static func makeRoot(
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date
    ) throws(AuthorityError) -> AuthorityPair {
        let key = P256.Signing.PrivateKey()
        do {
            let start = now.addingTimeInterval(-lifetimes.backdating.wholeSeconds)
            let validity = start...now.addingTimeInterval(lifetimes.root.wholeSeconds)
            let certificate = try CertificateDraft.root(key: key, trustDomain: trustDomain, validity: validity)
            return AuthorityPair(certificate: certificate, key: key)
        } catch {
            throw AuthorityError(.signingFailed, "the root cannot be made", cause: error)
        }
    }

    private static func makeIntermediate(
        root: AuthorityPair,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date
    ) throws(AuthorityError) -> AuthorityPair {
        let key = P256.Signing.PrivateKey()
        do {
            let end = min(now.addingTimeInterval(lifetimes.intermediate.wholeSeconds), root.certificate.notValidAfter)
            let start = min(now.addingTimeInterval(-lifetimes.backdating.wholeSeconds), end)
            let certificate = try CertificateDraft.intermediate(
                key: key,
                trustDomain: trustDomain,
                validity: start...end,
                issuer: root.certificate,
                issuerKey: root.key
            )
            return AuthorityPair(certificate: certificate, key: key)
        } catch {
            throw AuthorityError(.signingFailed, "the intermediate cannot be made", cause: error)
        }
    }

    private static func store(
        _ pair: AuthorityPair,
        as file: String,
        in state: StateDirectory
    ) throws(AuthorityError) {
        let content: [UInt8]
        do {
            content = try pair.serialized()
        } catch {
            throw AuthorityError(.signingFailed, "\(file) cannot be encoded", cause: error)
        }
        try state.write(file, content)
    }
}

extension Duration {
    /// Whole seconds, for `Date` arithmetic.
    var wholeSeconds: Double { Double(self.components.seconds) }
}

import Crypto
import Foundation
import X509

/// A root with the intermediate that it signed, as two files of the state directory.
struct AuthorityBranch: Sendable {
    /// The names of the two files.
    struct Files: Sendable, Hashable {
        let root: String
        let intermediate: String

        static let current = Files(root: "root.pem", intermediate: "intermediate.pem")
        static let next = Files(root: "next-root.pem", intermediate: "next-intermediate.pem")
    }

    var root: AuthorityPair
    var intermediate: AuthorityPair

    init(root: AuthorityPair, intermediate: AuthorityPair) {
        self.root = root
        self.intermediate = intermediate
    }

    /// Makes a root and an intermediate; nothing is stored.
    init(trustDomain: String, lifetimes: AuthorityLifetimes, now: Date) throws(AuthorityError) {
        self.root = try Self.makeRoot(trustDomain: trustDomain, lifetimes: lifetimes, now: now)
        self.intermediate = try Self.makeIntermediate(
            root: self.root,
            trustDomain: trustDomain,
            lifetimes: lifetimes,
            now: now
        )
    }

    /// Reads both files.
    ///
    /// - Returns: nil when there is neither.
    /// - Throws: `AuthorityError` with `state_…`; `state_corrupt` when there is an intermediate without its root.
    static func load(_ files: Files, _ state: StateDirectory) throws(AuthorityError) -> (
        root: AuthorityPair, intermediate: AuthorityPair?
    )? {
        let stored = try state.read(files.intermediate, limit: 64 << 10)
        guard let content = try state.read(files.root, limit: 64 << 10) else {
            guard stored == nil else {
                throw AuthorityError(
                    .stateCorrupt,
                    "\(state.path) holds an intermediate without its root: restore \(files.root) from a backup, "
                        + "or start with an empty directory and a new mesh"
                )
            }
            return nil
        }
        let root = try AuthorityPair(file: files.root, content: content)
        guard let stored else { return (root, nil) }
        let intermediate = try AuthorityPair(file: files.intermediate, content: stored)
        guard
            root.certificate.publicKey.isValidSignature(
                intermediate.certificate.signature,
                for: intermediate.certificate
            )
        else { throw AuthorityError(.stateCorrupt, "\(files.intermediate) is not signed by \(files.root)") }
        return (root, intermediate)
    }

    /// Replaces the intermediate by a fresh one with a fresh key.
    mutating func renew(
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date,
        files: Files,
        in state: StateDirectory
    ) throws(AuthorityError) {
        guard self.root.isValid(at: now) else {
            throw AuthorityError(
                .authorityExpired,
                "no intermediate can be made at \(now), the root ends at \(self.root.certificate.notValidAfter): "
                    + "check the clock"
            )
        }
        let pair = try Self.makeIntermediate(root: self.root, trustDomain: trustDomain, lifetimes: lifetimes, now: now)
        try Self.store(pair, as: files.intermediate, in: state)
        self.intermediate = pair
    }

    /// Writes both files, the root first: an intermediate never stands alone.
    func store(_ files: Files, in state: StateDirectory) throws(AuthorityError) {
        try Self.store(self.root, as: files.root, in: state)
        try Self.store(self.intermediate, as: files.intermediate, in: state)
    }

    func signer() throws(AuthorityError) -> Signer { try self.intermediate.signer(below: self.root.certificate) }

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

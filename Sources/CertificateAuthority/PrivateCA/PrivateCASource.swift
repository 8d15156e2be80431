import AWSClient
import Crypto
import Foundation
import SwiftASN1
import Synchronization
import X509

/// An intermediate whose key we make and keep, and which an AWS Private CA signs: one call in weeks instead of one for
/// each workload's certificate, and a mesh that goes on while AWS does not answer.
final class PrivateCASource: SignerSource {
    private struct Content {
        var set: SigningSet?
        /// Whether `set` was not handed over yet.
        var isNew = false
        var authority: String?
        var schedule = RenewalSchedule()
        var isRenewing = false
        var fault: AuthorityError?
    }

    private let conversation: PrivateCAConversation
    private let state: StateDirectory
    private let trustDomain: String
    private let backdating: Duration
    private let additionalRoots: [Certificate]
    private let chance: @Sendable () -> Double
    private let content: Mutex<Content>

    private var settings: PrivateCASettings { self.conversation.settings }

    /// Reads what an earlier run kept; asks nobody.
    ///
    /// - Parameter chance: 0 to 1, for pauses that differ between control planes.
    /// - Throws: `AuthorityError` with `state_…`, or `authority_file_invalid` when the additional roots are none.
    init(
        conversation: PrivateCAConversation,
        state: StateDirectory,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        chance: @escaping @Sendable () -> Double
    ) throws(AuthorityError) {
        self.conversation = conversation
        self.state = state
        self.trustDomain = trustDomain
        self.backdating = lifetimes.backdating
        self.chance = chance
        do throws(AuthorityError) {
            self.additionalRoots = try PrivateCAPath.read(conversation.settings.additionalRoots ?? "")
        } catch {
            throw AuthorityError(.authorityFileInvalid, "the additional roots cannot be read: \(error.message)")
        }
        guard self.additionalRoots.allSatisfy(CertificatePath.isRoot) else {
            throw AuthorityError(.authorityFileInvalid, "an additional root is no self-signed authority")
        }
        var content = Content()
        if let record = try PrivateCARecord.load(state) {
            let (signer, root) = try record.signer(state)
            content.set = try SigningSet(workload: signer, roots: Self.bundle(root, self.additionalRoots))
            content.authority = record.authority
            // Another authority is asked at once; until it has signed, the old intermediate serves.
            if record.authority == conversation.settings.authority.description {
                content.schedule.renewed(signer.validity, chance: chance())
            }
        }
        self.content = Mutex(content)
    }

    /// The set in force; nil when nothing that could sign has ever been signed.
    var set: SigningSet? { self.content.withLock { $0.set } }

    /// When the next attempt to renew is due.
    var nextRenewal: Date { self.content.withLock { $0.schedule.next } }

    func refresh(now: Date) throws(AuthorityError) -> SigningSet? {
        try self.content.withLock { content throws(AuthorityError) in
            if content.isNew {
                content.isNew = false
                return content.set
            }
            if let fault = content.fault { throw fault }
            return nil
        }
    }

    /// Has a new intermediate signed if that is due. Two calls at once make one attempt.
    ///
    /// - Returns: whether there is a new one.
    /// - Throws: `AuthorityError` with `private_ca_…`, `root_change_refused` or `state_…`; the old one stays in use.
    @discardableResult
    func renewIfDue(now: Date) async throws(AuthorityError) -> Bool {
        let isMine = self.content.withLock { content in
            guard !content.isRenewing, content.schedule.take(now: now) else { return false }
            content.isRenewing = true
            return true
        }
        guard isMine else { return false }
        defer { self.content.withLock { $0.isRenewing = false } }
        do throws(AuthorityError) {
            let set = try await self.renew(now: now)
            self.content.withLock { content in
                content.set = set
                content.isNew = true
                content.authority = self.settings.authority.description
                content.fault = nil
                content.schedule.renewed(set.workload.validity, chance: self.chance())
            }
            return true
        } catch {
            self.content.withLock { content in
                content.fault = error
                content.schedule.failed(now: now, chance: self.chance())
            }
            throw error
        }
    }

    private func renew(now: Date) async throws(AuthorityError) -> SigningSet {
        let description = try await self.conversation.describe()
        let above = try PrivateCAPath.authority(try await self.conversation.authorityCertificate())
        let pending = try await self.request(description, now: now)
        let answer: PrivateCACertificate
        do throws(AuthorityError) {
            answer = try await self.conversation.await(pending.certificate ?? "")
        } catch {
            // One that is only late is asked for again; any other will never come.
            if !error.isTransient { try self.state.remove(PrivateCAPending.file) }
            throw error
        }
        do throws(AuthorityError) {
            let set = try self.accept(answer, pending: pending, above: above, now: now)
            try self.state.remove(PrivateCAPending.file)
            return set
        } catch {
            try self.state.remove(PrivateCAPending.file)
            throw error
        }
    }

    /// Sends the request, or finds the one that was sent before a crash.
    private func request(
        _ description: PrivateCADescription,
        now: Date
    ) async throws(AuthorityError) -> PrivateCAPending {
        var pending: PrivateCAPending
        if let kept = try PrivateCAPending.load(self.state, settings: self.settings, now: now) {
            if kept.certificate != nil { return kept }
            pending = kept
        } else {
            pending = try PrivateCAPending(settings: self.settings, trustDomain: self.trustDomain, now: now)
            // Before the call, which may be paid for and never answered.
            try pending.store(self.state)
        }
        let life = PrivateCALimits.lifetime(self.settings.intermediateLifetime, description, now: now)
        let request = PrivateCAIssueRequest(
            csr: pending.csr,
            signingAlgorithm: description.signingAlgorithm,
            templateARN: self.settings.intermediateTemplate,
            notBefore: Int64(now.timeIntervalSince1970 - self.backdating.wholeSeconds),
            notAfter: Int64(now.timeIntervalSince1970 + life),
            idempotencyToken: pending.idempotencyToken
        )
        do throws(AuthorityError) {
            pending.certificate = try await self.conversation.issue(request)
        } catch {
            if !error.isTransient { try self.state.remove(PrivateCAPending.file) }
            throw error
        }
        try pending.store(self.state)
        return pending
    }

    /// Checks what came, keeps it, and makes a set of it.
    private func accept(
        _ answer: PrivateCACertificate,
        pending: PrivateCAPending,
        above: PrivateCAPath.Authority,
        now: Date
    ) throws(AuthorityError) -> SigningSet {
        let certificate = try PrivateCAPath.single(answer.certificate)
        let path = try PrivateCAPath.find(certificate, chain: answer.chain, authority: above)
        let key: Certificate.PrivateKey
        do {
            key = Certificate.PrivateKey(try P256.Signing.PrivateKey(pemRepresentation: pending.key))
        } catch {
            throw AuthorityError(.stateCorrupt, "the pending request's key cannot be read")
        }
        guard key.publicKey == certificate.publicKey else {
            throw PrivateCAPath.invalid("'\(certificate.subjectLine)' certifies another key than ours")
        }
        let signer: Signer
        let record: PrivateCARecord
        do {
            signer = try Signer(certificate: certificate, key: key, above: path.above, root: path.root)
            record = PrivateCARecord(
                authority: self.settings.authority.description,
                key: pending.key,
                certificate: try certificate.pemText(),
                above: try path.above.map { try $0.pemText() },
                root: try path.root.pemText()
            )
        } catch {
            throw PrivateCAPath.invalid("a certificate cannot be encoded")
        }
        guard signer.isValid(at: now) else {
            throw PrivateCAPath.invalid(
                "the intermediate and all above it hold from \(signer.validity.lowerBound) to "
                    + "\(signer.validity.upperBound): check the clock, and the Private CA's own certificate"
            )
        }
        let roots = Self.bundle(path.root, self.additionalRoots)
        try self.set?.checkSuccessor(roots, from: "\(self.settings.authority)")
        let set = try SigningSet(workload: signer, roots: roots)
        try record.store(self.state)
        return set
    }

    private static func bundle(_ root: Certificate, _ additional: [Certificate]) -> [Certificate] {
        var roots = [root]
        for root in additional where !roots.contains(root) { roots.append(root) }
        return roots
    }
}

/// What a Private CA allows.
enum PrivateCALimits {
    /// A short-lived authority issues nothing beyond seven days.
    static let shortLife = 7 * 86_400.0
    /// What nobody asks for in earnest: a hundred years. Keeps the arithmetic far from overflow.
    private static let longLife = 100 * 365 * 86_400.0

    /// A lifetime in seconds, cut to what the authority has left and allows.
    static func lifetime(_ wish: Duration, _ description: PrivateCADescription, now: Date) -> Double {
        var life = min(wish.wholeSeconds, Self.longLife)
        if description.isShortLived { life = min(life, Self.shortLife) }
        // A minute less, as clocks differ, and an end beyond the authority's own is refused.
        if let end = description.notAfter { life = min(life, end - now.timeIntervalSince1970 - 60) }
        return max(life, 1)
    }
}

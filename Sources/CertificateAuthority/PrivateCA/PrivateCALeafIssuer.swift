import AWSClient
import Crypto
package import Foundation
package import MeshModel
import SwiftASN1
import Synchronization
import X509

/// Has an AWS Private CA sign every workload certificate, for those who want each in its audit trail.
///
/// Each certificate is a paid call, and no certificate comes while AWS does not answer. Calls are bounded at once and
/// by the second; who finds no room is told to come again.
package final class PrivateCALeafIssuer: LeafIssuing {
    package let lifetimes: AuthorityLifetimes
    /// The trust domain of every identity that is signed.
    package let trustDomain: String

    /// How long the authority's description and certificate are taken for granted.
    private static let memory = 600.0

    private struct Facts: Sendable {
        var description: PrivateCADescription
        var above: PrivateCAPath.Authority
        var set: [Certificate]
        var bundle: String
        var read: Date
        /// Whether the bundle is another than the control plane knows.
        var hasChanged = false
    }

    private let conversation: PrivateCAConversation
    private let additionalRoots: [Certificate]
    private let gate: Mutex<CallGate>
    private let facts: Mutex<Facts>
    private let uptime: @Sendable () -> ContinuousClock.Instant

    private var settings: PrivateCASettings { self.conversation.settings }

    /// Asks what the authority is.
    ///
    /// - Parameter uptime: the time that passes for the bound by the second.
    /// - Throws: `AuthorityError` with `private_ca_…` or `authority_file_invalid`. The start is to fail with it.
    package init(
        conversation: PrivateCAConversation,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date,
        uptime: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) async throws(AuthorityError) {
        let settings = conversation.settings
        do throws(AuthorityError) {
            self.additionalRoots = try PrivateCAPath.read(settings.additionalRoots ?? "")
        } catch {
            throw AuthorityError(.authorityFileInvalid, "the additional roots cannot be read: \(error.message)")
        }
        guard self.additionalRoots.allSatisfy(CertificatePath.isRoot) else {
            throw AuthorityError(.authorityFileInvalid, "an additional root is no self-signed authority")
        }
        self.conversation = conversation
        self.trustDomain = trustDomain
        self.lifetimes = lifetimes
        self.uptime = uptime
        self.gate = Mutex(CallGate(concurrent: settings.concurrentLeaves, perSecond: settings.leavesPerSecond))
        self.facts = Mutex(try await Self.read(conversation, self.additionalRoots, now: now))
    }

    /// The roots that peers must trust, PEM text that ends in a newline.
    package var trustBundle: String { self.facts.withLock { $0.bundle } }

    /// When the first of the roots ends.
    package var rootExpiry: Date {
        self.facts.withLock { $0.set.map(\.notValidAfter).min() ?? .distantPast }
    }

    /// When the Private CA's own certificate ends.
    package var intermediateExpiry: Date { self.facts.withLock { $0.above.certificate.notValidAfter } }

    /// Whether the bundle is another than at the last call.
    func takeChange() -> Bool {
        self.facts.withLock { facts in
            defer { facts.hasChanged = false }
            return facts.hasChanged
        }
    }

    package func issue(
        for identity: SPIFFEID,
        request: SigningRequest,
        lifetime: Duration?,
        now: Date
    ) async throws -> IssuedCertificate {
        guard identity.trustDomain == self.trustDomain else {
            throw AuthorityError(
                .signingFailed,
                "an identity of '\(identity.trustDomain)' cannot be issued, only of '\(self.trustDomain)'"
            )
        }
        let isPassedOn = self.settings.leafTemplate == .csrPassthrough
        guard !isPassedOn || (request.isPassable && request.uris == [identity.uri]) else {
            throw IssuanceRefusal(
                .csrMalformed,
                "the request goes to the Private CA as it is: it must have an empty subject, and its own SPIFFE ID as "
                    + "the only and critical extension"
            )
        }
        let wish = lifetime.flatMap { $0 > .zero ? $0 : nil } ?? self.lifetimes.workloadDefault
        let (leaf, chain) = try await self.sign(
            request.derBytes,
            publicKey: request.publicKey,
            names: [.uniformResourceIdentifier(identity.uri)],
            lifetime: min(max(wish, self.lifetimes.workloadMinimum), self.lifetimes.workloadMaximum),
            now: now
        )
        do {
            return IssuedCertificate(
                chain: [try leaf.pemText()] + chain + [self.trustBundle],
                identity: identity,
                serial: leaf.serialText,
                notBefore: leaf.notValidBefore,
                notAfter: leaf.notValidAfter
            )
        } catch {
            throw AuthorityError(.signingFailed, "the certificate for \(identity.uri) cannot be encoded", cause: error)
        }
    }

    /// Makes a key and has a certificate signed for the control plane's own listener.
    ///
    /// - Throws: `AuthorityError` or `IssuanceRefusal` as `issue`.
    package func makeServingCertificate(names: [ServerName], now: Date) async throws -> ServingCertificate {
        let key = P256.Signing.PrivateKey()
        let general = names.map(\.generalName)
        let extensions = try Certificate.Extensions { Critical(SubjectAlternativeNames(general)) }
        let request = try CertificateSigningRequest(
            version: .v1,
            subject: DistinguishedName(),
            privateKey: Certificate.PrivateKey(key),
            attributes: try CertificateSigningRequest.Attributes([.init(ExtensionRequest(extensions: extensions))]),
            signatureAlgorithm: .ecdsaWithSHA256
        )
        let (leaf, chain) = try await self.sign(
            try request.serializeAsPEM().derBytes,
            publicKey: request.publicKey,
            names: general,
            lifetime: self.lifetimes.server,
            now: now
        )
        return ServingCertificate(
            chain: try leaf.pemText() + chain.joined(),
            privateKey: key.pemRepresentation,
            notBefore: leaf.notValidBefore,
            notAfter: leaf.notValidAfter
        )
    }

    private func sign(
        _ csr: [UInt8],
        publicKey: Certificate.PublicKey,
        names: [GeneralName],
        lifetime: Duration,
        now: Date
    ) async throws -> (leaf: Certificate, chain: [String]) {
        guard self.gate.withLock({ $0.enter(now: self.uptime()) }) else {
            throw IssuanceRefusal(.authorityUnavailable, "too many certificates are asked for at once, try again")
        }
        defer { self.gate.withLock { $0.leave() } }
        do throws(AuthorityError) {
            let facts = try await self.current(now: now)
            let life = PrivateCALimits.lifetime(lifetime, facts.description, now: now)
            let content = LeafContent(
                names: names,
                publicKey: publicKey,
                organization: self.trustDomain,
                notAfter: now.addingTimeInterval(life)
            )
            let certificate = try await self.conversation.issue(self.request(csr, content, facts, now: now))
            let answer = try await self.conversation.await(certificate)
            let leaf = try PrivateCAPath.single(answer.certificate)
            try content.check(leaf, now: now)
            return (leaf, try PrivateCAPath.chain(leaf, answer.chain, authority: facts.above))
        } catch {
            guard error.isTransient else { throw error }
            throw IssuanceRefusal(.authorityUnavailable, "\(error.code.rawValue): the Private CA is busy, try again")
        }
    }

    private func request(
        _ csr: [UInt8],
        _ content: LeafContent,
        _ facts: Facts,
        now: Date
    ) throws(AuthorityError) -> PrivateCAIssueRequest {
        let passthrough: JSONValue?
        do {
            switch self.settings.leafTemplate {
            case .apiPassthrough: passthrough = try content.passthrough(hasSubject: true)
            case .apiPassthroughWithoutSubject: passthrough = try content.passthrough(hasSubject: false)
            case .csrPassthrough: passthrough = nil
            }
        } catch {
            throw AuthorityError(.signingFailed, "the names of a leaf cannot be encoded", cause: error)
        }
        // A caller that lost the answer and asks again with the same key gets the same certificate, paid for once.
        let names = content.names.map { "\($0)" }.joined(separator: "\n")
        let token = HexText.of(SHA256.hash(data: csr + Array(names.utf8)))
        return PrivateCAIssueRequest(
            csr: PEMDocument(type: "CERTIFICATE REQUEST", derBytes: csr).pemString + "\n",
            signingAlgorithm: facts.description.signingAlgorithm,
            templateARN: self.settings.leafTemplateInForce,
            notBefore: Int64(now.timeIntervalSince1970 - self.lifetimes.backdating.wholeSeconds),
            notAfter: Int64(content.notAfter.timeIntervalSince1970),
            passthrough: passthrough,
            idempotencyToken: String(token.prefix(32))
        )
    }

    /// The authority as it was read a while ago, or now.
    private func current(now: Date) async throws(AuthorityError) -> Facts {
        let known = self.facts.withLock { $0 }
        guard abs(now.timeIntervalSince(known.read)) >= Self.memory else { return known }
        var next = try await Self.read(self.conversation, self.additionalRoots, now: now)
        let set = Set(known.set)
        guard set.isSubset(of: next.set) || set.isSuperset(of: next.set) else {
            throw AuthorityError(
                .rootChangeRefused,
                "\(self.settings.authority) has another root: add it to the additional roots first"
            )
        }
        next.hasChanged = known.hasChanged || next.bundle != known.bundle
        let news = next
        self.facts.withLock { $0 = news }
        return next
    }

    private static func read(
        _ conversation: PrivateCAConversation,
        _ additional: [Certificate],
        now: Date
    ) async throws(AuthorityError) -> Facts {
        let description = try await conversation.describe()
        let above = try PrivateCAPath.authority(try await conversation.authorityCertificate())
        var roots = [above.root]
        for root in additional where !roots.contains(root) { roots.append(root) }
        do {
            return Facts(
                description: description,
                above: above,
                set: roots,
                bundle: try roots.map { try $0.pemText() }.joined(),
                read: now
            )
        } catch {
            throw PrivateCAPath.invalid("a root cannot be encoded")
        }
    }
}

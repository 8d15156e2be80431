package import Foundation
package import MeshModel
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// Proves a caller by the certificate that it has: a machine without any other proof renews with it.
///
/// The connection proves that the caller holds the key. Here the chain is checked against the roots in force, and the
/// successor is for the very same workload. Identities that a better proof stands for, such as a task's, are refused,
/// or a stolen key could renew itself for ever.
package struct CertificateAttestor: CallerAttesting {
    /// Who may renew with a certificate.
    package struct Policy: Sendable, Hashable {
        /// Accepted trust domains; the successor is issued in the main one.
        package var domains: TrustDomains
        /// Namespace and service account of the workloads that have to attest themselves each time, as
        /// `<namespace>/<service account>`.
        package var attested: Set<String>
        /// Whether those may renew with a certificate too.
        package var allowsAttested: Bool

        /// Makes a policy.
        package init(domains: TrustDomains, attested: Set<String>, allowsAttested: Bool = false) {
            self.domains = domains
            self.attested = attested
            self.allowsAttested = allowsAttested
        }
    }

    package let kind = AttestorKind.clientCertificate
    private static let chainCertificates = 8
    private static let chainBytes = 64 << 10
    private let policy: Policy
    private let authority: SigningAuthority
    private let mayRenew: @Sendable (String) async throws -> Bool

    /// Makes an attestor that trusts what the authority's bundle trusts, at each moment.
    ///
    /// - Parameter mayRenew: whether a workload, as `<namespace>/<service account>`, may renew; what it throws turns the
    ///   caller away until later.
    package init(
        policy: Policy,
        authority: SigningAuthority,
        mayRenew: @escaping @Sendable (String) async throws -> Bool = { _ in true }
    ) {
        self.policy = policy
        self.authority = authority
        self.mayRenew = mayRenew
    }

    package func checkForm(_ evidence: CallerEvidence) throws(IssuanceRefusal) {
        let count = evidence.certificates.count
        guard (1...Self.chainCertificates).contains(count),
            evidence.certificates.reduce(0, { $0 + $1.count }) <= Self.chainBytes
        else {
            throw Self.refusal(
                .clientCertificateMalformed,
                "\(count) certificates came, 1 to \(Self.chainCertificates) of together \(Self.chainBytes) bytes may"
            )
        }
    }

    package func attest(_ evidence: CallerEvidence, now: Date) async throws(IssuanceRefusal) -> AttestedCaller {
        try self.checkForm(evidence)
        guard let chain = try? evidence.certificates.map({ try Certificate(derEncoded: $0) }), let leaf = chain.first
        else { throw Self.refusal(.clientCertificateMalformed, "a certificate cannot be read") }
        guard leaf.notValidBefore <= now, now < leaf.notValidAfter else {
            throw Self.refusal(
                .clientCertificateExpired,
                "certificate \(leaf.serialText) holds from \(leaf.notValidBefore) to \(leaf.notValidAfter)"
            )
        }
        let roots = try? PEMDocument.parseMultiple(pemString: self.authority.trustBundle)
            .map { try Certificate(derEncoded: $0.derBytes) }
        var verifier = Verifier(rootCertificates: CertificateStore(roots ?? [])) {
            RFC5280Policy(fixedExpiryValidationTime: now)
            SignersMaySign()
        }
        // TLS may hand on the leaf alone; then a signer of ours stands in for what the client sent.
        let above = chain.count > 1 ? Array(chain.dropFirst()) : self.authority.way(from: leaf)
        let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore(above))
        guard case .validCertificate = result else {
            throw Self.refusal(
                .clientCertificateUntrusted,
                "certificate \(leaf.serialText) does not lead to a root in force"
            )
        }
        guard let names = try? leaf.extensions.subjectAlternativeNames, names.count == 1,
            case .uniformResourceIdentifier(let uri)? = names.first, let holder = try? SPIFFEID(parsing: uri),
            let identity = self.policy.domains.canonical(holder)
        else {
            throw Self.refusal(
                .clientCertificateForeign,
                "certificate \(leaf.serialText) does not name exactly one workload of this mesh"
            )
        }
        let workload = "\(identity.namespace)/\(identity.serviceAccount)"
        let isFree: Bool
        do {
            isFree = self.policy.attested.contains(workload) ? false : try await self.mayRenew(workload)
        } catch {
            throw IssuanceRefusal(.authorityUnavailable, "the control plane cannot read its state, try again later")
        }
        guard self.policy.allowsAttested || isFree else {
            var refusal = Self.refusal(
                .clientCertificateNeedsAttestation,
                "\(workload) is bound to a task's role, or never joined by a token, and has to prove itself each time"
            )
            refusal.caller = "certificate/\(leaf.serialText)"
            throw refusal
        }
        return AttestedCaller(identity: identity, kind: self.kind, caller: "certificate/\(leaf.serialText)")
    }

    private static func refusal(_ reason: IssuanceRefusal.Reason, _ note: String) -> IssuanceRefusal {
        IssuanceRefusal(.clientCertificateRefused, secretly: reason, note)
    }
}

/// Demands that every authority of a chain may sign, and that the leaf is for clients and no authority.
private struct SignersMaySign: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.extendedKeyUsage,
    ]

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        guard (try? chain.leaf.extensions.extendedKeyUsage)?.contains(.clientAuth) == true else {
            return .failsToMeetPolicy(reason: "the certificate is not for clients")
        }
        if case .isCertificateAuthority = try? chain.leaf.extensions.basicConstraints {
            return .failsToMeetPolicy(reason: "the certificate is an authority's")
        }
        guard chain.dropFirst().allSatisfy({ (try? $0.extensions.keyUsage)?.keyCertSign ?? true }) else {
            return .failsToMeetPolicy(reason: "an authority may not sign certificates")
        }
        return .meetsPolicy
    }
}

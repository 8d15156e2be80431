package import Foundation
import MeshModel

/// The whole way from a call of `CreateCertificate` to a certificate or a refusal, with a journal line for either.
package final class CertificateIssuer: Sendable {
    /// What the caller sent, as text; nothing in it is trusted.
    package struct Call: Sendable {
        /// The PEM request.
        package var csr: String
        /// The wished lifetime in seconds; zero or less means the default.
        package var validitySeconds: Int64
        /// The values of the call's `authorization` metadata.
        package var authorization: [String]
        /// An identity other than its own that the caller asks for, if it does.
        package var impersonated: String?
        /// The network address that called, for the journal.
        package var peer: String
        /// The client's certificates of the TLS connection as DER, its own first.
        package var certificates: [[UInt8]]

        /// Makes a call.
        package init(
            csr: String,
            validitySeconds: Int64,
            authorization: [String],
            impersonated: String? = nil,
            peer: String,
            certificates: [[UInt8]] = []
        ) {
            self.csr = csr
            self.validitySeconds = validitySeconds
            self.authorization = authorization
            self.impersonated = impersonated
            self.peer = peer
            self.certificates = certificates
        }
    }

    private let authority: any LeafIssuing
    private let attestors: AttestorChoice
    private let journal: IssuanceJournal

    /// Makes an issuer that takes one kind of proof.
    package convenience init(
        authority: any LeafIssuing,
        attestor: any CallerAttesting,
        journal: IssuanceJournal
    ) {
        self.init(authority: authority, attestors: AttestorChoice(task: attestor), journal: journal)
    }

    /// Makes an issuer.
    package init(authority: any LeafIssuing, attestors: AttestorChoice, journal: IssuanceJournal) {
        self.authority = authority
        self.attestors = attestors
        self.journal = journal
    }

    /// Answers one call.
    ///
    /// - Throws: `IssuanceRefusal` when the caller may not have the certificate, `AuthorityError` when we cannot
    ///   make it.
    package func answer(_ call: Call, now: Date) async throws -> IssuedCertificate {
        var record = IssuanceRecord(time: now, outcome: "failed", peer: call.peer)
        do {
            let issued = try await self.issue(call, now: now, record: &record)
            record.outcome = "issued"
            record.identity = issued.identity.uri
            record.serial = issued.serial
            record.expires = issued.notAfter
            self.journal.append(record)
            return issued
        } catch {
            if let refusal = error as? IssuanceRefusal {
                record.outcome = "refused"
                record.code = refusal.reason?.rawValue ?? refusal.code.rawValue
                record.caller = record.caller ?? refusal.caller
                record.hint = String((refusal.privateHint ?? refusal.hint).prefix(512))
            } else {
                record.code = (error as? AuthorityError)?.code.rawValue
            }
            self.journal.append(record)
            throw error
        }
    }

    private func issue(
        _ call: Call,
        now: Date,
        record: inout IssuanceRecord
    ) async throws -> IssuedCertificate {
        var evidence = CallerEvidence(authorization: call.authorization, certificates: call.certificates)
        let attestor = self.attestors.attestor(for: evidence)
        record.attestor = attestor.kind.rawValue
        // The attestation's form first: a stranger should not make us verify signatures.
        try attestor.checkForm(evidence)
        let request = try SigningRequest(pem: call.csr)
        record.keyDigest = request.keyDigest
        // Whatever else could stand in the way comes before the proof, as some proofs work only once.
        // Anything past the maximum is the same; the cut keeps the arithmetic far from overflow.
        let lifetime = try self.authority.lifetimes.granted(.seconds(min(max(call.validitySeconds, 0), 1 << 32)))
        evidence.keyDigest = request.keyDigest
        evidence.wished = request.uris + (call.impersonated.map { [$0] } ?? [])
        let caller = try await attestor.attest(evidence, now: now)
        record.attestor = caller.kind.rawValue
        record.caller = caller.caller
        record.task = caller.task
        record.identity = caller.identity.uri
        guard evidence.wished.allSatisfy({ $0 == caller.identity.uri }) else {
            throw IssuanceRefusal(
                .csrIdentityMismatch,
                "the request names '\(evidence.wished.joined(separator: " ").prefix(160))', "
                    + "but the caller is \(caller.identity.uri)"
            )
        }
        return try await self.authority.issue(for: caller.identity, request: request, lifetime: lifetime, now: now)
    }
}

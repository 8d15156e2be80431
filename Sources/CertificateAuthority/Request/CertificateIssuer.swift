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

        /// Makes a call.
        package init(
            csr: String,
            validitySeconds: Int64,
            authorization: [String],
            impersonated: String? = nil,
            peer: String
        ) {
            self.csr = csr
            self.validitySeconds = validitySeconds
            self.authorization = authorization
            self.impersonated = impersonated
            self.peer = peer
        }
    }

    private let authority: SigningAuthority
    private let attestor: ECSAttestor
    private let journal: IssuanceJournal

    /// Makes an issuer.
    package init(authority: SigningAuthority, attestor: ECSAttestor, journal: IssuanceJournal) {
        self.authority = authority
        self.attestor = attestor
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
                record.code = refusal.code.rawValue
                record.hint = String(refusal.hint.prefix(512))
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
        // The attestation's form first: a stranger should not make us verify signatures.
        let token = try AttestationToken(authorization: call.authorization)
        let request = try SigningRequest(pem: call.csr)
        record.keyDigest = request.keyDigest
        let caller = try await self.attestor.attest(token, keyDigest: request.keyDigest, now: now)
        record.caller = caller.callerARN
        record.task = caller.taskARN
        record.identity = caller.identity.uri
        let wished = request.uris + (call.impersonated.map { [$0] } ?? [])
        guard wished.allSatisfy({ $0 == caller.identity.uri }) else {
            throw IssuanceRefusal(
                .csrIdentityMismatch,
                "the request names '\(wished.joined(separator: " ").prefix(160))', but the caller is \(caller.identity.uri)"
            )
        }
        return try self.authority.issue(
            for: caller.identity,
            request: request,
            // Anything past the clamp is the same; this keeps the arithmetic far from overflow.
            lifetime: .seconds(min(max(call.validitySeconds, 0), 1 << 32)),
            now: now
        )
    }
}

/// Why a caller gets no certificate. The codes are stable: they appear in the answer, the journal and the metric.
package struct IssuanceRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The closed set of reasons.
    package enum Code: String, Sendable, CaseIterable {
        case attestationMissing = "attestation_missing"
        case attestationMalformed = "attestation_malformed"
        case attestationOversized = "attestation_oversized"
        case attestationHostNotAllowed = "attestation_host_not_allowed"
        case attestationAudienceMismatch = "attestation_audience_mismatch"
        case attestationExpired = "attestation_expired"
        case attestationReplayed = "attestation_replayed"
        case attestationKeyMismatch = "attestation_key_mismatch"
        case attestationHeadersNotSigned = "attestation_headers_not_signed"
        case stsRefused = "sts_refused"
        case stsUnavailable = "sts_unavailable"
        case notATaskRole = "not_a_task_role"
        case accountNotAllowed = "account_not_allowed"
        case regionNotAllowed = "region_not_allowed"
        case taskNotFound = "task_not_found"
        case taskNotRunning = "task_not_running"
        case taskRoleMismatch = "task_role_mismatch"
        case clusterNotAllowed = "cluster_not_allowed"
        case namespaceNotAllowed = "namespace_not_allowed"
        case bindingMissing = "binding_missing"
        case csrMalformed = "csr_malformed"
        case csrIdentityMismatch = "csr_identity_mismatch"
        case lifetimeTooLong = "lifetime_too_long"
        case joinTokenRefused = "join_token_refused"
        case clientCertificateRefused = "client_certificate_refused"
        case authorityUnavailable = "authority_unavailable"
    }

    /// What the journal says in place of a code that tells the caller nothing: which check failed is a stranger's
    /// business least of all where it guesses at secrets.
    package enum Reason: String, Sendable, CaseIterable {
        case joinTokenMalformed = "join_token_malformed"
        case joinTokenUnknown = "join_token_unknown"
        case joinTokenSecretWrong = "join_token_secret_wrong"
        case joinTokenExpired = "join_token_expired"
        case joinTokenRevoked = "join_token_revoked"
        case joinTokenUsed = "join_token_used"
        case joinTokenIdentityMismatch = "join_token_identity_mismatch"
        case clientCertificateMalformed = "client_certificate_malformed"
        case clientCertificateUntrusted = "client_certificate_untrusted"
        case clientCertificateExpired = "client_certificate_expired"
        case clientCertificateForeign = "client_certificate_foreign"
        case clientCertificateNeedsAttestation = "client_certificate_needs_attestation"
    }

    /// What kind of answer the caller gets; the names are gRPC's.
    package enum Answer: Sendable, Hashable {
        case unauthenticated, permissionDenied, unavailable, invalidArgument
    }

    /// Which reason.
    package var code: Code
    /// The longest hint, in bytes.
    package static let hintBytes = 1024

    /// One line that says what to check next, printable ASCII of at most `hintBytes`: it quotes callers, and goes into
    /// logs. It holds no secret.
    package let hint: String

    /// What the journal says in place of the code; nil where the code says it all.
    package let reason: Reason?
    /// What the journal says in place of the hint; nil where the hint says it all.
    package let privateHint: String?
    /// Who called, as far as it was proven before the refusal; for the journal.
    package internal(set) var caller: String?

    /// Makes a refusal.
    package init(_ code: Code, _ hint: String) {
        self.code = code
        self.hint = PlainLine.of(hint, bytes: Self.hintBytes)
        self.reason = nil
        self.privateHint = nil
    }

    /// Makes a refusal that tells the caller nothing beyond its code.
    ///
    /// - Parameters:
    ///   - reason: which check failed, for the journal.
    ///   - note: what to check next, for the journal.
    package init(_ code: Code, secretly reason: Reason, _ note: String) {
        self.code = code
        self.hint = "not accepted; the control plane's journal says why"
        self.reason = reason
        self.privateHint = PlainLine.of(note, bytes: Self.hintBytes)
    }

    /// The kind of answer that belongs to the code: who the caller is, what it may do, what it sent, or try later.
    package var answer: Answer {
        switch self.code {
        case .attestationMissing, .attestationMalformed, .attestationOversized, .attestationHostNotAllowed,
            .attestationAudienceMismatch, .attestationExpired, .attestationReplayed, .attestationKeyMismatch,
            .attestationHeadersNotSigned, .stsRefused, .joinTokenRefused, .clientCertificateRefused:
            return .unauthenticated
        case .notATaskRole, .accountNotAllowed, .regionNotAllowed, .taskNotFound, .taskNotRunning,
            .taskRoleMismatch, .clusterNotAllowed, .namespaceNotAllowed, .bindingMissing:
            return .permissionDenied
        case .stsUnavailable, .authorityUnavailable:
            return .unavailable
        case .csrMalformed, .csrIdentityMismatch, .lifetimeTooLong:
            return .invalidArgument
        }
    }

    /// `<code>: <hint>`, the text of the gRPC status.
    package var description: String { "\(self.code.rawValue): \(self.hint)" }
}

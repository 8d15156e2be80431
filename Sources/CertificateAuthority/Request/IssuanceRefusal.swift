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
        case bindingMissing = "binding_missing"
        case csrMalformed = "csr_malformed"
        case csrIdentityMismatch = "csr_identity_mismatch"
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

    /// Makes a refusal.
    package init(_ code: Code, _ hint: String) {
        self.code = code
        self.hint = PlainLine.of(hint, bytes: Self.hintBytes)
    }

    /// The kind of answer that belongs to the code: who the caller is, what it may do, what it sent, or try later.
    package var answer: Answer {
        switch self.code {
        case .attestationMissing, .attestationMalformed, .attestationOversized, .attestationHostNotAllowed,
            .attestationAudienceMismatch, .attestationExpired, .attestationReplayed, .attestationKeyMismatch,
            .attestationHeadersNotSigned, .stsRefused:
            return .unauthenticated
        case .notATaskRole, .accountNotAllowed, .regionNotAllowed, .taskNotFound, .taskNotRunning,
            .taskRoleMismatch, .clusterNotAllowed, .bindingMissing:
            return .permissionDenied
        case .stsUnavailable:
            return .unavailable
        case .csrMalformed, .csrIdentityMismatch:
            return .invalidArgument
        }
    }

    /// `<code>: <hint>`, the text of the gRPC status.
    package var description: String { "\(self.code.rawValue): \(self.hint)" }
}

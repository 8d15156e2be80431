/// Why the certificate authority cannot do its work: a fault on our side, never the caller's.
package struct AuthorityError: Error, Sendable, CustomStringConvertible {
    /// The closed set of faults.
    package enum Code: String, Sendable, CaseIterable {
        /// The state directory, or a file in it, can be read or written by others, or is not ours.
        case stateUnsafe = "state_unsafe"
        /// A file in the state directory cannot be read.
        case stateUnreadable = "state_unreadable"
        /// A file in the state directory does not hold what it should.
        case stateCorrupt = "state_corrupt"
        /// A file in the state directory cannot be written.
        case stateUnwritable = "state_unwritable"
        /// The table that replicas share gave no answer, or not in time.
        case stateUnavailable = "state_unavailable"
        /// Another process holds the state directory.
        case stateInUse = "state_in_use"
        /// A certificate cannot be made or signed.
        case signingFailed = "signing_failed"
        /// The root or the intermediate has expired.
        case authorityExpired = "authority_expired"
        /// A file of a plugged-in authority is missing or cannot be read.
        case authorityFileMissing = "authority_file_missing"
        /// The files of a plugged-in authority do not belong together, or one of them does not hold what it should.
        case authorityFileInvalid = "authority_file_invalid"
        /// We may not read the secret with the authority, or not use the key of KMS that it is encrypted by.
        case authoritySecretDenied = "authority_secret_denied"
        /// There is no such secret, or it is marked for deletion.
        case authoritySecretMissing = "authority_secret_missing"
        /// AWS Secrets Manager did not answer, or not in time.
        case authoritySecretUnavailable = "authority_secret_unavailable"
        /// The new roots are neither part of the old ones nor the other way round.
        case rootChangeRefused = "root_change_refused"
        /// The step of a root rotation would cut somebody off, or does not come next.
        case rotationRefused = "rotation_refused"
        /// The authority's kind has no such step: its roots are somebody else's.
        case rotationUnsupported = "rotation_unsupported"
        /// As many join tokens as may be are kept already.
        case joinTokensFull = "join_tokens_full"
        /// A join token cannot be made as asked.
        case joinTokenInvalid = "join_token_invalid"
        /// AWS Private CA asks to slow down, or our own budget of calls is used up.
        case privateCAThrottled = "private_ca_throttled"
        /// The Private CA has issued as many certificates as its quota allows.
        case privateCALimitExceeded = "private_ca_limit_exceeded"
        /// The Private CA is not active.
        case privateCAInvalidState = "private_ca_invalid_state"
        /// The Private CA does not take our request: its form, its template, its algorithm or its lifetime.
        case privateCARequestInvalid = "private_ca_request_invalid"
        /// The Private CA accepted the request and could not fulfil it.
        case privateCARequestFailed = "private_ca_request_failed"
        /// We may not call the Private CA, or there are no credentials.
        case privateCADenied = "private_ca_denied"
        /// There is no such Private CA.
        case privateCANotFound = "private_ca_not_found"
        /// The Private CA did not answer, or not in time.
        case privateCAUnavailable = "private_ca_unavailable"
        /// What the Private CA answered is no certificate that we can use.
        case privateCAAnswerInvalid = "private_ca_answer_invalid"
    }

    /// Which fault.
    package var code: Code
    /// One line for an operator: the file or field, what was found, what to do.
    package var message: String
    /// What lies below, if anything does.
    package var cause: (any Error)?

    /// Makes a fault.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Whether the same may work a little later, without anybody's doing.
    package var isTransient: Bool {
        switch self.code {
        case .privateCAThrottled, .privateCAUnavailable, .authoritySecretUnavailable, .stateUnavailable: true
        default: false
        }
    }

    package var description: String {
        guard let cause else { return "\(self.code.rawValue): \(self.message)" }
        return "\(self.code.rawValue): \(self.message) (\(cause))"
    }
}

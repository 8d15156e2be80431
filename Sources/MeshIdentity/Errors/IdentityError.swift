internal import BoringTLS

/// Why there is no identity to use, or an issued one was refused.
package struct IdentityError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of causes; the raw strings are stable.
    package enum Code: String, Sendable, CaseIterable {
        /// Nothing was issued yet.
        case missing = "identity_missing"
        /// The last certificate expired before a new one came: all use of it stops.
        case expired = "identity_expired"
        /// The authority's answer holds no chain with a root, or one that can't be read.
        case malformedAnswer = "issued_chain_malformed"
        /// The issued certificate names another identity than was asked for.
        case identityMismatch = "issued_identity_mismatch"
        /// The issued certificate is for another key than ours.
        case keyMismatch = "issued_key_mismatch"
        /// The issued certificate isn't valid now by our clock.
        case outsideValidity = "issued_outside_validity"
        /// The issued chain doesn't lead to the roots that came with it.
        case untrusted = "issued_chain_untrusted"
        /// TLS couldn't be configured with it.
        case unusable = "issued_chain_unusable"
    }

    /// What went wrong.
    package var code: Code
    /// One line for an operator, at most 1 KiB.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        // The same bound and the same masking of control characters as TLS errors have.
        self.message = TLSError(.internalError, message).message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

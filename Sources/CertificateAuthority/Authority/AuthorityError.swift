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
        /// Another process holds the state directory.
        case stateInUse = "state_in_use"
        /// A certificate cannot be made or signed.
        case signingFailed = "signing_failed"
        /// The root or the intermediate has expired.
        case authorityExpired = "authority_expired"
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

    package var description: String {
        guard let cause else { return "\(self.code.rawValue): \(self.message)" }
        return "\(self.code.rawValue): \(self.message) (\(cause))"
    }
}

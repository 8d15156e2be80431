/// Why a call to AWS did not give an answer to work with.
package struct AWSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller can do about it.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Too many requests: AWS said so, or our own budget had no room before the deadline.
        case throttled
        /// The caller is known and may not do this.
        case accessDenied = "access_denied"
        /// What the request names is not there.
        case notFound = "not_found"
        /// The request is wrong, or refused for the state something is in.
        case invalid
        /// AWS failed, or answered what nobody can read.
        case server
        /// No answer came: name, connection, TLS, time.
        case transport
        /// There are no credentials, or AWS does not take them.
        case credentials
    }

    /// The service's name, such as `ecs`.
    package var service: String
    /// The action, such as `DescribeTasks`.
    package var action: String
    /// AWS's code, such as `ClusterNotFoundException`, or one of ours.
    package var code: String
    /// One line, at most 1,024 code points.
    package var message: String
    /// The HTTP status; `nil` when no answer came.
    package var status: Int?
    /// What AWS's support asks for; `nil` when no answer came or it has none.
    package var requestID: String?
    /// What a caller can do about it.
    package var kind: Kind
    /// Why each part of a transaction was refused, in order, `None` for those that were not to blame; at most 100. Empty
    /// for all other errors.
    package var reasons: [String] = []

    /// Holds the parts; the message is cut to 1,024 code points and one line.
    package init(
        service: String,
        action: String,
        code: String,
        message: String,
        status: Int? = nil,
        requestID: String? = nil,
        kind: Kind
    ) {
        self.service = service
        self.action = action
        self.code = Self.line(code, limit: 128)
        self.message = Self.line(message, limit: 1024)
        self.status = status
        self.requestID = requestID.map { Self.line($0, limit: 128) }
        self.kind = kind
    }

    /// Cuts by code points, as one character may have any number of them, and leaves nothing that moves a terminal's
    /// cursor or starts another log line.
    private static func line(_ text: String, limit: Int) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(line)
    }

    package var description: String {
        var facts: [String] = []
        if let status = self.status { facts.append("HTTP \(status)") }
        if let requestID = self.requestID { facts.append("request \(requestID)") }
        let tail = facts.isEmpty ? "" : " (\(facts.joined(separator: ", ")))"
        return "\(self.service) \(self.action): \(self.code): \(self.message)\(tail)"
    }

    /// Whether the same request may work a moment later.
    package var isRetryable: Bool {
        switch self.kind {
        case .throttled, .server, .transport: !Self.finalCodes.contains(self.code)
        case .accessDenied, .notFound, .invalid, .credentials: false
        }
    }

    /// Our own codes that another attempt cannot change.
    private static let finalCodes: Set<String> = [
        Code.deadlineExceeded, Code.clientThrottled, Code.responseTooLarge, Code.cancelled, Code.invalidEndpoint,
        Code.certificateRefused, "NotImplemented", "UnknownOperationException",
    ]

    /// Codes that we make ourselves; AWS has none of these names.
    package enum Code {
        /// The call's deadline passed.
        package static let deadlineExceeded = "TulleDeadlineExceeded"
        /// One attempt's deadline passed.
        package static let attemptTimedOut = "TulleAttemptTimedOut"
        /// Our own request budget had no room before the deadline.
        package static let clientThrottled = "TulleClientThrottled"
        /// The body is over the limit.
        package static let responseTooLarge = "TulleResponseTooLarge"
        /// The body is not what the protocol promises.
        package static let unreadableResponse = "TulleUnreadableResponse"
        /// The answer lacks what it must have.
        package static let incompleteResponse = "TulleIncompleteResponse"
        /// The connection could not be made, or broke.
        package static let connectionFailed = "TulleConnectionFailed"
        /// The endpoint's certificate is not trusted.
        package static let certificateRefused = "TulleCertificateRefused"
        /// The task that asked was cancelled.
        package static let cancelled = "TulleCancelled"
        /// No source has credentials.
        package static let noCredentials = "TulleNoCredentials"
        /// A source is configured and failed.
        package static let credentialSourceFailed = "TulleCredentialSourceFailed"
        /// No region is configured.
        package static let noRegion = "TulleNoRegion"
        /// An endpoint or region cannot be made into a URL.
        package static let invalidEndpoint = "TulleInvalidEndpoint"
        /// A list goes on for too many pages, or in a circle.
        package static let endlessPages = "TulleEndlessPages"
    }
}

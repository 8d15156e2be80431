import AWSClient

extension AuthorityError {
    /// What an error of AWS Private CA means for us.
    init(_ error: AWSError) {
        self.init(Self.code(of: error), "\(error.action): \(error.code): \(error.message)", cause: nil)
    }

    private static func code(of error: AWSError) -> Code {
        switch error.code {
        case "LimitExceededException": return .privateCALimitExceeded
        case "InvalidStateException": return .privateCAInvalidState
        case "MalformedCSRException", "InvalidArgsException", "InvalidArnException", "ValidationException":
            return .privateCARequestInvalid
        case "RequestFailedException": return .privateCARequestFailed
        case "ResourceNotFoundException": return .privateCANotFound
        case AWSError.Code.incompleteResponse, AWSError.Code.unreadableResponse, AWSError.Code.responseTooLarge:
            return .privateCAAnswerInvalid
        default: break
        }
        switch error.kind {
        case .throttled: return .privateCAThrottled
        case .accessDenied, .credentials: return .privateCADenied
        case .notFound: return .privateCANotFound
        case .invalid: return .privateCARequestInvalid
        case .server, .transport: return .privateCAUnavailable
        }
    }
}

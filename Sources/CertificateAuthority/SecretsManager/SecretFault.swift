import AWSClient

extension AuthorityError {
    /// What an error of AWS Secrets Manager means for us.
    init(secret error: AWSError) {
        self.init(Self.code(ofSecret: error), "\(error.action): \(error.code): \(error.message)")
    }

    private static func code(ofSecret error: AWSError) -> Code {
        switch error.code {
        // Its key of KMS is disabled, or not ours to use.
        case "DecryptionFailure": return .authoritySecretDenied
        // It is marked for deletion.
        case "InvalidRequestException": return .authoritySecretMissing
        default: break
        }
        return switch error.kind {
        case .accessDenied, .credentials: .authoritySecretDenied
        case .notFound, .invalid: .authoritySecretMissing
        case .throttled, .server, .transport: .authoritySecretUnavailable
        }
    }
}

import AWSClient
import CertificateAuthority

extension AuthorityError {
    /// A call of the shared table that gave no answer to work with.
    init(table error: any Error) {
        guard let error = error as? AWSError else {
            self.init(.stateUnavailable, "the call of the shared table was given up")
            return
        }
        self.init(.stateUnavailable, "the shared table: \(error.action): \(error.code): \(error.message)")
    }
}

import AWSSignature

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
struct EnvironmentSource: CredentialSource {
    let name = "environment"
    let environment: [String: String]

    func load() async throws -> AWSCredentials? {
        func variable(_ name: String) -> String? {
            self.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let key = variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = variable("AWS_SECRET_ACCESS_KEY") else {
            throw self.failure("AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY")
        }
        let token = variable("AWS_SESSION_TOKEN") ?? variable("AWS_SECURITY_TOKEN")
        return AWSCredentials(
            keys: SignatureCredentials(accessKeyID: key, secretAccessKey: secret, sessionToken: token),
            source: self.name
        )
    }
}

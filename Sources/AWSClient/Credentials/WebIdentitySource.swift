/// A token in a file, traded for a role's credentials: EKS's way.
struct WebIdentitySource: CredentialSource {
    let name = "web-identity"
    let environment: [String: String]
    let exchange: SecurityTokenExchange

    func load() async throws -> AWSCredentials? {
        func variable(_ name: String) -> String? {
            self.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let path = variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let role = variable("AWS_ROLE_ARN") else {
            throw self.failure("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN")
        }
        return try await self.load(tokenFile: path, role: role, session: variable("AWS_ROLE_SESSION_NAME"))
    }

    /// The file is read each time, as whoever writes it replaces the token.
    func load(tokenFile path: String, role: String, session: String?) async throws -> AWSCredentials {
        let token: String
        do {
            token = String(try BoundedFile.text(path, limit: 20_000).filter { !$0.isNewline })
        } catch {
            throw self.failure("\(path) \(error)")
        }
        return try await self.exchange.assumeRoleWithWebIdentity(role: role, session: session, token: token)
    }
}

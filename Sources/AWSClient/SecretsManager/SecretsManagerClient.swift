extension AWSClient {
    /// Secrets Manager in a region; `nil` for the client's region.
    package func secretsManager(region: String? = nil) -> SecretsManagerClient {
        SecretsManagerClient(client: self, region: region)
    }
}

/// The one call of Secrets Manager that a reader of secrets needs. It throws `AWSError`.
package struct SecretsManagerClient: Sendable {
    private let client: AWSClient
    private let region: String?

    init(client: AWSClient, region: String?) {
        self.client = client
        self.region = region
    }

    /// The version of a secret that has the label `AWSCURRENT`.
    ///
    /// - Parameters:
    ///   - secret: its ARN or its name.
    ///   - deadline: how long it may take with all retries; `nil` for the configured time.
    package func value(of secret: String, deadline: Duration? = nil) async throws -> SecretValue {
        let action = "GetSecretValue"
        let answer = try await self.client.call(
            .secretsManager,
            action: action,
            body: ["SecretId": .string(secret)],
            region: self.region,
            deadline: deadline
        )
        guard let version = answer["VersionId"]?.string, !version.isEmpty else {
            throw AWSError(
                service: AWSService.secretsManager.name,
                action: action,
                code: AWSError.Code.incompleteResponse,
                message: "the answer names no version",
                status: 200,
                kind: .server
            )
        }
        return SecretValue(version: version, text: answer["SecretString"]?.string)
    }
}

/// One version of a secret. Says nothing of the secret when it is printed.
package struct SecretValue: Sendable, CustomStringConvertible, CustomReflectable {
    /// The version's id, another one for each content.
    package let version: String
    /// The secret itself; `nil` where it was stored as bytes.
    package let text: String?

    /// Holds the parts.
    package init(version: String, text: String?) {
        self.version = version
        self.text = text
    }

    /// The version, without the secret.
    package var description: String { "version \(self.version), the secret is not shown" }

    /// The version, without the secret: what `dump` and a debugger's printing read.
    package var customMirror: Mirror { Mirror(self, children: ["version": self.version]) }
}

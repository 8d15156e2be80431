import AWSSignature
import Foundation

/// Trades one identity for a role's credentials with STS.
struct SecurityTokenExchange: Sendable {
    let executor: RequestExecutor
    let region: String

    static let defaultSessionName = "tulle"

    /// `AssumeRole`, signed by `provider`.
    func assumeRole(
        _ role: AssumedRole,
        signedBy provider: any CredentialsProvider
    ) async throws -> AWSCredentials {
        var parameters = [QueryItem("RoleArn", role.arn), QueryItem("RoleSessionName", role.sessionName)]
        if let externalID = role.externalID { parameters.append(QueryItem("ExternalId", externalID)) }
        if let duration = role.duration { parameters.append(QueryItem("DurationSeconds", String(duration))) }
        let action = "AssumeRole"
        let answer = try await self.executor.query(
            .sts,
            action: action,
            parameters: parameters,
            region: self.region,
            signedBy: provider,
            account: "default"
        )
        return try Self.credentials(in: answer, action: action, source: "assumed-role")
    }

    /// `AssumeRoleWithWebIdentity`, which is not signed: the token is the proof.
    func assumeRoleWithWebIdentity(role: String, session: String?, token: String) async throws -> AWSCredentials {
        let action = "AssumeRoleWithWebIdentity"
        let answer = try await self.executor.query(
            .sts,
            action: action,
            parameters: [
                QueryItem("RoleArn", role), QueryItem("RoleSessionName", session ?? Self.defaultSessionName),
                QueryItem("WebIdentityToken", token),
            ],
            region: self.region,
            signedBy: nil,
            account: "default"
        )
        return try Self.credentials(in: answer, action: action, source: "web-identity")
    }

    private static func credentials(in answer: XMLElement, action: String, source: String) throws -> AWSCredentials {
        guard let element = answer.only("\(action)Result")?.only("Credentials"),
            let key = element.only("AccessKeyId")?.text, !key.isEmpty,
            let secret = element.only("SecretAccessKey")?.text, !secret.isEmpty,
            let token = element.only("SessionToken")?.text, !token.isEmpty,
            let expiration = element.only("Expiration").flatMap({ Timestamp.epochSeconds(iso8601: $0.text) })
        else {
            throw AWSError(
                service: "sts",
                action: action,
                code: AWSError.Code.incompleteResponse,
                message: "the answer lacks AccessKeyId, SecretAccessKey, SessionToken or Expiration",
                status: 200,
                kind: .server
            )
        }
        return AWSCredentials(
            keys: SignatureCredentials(accessKeyID: key, secretAccessKey: secret, sessionToken: token),
            expiration: expiration,
            source: source
        )
    }
}

/// A role to take on.
package struct AssumedRole: Sendable, Hashable {
    /// The role's ARN.
    package var arn: String
    /// What the session is called in logs and ARNs.
    package var sessionName: String
    /// What the role's trust policy asks of third parties; `nil` for none.
    package var externalID: String?
    /// Seconds that the credentials last; `nil` for the role's own setting.
    package var duration: Int?

    /// Holds the parts as they are.
    package init(arn: String, sessionName: String = "tulle", externalID: String? = nil, duration: Int? = nil) {
        self.arn = arn
        self.sessionName = sessionName
        self.externalID = externalID
        self.duration = duration
    }
}

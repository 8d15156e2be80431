import AWSClient
import AWSSignature
package import Foundation
package import Logging
import Synchronization

/// Credentials of the tasks' roles, as ECS hands them out.
///
/// The lab takes on each task's role at STS with the task id as session name, as ECS does, and renews in good time.
package final class TaskCredentials: Sendable {
    private let client: AWSClient
    private let roles = Mutex<[String: AWSClient]>([:])

    /// Speaks to the lab's AWS API with keys that count as the ECS service's.
    package init(url: String, account: MotoServer.Account, stateDirectory: String, logger: Logger) throws {
        let configuration = try AWSConfiguration(environment: [
            "AWS_ACCESS_KEY_ID": account.ecsAccessKeyId,
            "AWS_SECRET_ACCESS_KEY": account.ecsSecretAccessKey,
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": account.region,
            // The person's own AWS files have no part in this.
            "AWS_CONFIG_FILE": "\(stateDirectory)/no-aws-config",
            "AWS_SHARED_CREDENTIALS_FILE": "\(stateDirectory)/no-aws-credentials",
        ])
        self.client = AWSClient(configuration, logger: logger)
    }

    /// The JSON that the credentials endpoint answers for a task.
    package func document(for record: TaskRecord) async throws -> Data {
        guard let role = record.roleArn else { throw LabError(.notFound, "task \(record.id) has no task role") }
        let client = self.roles.withLock { roles in
            let key = "\(record.id) \(role)"
            let client = roles[key] ?? self.client.assuming(AssumedRole(arn: role, sessionName: record.id))
            roles[key] = client
            return client
        }
        let credentials = try await client.credentials()
        let expiration = credentials.expiration ?? Date().timeIntervalSince1970 + 3600
        let style = Date.ISO8601FormatStyle()
        return try JSONSerialization.data(
            withJSONObject: [
                "RoleArn": role,
                "AccessKeyId": credentials.keys.accessKeyID,
                "SecretAccessKey": credentials.keys.secretAccessKey,
                "Token": credentials.keys.sessionToken ?? "",
                "Expiration": Date(timeIntervalSince1970: expiration).formatted(style),
            ],
            options: [.sortedKeys, .withoutEscapingSlashes]
        )
    }

    /// Forgets a task's credentials.
    package func forget(task id: String) {
        self.roles.withLock { roles in
            for key in roles.keys where key.hasPrefix("\(id) ") { roles[key] = nil }
        }
    }

    /// Closes connections.
    package func shutdown() async { await self.client.shutdown() }
}

import AWSClient

/// What proves a machine that is no ECS task, once.
struct JoinToken: Sendable, Hashable, CustomStringConvertible {
    /// Its name, for `tulle token list` and `revoke`.
    var id: String
    /// The secret itself.
    var secret: String

    /// The id alone.
    var description: String { "JoinToken(\(self.id))" }

    /// Has the control plane make one.
    /// - Parameter lifetime: seconds in which it can be used.
    static func make(
        for namespace: MeshName,
        _ serviceAccount: MeshName,
        lifetime: Int,
        _ admin: AdminClient
    ) async throws -> JoinToken {
        let answer = try await admin.call(
            "POST",
            "/v1/tokens",
            body: .json([
                "namespace": .string(namespace.text), "serviceAccount": .string(serviceAccount.text),
                "ttlSeconds": .int(lifetime),
            ])
        )
        guard let secret = answer["token"]?.string ?? answer["secret"]?.string, !secret.isEmpty else {
            throw CommandFailure("the control plane's answer holds no join token", hint: "is it of this version?")
        }
        return JoinToken(id: answer["id"]?.string ?? "-", secret: secret)
    }
}

package import AWSClient

/// Calls ECS: the real one, or a test's.
package protocol ECSAccess: Sendable {
    /// One action with its input; gives the raw answer.
    /// - Throws: `AWSError`.
    func call(_ action: String, _ input: JSONValue) async throws -> JSONValue
}

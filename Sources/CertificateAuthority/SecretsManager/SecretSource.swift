import AWSClient
import Foundation
import Synchronization

/// An authority whose files are one secret of AWS Secrets Manager, asked for again and again.
///
/// What can't be used when the control plane starts stops the start; later the last good state stays in use. The secret is
/// held in memory alone.
final class SecretSource: SignerSource {
    private struct Content {
        var set: SigningSet
        /// The version that `set` was read from.
        var version: String
        /// Whether `set` was not handed over yet.
        var isNew = false
        var fault: AuthorityError?
    }

    /// How long one call may take, with its retries.
    private static let deadline = Duration.seconds(10)

    private let client: SecretsManagerClient
    private let secret: ARN
    private let content: Mutex<Content>

    private var place: String { "secret \(self.secret)" }

    /// Reads the secret.
    ///
    /// - Throws: `AuthorityError` with `authority_secret_…`, `authority_file_…` or `authority_expired`.
    init(client: AWSClient, secret: ARN, now: Date) async throws(AuthorityError) {
        self.client = client.secretsManager(region: secret.region)
        self.secret = secret
        let value = try await Self.fetch(self.client, secret)
        let set = try SecretFiles(value, place: "secret \(secret)").load(now: now)
        self.content = Mutex(Content(set: set, version: value.version))
    }

    /// The set in force.
    var set: SigningSet { self.content.withLock { $0.set } }

    func refresh(now: Date) throws(AuthorityError) -> SigningSet? {
        try self.content.withLock { content throws(AuthorityError) in
            if content.isNew {
                content.isNew = false
                return content.set
            }
            if let fault = content.fault { throw fault }
            return nil
        }
    }

    /// Asks for the secret, and takes on what is new and good in it.
    ///
    /// - Returns: whether there is another set now.
    /// - Throws: `AuthorityError` with `authority_secret_…`, `authority_file_…`, `authority_expired` or
    ///   `root_change_refused`; the old set then stays in use, and `refresh` says the same until it is mended.
    func look(now: Date) async throws(AuthorityError) -> Bool {
        do throws(AuthorityError) {
            let value = try await Self.fetch(self.client, self.secret)
            return try self.content.withLock { content throws(AuthorityError) in
                // The version is kept only with a good set, so what can't be used is looked at again.
                guard value.version != content.version else {
                    content.fault = nil
                    return false
                }
                let next = try SecretFiles(value, place: self.place).load(now: now)
                try content.set.checkSuccessor(next.roots, from: self.place)
                content = Content(set: next, version: value.version, isNew: true)
                return true
            }
        } catch {
            self.content.withLock { $0.fault = error }
            throw error
        }
    }

    private static func fetch(
        _ client: SecretsManagerClient,
        _ secret: ARN
    ) async throws(AuthorityError) -> SecretValue {
        do {
            return try await client.value(of: secret.description, deadline: Self.deadline)
        } catch let error as AWSError {
            throw AuthorityError(secret: error)
        } catch {
            throw AuthorityError(.authoritySecretUnavailable, "the call was given up")
        }
    }
}

package import AWSClient
package import Foundation
package import Logging

/// An authority in a secret of AWS Secrets Manager, and what looks for another version of it.
package final class SecretKeeper: AuthorityKeeping {
    /// Signs with what the secret's newest good version says.
    package let authority: SigningAuthority
    /// The time between two looks. So long it takes at most until every replica signs with a new version.
    package static let interval = Duration.seconds(30)

    private let source: SecretSource
    private let logger: Logger

    /// Reads the secret.
    ///
    /// - Parameter secret: its ARN, `arn:aws:secretsmanager:<region>:<account>:secret:<name>`.
    /// - Throws: `AuthorityError` with `authority_secret_…`, `authority_file_missing`, `authority_file_invalid` or
    ///   `authority_expired`. The start is to fail with it; it never falls back to an authority of its own.
    package init(
        client: AWSClient,
        secret text: String,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date,
        logger: Logger
    ) async throws(AuthorityError) {
        guard let secret = ARN(parsing: text), secret.service == "secretsmanager",
            AWSPartition.isPlausible(region: secret.region), secret.resource.hasPrefix("secret:")
        else {
            throw AuthorityError(
                .authoritySecretMissing,
                "'\(PlainLine.of(text, bytes: 160))' must be the ARN of a secret, "
                    + "arn:aws:secretsmanager:<region>:<account>:secret:<name>"
            )
        }
        let source = try await SecretSource(client: client, secret: secret, now: now)
        self.source = source
        self.logger = logger
        self.authority = SigningAuthority(
            source: source,
            set: source.set,
            trustDomain: trustDomain,
            lifetimes: lifetimes
        )
    }

    /// Asks for the secret; the authority takes on at once what is new and good in it.
    ///
    /// - Returns: whether there was something.
    /// - Throws: `AuthorityError`; what signed before stays in use.
    @discardableResult
    package func look(now: Date) async throws(AuthorityError) -> Bool {
        let isNew = try await self.source.look(now: now)
        if isNew { self.authority.takeOver(now: now) }
        return isNew
    }

    package func run() async {
        var told: AuthorityError?
        while (try? await Task.sleep(for: Self.interval * Double.random(in: 0.9...1))) != nil {
            do throws(AuthorityError) {
                let isNew = try await self.look(now: Date())
                if isNew || told != nil {
                    self.logger.info(
                        isNew ? "authority taken from a new version of its secret" : "authority's secret is well again",
                        metadata: ["tls.not_after": "\(self.authority.intermediateExpiry)"]
                    )
                }
                told = nil
            } catch {
                guard told?.code != error.code || told?.message != error.message else { continue }
                told = error
                self.logger.warning(
                    "authority's secret cannot be used, what signed before goes on",
                    metadata: [
                        "error.code": "\(error.code.rawValue)", "error": "\(error.message)",
                        "tls.not_after": "\(self.authority.intermediateExpiry)",
                    ]
                )
            }
        }
    }
}

package import AWSSignature

/// Credentials with where they came from and how long they last.
package struct AWSCredentials: Sendable, Hashable {
    /// What signs. Its description masks the secret.
    package var keys: SignatureCredentials
    /// Seconds since the epoch; `nil` for keys that do not expire.
    package var expiration: Double?
    /// Such as `environment` or `container`.
    package var source: String

    /// Holds the parts as they are.
    package init(keys: SignatureCredentials, expiration: Double? = nil, source: String) {
        self.keys = keys
        self.expiration = expiration
        self.source = source
    }
}

/// Gives credentials that are good now.
package protocol CredentialsProvider: Sendable {
    /// Credentials to sign with.
    ///
    /// - Throws: `AWSError` of kind `credentials`, or of what was asked for them.
    func credentials() async throws -> AWSCredentials

    /// AWS did not take these: the next call must not give them again from a cache.
    func refused(_ credentials: AWSCredentials) async
}

/// The same credentials always.
package struct FixedCredentials: CredentialsProvider {
    private let value: AWSCredentials

    /// Gives these for ever.
    package init(_ keys: SignatureCredentials) {
        self.value = AWSCredentials(keys: keys, source: "fixed")
    }

    package func credentials() async throws -> AWSCredentials { self.value }

    package func refused(_ credentials: AWSCredentials) async {}
}

/// A place that may have credentials.
protocol CredentialSource: Sendable {
    /// A name for errors and logs.
    var name: String { get }

    /// Fresh credentials; `nil` when the source is not configured here.
    ///
    /// A source that is configured and fails throws: falling through to another identity would surprise.
    func load() async throws -> AWSCredentials?
}

extension CredentialSource {
    func failure(_ message: String) -> AWSError {
        AWSError(
            service: "credentials",
            action: self.name,
            code: AWSError.Code.credentialSourceFailed,
            message: message,
            kind: .credentials
        )
    }
}

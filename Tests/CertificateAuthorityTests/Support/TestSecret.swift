import AWSClient
import AWSTestSupport
import CertificateAuthority
import Foundation
import Logging
import Synchronization
import Testing

/// Secrets Manager with one secret, as a test wants it.
final class TestSecret: Sendable {
    static let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:tulle/authority-AbCdEf"

    /// What the next calls are answered with; each content is a version of its own.
    enum Content: Sendable {
        case text(String)
        case bytes
        case fault(String)
    }

    private let state = Mutex((content: Content.fault("InternalServiceError"), version: 0))

    /// Stores a version.
    func store(_ content: Content) {
        self.state.withLock { state in
            state.content = content
            state.version += 1
        }
    }

    /// Stores an authority by Istio's names.
    func store(_ signer: TestAuthority, above: [TestAuthority] = [], roots: [TestAuthority]) throws {
        self.store(.text(try Self.document(signer, above: above, roots: roots)))
    }

    /// An authority by Istio's names, with a member that means nothing here.
    static func document(
        _ signer: TestAuthority,
        above: [TestAuthority] = [],
        roots: [TestAuthority]
    ) throws -> String {
        let value: JSONValue = [
            "ca-cert.pem": .string(try signer.pem), "ca-key.pem": .string(try signer.keyPEM),
            "cert-chain.pem": .string(try ([signer] + above).map { try $0.pem }.joined()),
            "root-cert.pem": .string(try roots.map { try $0.pem }.joined()), "note": ["owner": "platform"],
        ]
        return value.text()
    }

    /// AWS that answers for the secret and nothing else.
    func aws() -> AWSTestSupport.FakeAWS {
        AWSTestSupport.FakeAWS { request in
            guard request.action == "GetSecretValue", request.body["SecretId"]?.string == Self.arn else {
                return .error("ResourceNotFoundException", "no such secret")
            }
            let (content, version) = self.state.withLock { $0 }
            let id = JSONValue.string("00000000-0000-4000-8000-\(1_000_000_000_000 + version)")
            return switch content {
            case .text(let text): .json(["ARN": .string(Self.arn), "VersionId": id, "SecretString": .string(text)])
            case .bytes: .json(["ARN": .string(Self.arn), "VersionId": id, "SecretBinary": "AAAA"])
            case .fault(let code): .error(code, "as the test wants it", status: code.hasPrefix("Int") ? 500 : 400)
            }
        }
    }

    /// An authority over the secret.
    func keeper(aws: AWSTestSupport.FakeAWS, secret: String = TestSecret.arn, now: Date = Date()) async throws
        -> SecretKeeper
    {
        var configuration = try AWSConfiguration.test()
        configuration.limits.attempts = 2
        return try await SecretKeeper(
            client: AWSClient(configuration, transport: aws, logger: Logger(label: "test")),
            secret: secret,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: now,
            logger: Logger(label: "test")
        )
    }
}

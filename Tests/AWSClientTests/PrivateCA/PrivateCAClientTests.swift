import AWSClient
import AWSTestSupport
import Foundation
import Logging
import Testing

struct PrivateCAClientTests {
    private static let authority = "arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/1"

    private static func client(_ fake: FakeAWS) throws -> PrivateCAClient {
        AWSClient(try AWSConfiguration.test(), transport: fake, logger: Logger(label: "test")).privateCA()
    }

    @Test
    func asksForACertificateWithEverythingInIt() async throws {
        let fake = FakeAWS { _ in .json(["CertificateArn": "c"]) }
        let request = PrivateCAIssueRequest(
            csr: "-----BEGIN",
            signingAlgorithm: "SHA256WITHECDSA",
            templateARN: "t",
            notBefore: 5,
            notAfter: 10,
            passthrough: ["Subject": ["Organization": "o"]],
            idempotencyToken: "i"
        )
        #expect(try await Self.client(fake).issue(request, authority: Self.authority) == "c")
        let sent = try #require(fake.requests.first)
        #expect(sent.header("X-Amz-Target") == "ACMPrivateCA.IssueCertificate")
        #expect(sent.header("Authorization")?.contains("/us-east-1/acm-pca/aws4_request") == true)
        let expected: JSONValue = [
            "CertificateAuthorityArn": .string(Self.authority), "Csr": "LS0tLS1CRUdJTg==",
            "SigningAlgorithm": "SHA256WITHECDSA", "TemplateArn": "t", "Validity": ["Type": "ABSOLUTE", "Value": 10],
            "ValidityNotBefore": ["Type": "ABSOLUTE", "Value": 5], "IdempotencyToken": "i",
            "ApiPassthrough": ["Subject": ["Organization": "o"]],
        ]
        #expect(sent.body == expected)
    }

    @Test
    func aCertificateThatIsNotReadyIsNoError() async throws {
        let fake = FakeAWS { request in
            request.repetition == 0
                ? .error("RequestInProgressException")
                : .json(["Certificate": "a", "CertificateChain": "b"])
        }
        let client = try Self.client(fake)
        #expect(try await client.certificate("c", authority: Self.authority) == nil)
        let certificate = try await client.certificate("c", authority: Self.authority)
        #expect(certificate == PrivateCACertificate(certificate: "a", chain: "b"))
    }

    @Test(arguments: ["LimitExceededException", "InvalidStateException", "MalformedCSRException"])
    func whatCannotWorkIsAskedOnce(_ code: String) async throws {
        let fake = FakeAWS { _ in .error(code) }
        let error = await #expect(throws: AWSError.self) {
            try await Self.client(fake).certificate("c", authority: Self.authority)
        }
        #expect(error?.code == code && error?.kind == .invalid)
        #expect(fake.requests.count == 1)
    }

    @Test
    func aThrottledCallIsTriedAgain() async throws {
        let fake = FakeAWS { request in
            request.repetition < 2 ? .error("ThrottlingException") : .json(["Certificate": "a"])
        }
        let certificate = try await Self.client(fake).authorityCertificate(Self.authority)
        #expect(certificate == PrivateCACertificate(certificate: "a", chain: nil))
        #expect(fake.requests.count == 3)
    }

    @Test
    func readsADescriptionAndRefusesHalfOfOne() async throws {
        let whole: JSONValue = [
            "Arn": .string(Self.authority), "Status": "ACTIVE", "UsageMode": "SHORT_LIVED_CERTIFICATE",
            "NotAfter": 1_800_000_000,
            "CertificateAuthorityConfiguration": [
                "KeyAlgorithm": "EC_prime256v1", "SigningAlgorithm": "SHA256WITHECDSA",
            ],
        ]
        let fake = FakeAWS { request in
            .json(["CertificateAuthority": request.repetition == 0 ? whole : ["Status": "ACTIVE"]])
        }
        let client = try Self.client(fake)
        let description = try await client.describe(Self.authority)
        #expect(description.status == "ACTIVE" && description.isShortLived)
        #expect(description.signingAlgorithm == "SHA256WITHECDSA" && description.keyAlgorithm == "EC_prime256v1")
        #expect(description.notAfter == 1_800_000_000)
        let error = await #expect(throws: AWSError.self) { try await client.describe(Self.authority) }
        #expect(error?.code == AWSError.Code.incompleteResponse)
    }
}

import AWSClient
import AWSTestSupport
import Foundation
import Logging
import Testing

/// The calls against moto's Private CA, which really signs.
///
/// It is not faithful in this: keys are always RSA-2048 and lives a year, whatever is asked; a certificate of a
/// subordinate's template has no basic constraints; names that come with the call are ignored; tokens are too.
@Suite(.enabled(if: MotoServer.isInstalled, "moto_server is not installed"))
struct PrivateCAMotoTests {
    @Test
    func makesAnAuthorityAndHasItSign() async throws {
        let moto = try await MotoServer.running()
        let client = AWSClient(try .test(["AWS_ENDPOINT_URL": moto.url]), logger: Logger(label: "test"))
        let authority = client.privateCA()
        let arn = try await authority.makeRoot(name: "client test")
        let description = try await authority.describe(arn)
        #expect(description.status == "ACTIVE" && description.arn == arn)
        #expect(description.signingAlgorithm == "SHA256WITHRSA")
        let own = try await authority.authorityCertificate(arn)
        #expect(own.certificate.hasPrefix("-----BEGIN CERTIFICATE-----") && own.chain == nil)
        let csr = try await authority.call("GetCertificateAuthorityCsr", ["CertificateAuthorityArn": .string(arn)])
        let request = PrivateCAIssueRequest(
            csr: try #require(csr["Csr"]?.string),
            signingAlgorithm: description.signingAlgorithm,
            templateARN: "arn:aws:acm-pca:::template/EndEntityCertificate/V1",
            notBefore: 0,
            notAfter: Int64(Date().timeIntervalSince1970) + 3600,
            idempotencyToken: "one"
        )
        let issued = try await authority.issue(request, authority: arn)
        let certificate = try #require(try await authority.certificate(issued, authority: arn))
        #expect(certificate.certificate.hasPrefix("-----BEGIN CERTIFICATE-----"))
        #expect(certificate.chain.map { $0 + "\n" } == own.certificate || certificate.chain == own.certificate)
        await client.shutdown()
    }

    @Test
    func anAuthorityThatIsNotThereIsNotFound() async throws {
        let moto = try await MotoServer.running()
        let client = AWSClient(try .test(["AWS_ENDPOINT_URL": moto.url]), logger: Logger(label: "test"))
        let error = await #expect(throws: AWSError.self) {
            try await client.privateCA().describe(
                "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/absent"
            )
        }
        #expect(error?.kind == .notFound)
        await client.shutdown()
    }
}

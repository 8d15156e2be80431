package import AWSClient
import Foundation

extension PrivateCAClient {
    /// Makes a root authority that is ready to issue; gives its ARN.
    package func makeRoot(name: String) async throws -> String {
        let created = try await self.call(
            "CreateCertificateAuthority",
            [
                "CertificateAuthorityType": "ROOT",
                "CertificateAuthorityConfiguration": [
                    "KeyAlgorithm": "RSA_2048", "SigningAlgorithm": "SHA256WITHRSA",
                    "Subject": ["CommonName": .string(name)],
                ],
            ]
        )
        let arn = created["CertificateAuthorityArn"]?.string ?? ""
        let authority: JSONValue = ["CertificateAuthorityArn": .string(arn)]
        let csr = try await self.call("GetCertificateAuthorityCsr", authority)["Csr"]?.string ?? ""
        let now = Int64(Date().timeIntervalSince1970)
        let issued = try await self.issue(
            PrivateCAIssueRequest(
                csr: csr,
                signingAlgorithm: "SHA256WITHRSA",
                templateARN: "arn:aws:acm-pca:::template/RootCACertificate/V1",
                notBefore: now,
                notAfter: now + 365 * 86_400,
                idempotencyToken: "root"
            ),
            authority: arn
        )
        let certificate = try await self.certificate(issued, authority: arn)?.certificate ?? ""
        _ = try await self.call(
            "ImportCertificateAuthorityCertificate",
            [
                "CertificateAuthorityArn": .string(arn),
                "Certificate": .string(Data(certificate.utf8).base64EncodedString()),
            ]
        )
        return arn
    }
}

import Crypto
import SwiftASN1
import X509

/// Certificate requests as workloads, honest or not, would send them.
enum TestRequest {
    static func pem(
        key: P256.Signing.PrivateKey = P256.Signing.PrivateKey(),
        uris: [String] = []
    ) throws -> String {
        try self.pem(key: Certificate.PrivateKey(key), algorithm: .ecdsaWithSHA256, uris: uris)
    }

    static func pem(
        key: Certificate.PrivateKey,
        algorithm: Certificate.SignatureAlgorithm,
        uris: [String] = []
    ) throws -> String {
        var attributes = CertificateSigningRequest.Attributes()
        if !uris.isEmpty {
            let extensions = try Certificate.Extensions {
                SubjectAlternativeNames(uris.map { .uniformResourceIdentifier($0) })
            }
            attributes = try CertificateSigningRequest.Attributes([.init(ExtensionRequest(extensions: extensions))])
        }
        let request = try CertificateSigningRequest(
            version: .v1,
            subject: DistinguishedName(),
            privateKey: key,
            attributes: attributes,
            signatureAlgorithm: algorithm
        )
        var serializer = DER.Serializer()
        try request.serialize(into: &serializer)
        return PEMDocument(type: "CERTIFICATE REQUEST", derBytes: serializer.serializedBytes).pemString
    }
}

import Crypto
import Foundation
import MeshModel
import SwiftASN1
import X509

/// Makes the four kinds of certificate in this mesh. Pure but for random serial numbers.
enum CertificateDraft {
    /// A self-signed root that may have one level of authorities below it.
    static func root(
        key: P256.Signing.PrivateKey,
        trustDomain: String,
        validity: ClosedRange<Date>
    ) throws -> Certificate {
        let name = try DistinguishedName {
            OrganizationName(trustDomain)
            CommonName("Tulle mesh root")
        }
        let publicKey = Certificate.PublicKey(key.publicKey)
        return try Certificate(
            version: .v3,
            serialNumber: self.serial(),
            publicKey: publicKey,
            notValidBefore: validity.lowerBound,
            notValidAfter: validity.upperBound,
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 1))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: publicKey)
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
    }

    /// The authority that signs leaves.
    static func intermediate(
        key: P256.Signing.PrivateKey,
        trustDomain: String,
        validity: ClosedRange<Date>,
        issuer: Certificate,
        issuerKey: P256.Signing.PrivateKey
    ) throws -> Certificate {
        let publicKey = Certificate.PublicKey(key.publicKey)
        return try Certificate(
            version: .v3,
            serialNumber: self.serial(),
            publicKey: publicKey,
            notValidBefore: validity.lowerBound,
            notValidAfter: validity.upperBound,
            issuer: issuer.subject,
            subject: DistinguishedName {
                OrganizationName(trustDomain)
                CommonName("Tulle mesh intermediate")
            },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer.publicKey).keyIdentifier)
            },
            issuerPrivateKey: Certificate.PrivateKey(issuerKey)
        )
    }

    /// A leaf that names a workload by its SPIFFE id, or a server by its host names. The subject is empty, hence the
    /// names are critical (RFC 5280 §4.2.1.6).
    static func leaf(
        publicKey: Certificate.PublicKey,
        names: [GeneralName],
        validity: ClosedRange<Date>,
        signer: Signer
    ) throws -> Certificate {
        try Certificate(
            version: .v3,
            serialNumber: self.serial(),
            publicKey: publicKey,
            notValidBefore: validity.lowerBound,
            notValidAfter: validity.upperBound,
            issuer: signer.certificate.subject,
            subject: DistinguishedName(),
            signatureAlgorithm: signer.algorithm,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true, keyEncipherment: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                Critical(SubjectAlternativeNames(names))
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: signer.keyIdentifier)
            },
            issuerPrivateKey: signer.key
        )
    }

    /// 128 random bits, of which the top two are fixed so that the number is positive and always 16 bytes long.
    private static func serial() -> Certificate.SerialNumber {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[0] = bytes[0] & 0x3f | 0x40
        return Certificate.SerialNumber(bytes: bytes)
    }
}

extension Certificate {
    /// PEM text that ends in a newline.
    func pemText() throws -> String {
        let text = try self.serializeAsPEM().pemString
        return text.hasSuffix("\n") ? text : text + "\n"
    }

    /// The subject, fit for a log: it is somebody else's text.
    var subjectLine: String { PlainLine.of("\(self.subject)", bytes: 160) }

    /// Lower-case hex SHA-256 of the DER.
    func fingerprint() throws -> String {
        var serializer = DER.Serializer()
        try serializer.serialize(self)
        return HexText.of(SHA256.hash(data: serializer.serializedBytes))
    }

    /// The serial number in lower-case hex.
    var serialText: String { HexText.of(self.serialNumber.bytes) }
}

import Crypto
import Foundation
import SwiftASN1
package import X509

/// A checked PKCS#10 request: its signature proves that the caller holds the key, and the key is one we accept.
///
/// Only the key and the URI names are taken from it. The names are compared with who the caller is proven to be,
/// never copied into a certificate.
package struct SigningRequest: Sendable {
    /// The largest PEM text accepted, in bytes. An RSA-4096 request with a name is under 2 KiB.
    package static let pemBytes = 16 << 10
    /// RSA keys below this are too weak, above the upper end they only burn processor time.
    package static let rsaBits = 2048...8192

    /// The key to certify.
    package let publicKey: Certificate.PublicKey
    /// Lower-case hex SHA-256 of the key's DER SubjectPublicKeyInfo; attestations are bound to it.
    package let keyDigest: String
    /// The URI names that the caller asks for. May be empty.
    package let uris: [String]

    /// Parses and checks PEM text.
    ///
    /// - Throws: `IssuanceRefusal` with `csr_malformed`, saying which check failed.
    package init(pem: String) throws(IssuanceRefusal) {
        guard pem.utf8.count <= Self.pemBytes else {
            throw IssuanceRefusal(.csrMalformed, "the request has \(pem.utf8.count) bytes, at most \(Self.pemBytes)")
        }
        let request: CertificateSigningRequest
        do {
            let document = try PEMDocument(pemString: pem)
            guard document.discriminator == "CERTIFICATE REQUEST" || document.discriminator == "NEW CERTIFICATE REQUEST"
            else {
                throw IssuanceRefusal(.csrMalformed, "the PEM block is no CERTIFICATE REQUEST")
            }
            request = try CertificateSigningRequest(derEncoded: document.derBytes)
        } catch let refusal as IssuanceRefusal {
            throw refusal
        } catch {
            throw IssuanceRefusal(.csrMalformed, "the request is no PEM PKCS#10 document")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw IssuanceRefusal(.csrMalformed, "the request is not signed by the key that it carries")
        }
        let information: [UInt8]
        do {
            var serializer = DER.Serializer()
            try request.publicKey.serialize(into: &serializer)
            information = serializer.serializedBytes
        } catch {
            throw IssuanceRefusal(.csrMalformed, "the request's key cannot be encoded")
        }
        guard Self.isAcceptable(request.publicKey, information: information) else {
            throw IssuanceRefusal(.csrMalformed, "the key must be EC P-256, EC P-384, or RSA with 2048 to 8192 bits")
        }
        self.publicKey = request.publicKey
        self.keyDigest = SHA256.hash(data: information).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0\(text)" : text
        }.joined()
        do {
            let names = try request.attributes.extensionRequest?.extensions.subjectAlternativeNames
            self.uris = (names.map(Array.init) ?? []).compactMap { name in
                guard case .uniformResourceIdentifier(let uri) = name else { return nil }
                return uri
            }
        } catch {
            throw IssuanceRefusal(.csrMalformed, "the request's subject alternative names cannot be read")
        }
    }

    private static func isAcceptable(_ key: Certificate.PublicKey, information: [UInt8]) -> Bool {
        if P256.Signing.PublicKey(key) != nil || P384.Signing.PublicKey(key) != nil { return true }
        guard let bits = try? rsaModulusBits(key, information: information) else { return false }
        return Self.rsaBits.contains(bits)
    }

    /// The size of an RSA key, or nil for any other kind.
    private static func rsaModulusBits(_ key: Certificate.PublicKey, information: [UInt8]) throws -> Int? {
        let algorithm = try DER.sequence(try DER.parse(information), identifier: .sequence) { nodes in
            guard let first = nodes.next() else { return ASN1ObjectIdentifier?.none }
            let algorithm = try DER.sequence(first, identifier: .sequence) { nodes in
                let oid = try ASN1ObjectIdentifier(derEncoded: &nodes)
                _ = nodes.next()
                return ASN1ObjectIdentifier?.some(oid)
            }
            _ = nodes.next()
            return algorithm
        }
        guard algorithm == [1, 2, 840, 113_549, 1, 1, 1] else { return nil }
        let modulus = try DER.sequence(try DER.parse(key.subjectPublicKeyInfoBytes), identifier: .sequence) { nodes in
            let modulus = try ArraySlice<UInt8>(derEncoded: &nodes)
            _ = try ArraySlice<UInt8>(derEncoded: &nodes)
            return modulus
        }
        let significant = modulus.drop { $0 == 0 }
        guard let top = significant.first else { return nil }
        return significant.count * 8 - top.leadingZeroBitCount
    }
}

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

    /// The key to certify.
    package let publicKey: Certificate.PublicKey
    /// Lower-case hex SHA-256 of the key's DER SubjectPublicKeyInfo; attestations are bound to it.
    package let keyDigest: String
    /// The URI names that the caller asks for. May be empty.
    package let uris: [String]
    /// The request as it came, DER; for authorities that are not ours.
    let derBytes: [UInt8]
    /// Whether an authority that copies everything from the request would copy URI names and nothing else: the subject
    /// is empty, and the names are the only extension and critical, as they have to be then.
    let isPassable: Bool

    /// Parses and checks PEM text.
    ///
    /// - Throws: `IssuanceRefusal` with `csr_malformed`, saying which check failed.
    package init(pem: String) throws(IssuanceRefusal) {
        guard pem.utf8.count <= Self.pemBytes else {
            throw IssuanceRefusal(.csrMalformed, "the request has \(pem.utf8.count) bytes, at most \(Self.pemBytes)")
        }
        let request: CertificateSigningRequest
        let derBytes: [UInt8]
        do {
            let document = try PEMDocument(pemString: pem)
            guard document.discriminator == "CERTIFICATE REQUEST" || document.discriminator == "NEW CERTIFICATE REQUEST"
            else {
                throw IssuanceRefusal(.csrMalformed, "the PEM block is no CERTIFICATE REQUEST")
            }
            derBytes = document.derBytes
            request = try CertificateSigningRequest(derEncoded: derBytes)
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
            information = try KeyRules.information(request.publicKey)
        } catch {
            throw IssuanceRefusal(.csrMalformed, "the request's key cannot be encoded")
        }
        guard KeyRules.isAcceptable(request.publicKey) else {
            throw IssuanceRefusal(.csrMalformed, "the key must be \(KeyRules.accepted)")
        }
        self.publicKey = request.publicKey
        self.keyDigest = HexText.of(SHA256.hash(data: information))
        self.derBytes = derBytes
        do {
            let extensions = try request.attributes.extensionRequest?.extensions
            let names = try (extensions?.subjectAlternativeNames).map(Array.init) ?? []
            self.uris = names.compactMap { name in
                guard case .uniformResourceIdentifier(let uri) = name else { return nil }
                return uri
            }
            let isCritical = extensions?[oid: .X509ExtensionID.subjectAlternativeName]?.critical == true
            self.isPassable =
                isCritical && extensions?.count == 1 && names.count == self.uris.count && request.subject.isEmpty
        } catch {
            throw IssuanceRefusal(.csrMalformed, "the request's subject alternative names cannot be read")
        }
    }
}

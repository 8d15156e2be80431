import Crypto
import Foundation
import SwiftASN1
import X509

/// An authority's certificate with its key, kept together in one file so that they can't fall apart.
struct AuthorityPair: Sendable, CustomStringConvertible {
    let certificate: Certificate
    let key: P256.Signing.PrivateKey

    init(certificate: Certificate, key: P256.Signing.PrivateKey) {
        self.certificate = certificate
        self.key = key
    }

    /// Reads the pair back from one file of the state directory.
    ///
    /// - Throws: `AuthorityError` with `state_corrupt` when the text is no such pair or the key is of another
    ///   certificate.
    init(file: String, content: [UInt8]) throws(AuthorityError) {
        do {
            let documents = try PEMDocument.parseMultiple(pemString: String(decoding: content, as: UTF8.self))
            guard documents.count == 2,
                let key = documents.first(where: { $0.discriminator == "PRIVATE KEY" }),
                let certificate = documents.first(where: { $0.discriminator == "CERTIFICATE" })
            else {
                throw AuthorityError(.stateCorrupt, "\(file) must hold one PRIVATE KEY and one CERTIFICATE")
            }
            self.key = try P256.Signing.PrivateKey(pemRepresentation: key.pemString)
            self.certificate = try Certificate(derEncoded: certificate.derBytes)
        } catch let fault as AuthorityError {
            throw fault
        } catch {
            throw AuthorityError(.stateCorrupt, "\(file) cannot be parsed: restore it from a backup", cause: error)
        }
        guard self.certificate.publicKey == Certificate.PublicKey(self.key.publicKey) else {
            throw AuthorityError(.stateCorrupt, "\(file): the key is not that of the certificate")
        }
    }

    /// The file's content.
    func serialized() throws -> [UInt8] {
        Array((self.key.pemRepresentation + "\n" + (try self.certificate.pemText())).utf8)
    }

    /// Whether the certificate holds at this instant.
    func isValid(at now: Date) -> Bool {
        self.certificate.notValidBefore <= now && now <= self.certificate.notValidAfter
    }

    /// The pair as a signer below this root.
    func signer(below root: Certificate) throws(AuthorityError) -> Signer {
        do {
            return try Signer(
                certificate: self.certificate,
                key: Certificate.PrivateKey(self.key),
                above: [],
                root: root
            )
        } catch {
            throw AuthorityError(.signingFailed, "the intermediate cannot be encoded", cause: error)
        }
    }

    /// The subject, without the key.
    var description: String { "\(self.certificate.subject)" }

    /// Whether half of the certificate's life is over, or has not begun: a clock that was ahead for a while leaves a
    /// certificate that nobody could use until then.
    func isDueForRenewal(at now: Date) -> Bool {
        if now < self.certificate.notValidBefore { return true }
        let life = self.certificate.notValidAfter.timeIntervalSince(self.certificate.notValidBefore)
        return now >= self.certificate.notValidBefore.addingTimeInterval(life / 2)
    }
}

import Foundation
import SwiftASN1
import X509

/// What signs leaves: a key, its certificate, and the authorities between it and the root.
struct Signer: Sendable, CustomStringConvertible {
    /// The certificate of the key.
    let certificate: Certificate
    /// The key: EC P-256, P-384 or RSA.
    let key: Certificate.PrivateKey
    /// The authorities above it, the nearest first, without the root.
    let above: [Certificate]
    /// The instants between which the certificate, all above it and the root hold. Empty when they never do at once.
    let validity: Range<Date>
    /// What the key signs with.
    let algorithm: Certificate.SignatureAlgorithm
    /// How leaves name their signer.
    let keyIdentifier: ArraySlice<UInt8>
    /// The certificates between a leaf and the root as PEM texts, one each, leaf side first.
    let chain: [String]

    /// Puts a signer together.
    ///
    /// - Throws: what the certificate library says when a certificate cannot be encoded.
    init(certificate: Certificate, key: Certificate.PrivateKey, above: [Certificate], root: Certificate) throws {
        self.certificate = certificate
        self.key = key
        self.above = above
        let path = [certificate] + above + [root]
        let start = path.map(\.notValidBefore).max() ?? certificate.notValidBefore
        let end = path.map(\.notValidAfter).min() ?? certificate.notValidAfter
        self.validity = start..<max(start, end)
        self.algorithm = KeyRules.algorithm(of: key.publicKey)
        // The identifier that the certificate has, as not every authority hashes the key for it.
        let own = try? certificate.extensions.subjectKeyIdentifier
        self.keyIdentifier = own?.keyIdentifier ?? SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier
        var chain: [String] = []
        for certificate in [certificate] + above { chain.append(try certificate.pemText()) }
        self.chain = chain
    }

    /// Whether everything from the certificate up to the root holds at this instant.
    func isValid(at now: Date) -> Bool { self.validity.contains(now) }

    /// The subject, without the key.
    var description: String { "\(self.certificate.subject)" }
}

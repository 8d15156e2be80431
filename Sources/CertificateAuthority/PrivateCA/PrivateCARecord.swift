import AWSClient
import Crypto
import Foundation
import SwiftASN1
import X509

/// The intermediate that a Private CA signed, with its key, as it is kept in the state directory: `private-ca.json`.
struct PrivateCARecord: Sendable, Codable, CustomStringConvertible {
    static let file = "private-ca.json"

    /// The ARN of the authority that signed.
    var authority: String
    /// PKCS#8 PEM.
    var key: String
    /// PEM.
    var certificate: String
    /// PEM, nearest first.
    var above: [String]
    /// PEM.
    var root: String

    /// Reads the record; nil when there is none.
    ///
    /// - Throws: `AuthorityError` with `state_…`.
    static func load(_ state: StateDirectory) throws(AuthorityError) -> PrivateCARecord? {
        guard let content = try state.read(Self.file, limit: 1 << 20) else { return nil }
        do {
            return try JSONDecoder().decode(PrivateCARecord.self, from: Data(content))
        } catch {
            throw Self.corrupt(state)
        }
    }

    func store(_ state: StateDirectory) throws(AuthorityError) {
        try state.write(Self.file, Array(try StateJSON.encode(self, Self.file)))
    }

    /// The signer and the root, checked anew: the file may have been restored from anywhere.
    ///
    /// - Throws: `AuthorityError` with `state_corrupt`.
    func signer(_ state: StateDirectory) throws(AuthorityError) -> (signer: Signer, root: Certificate) {
        do {
            let key = Certificate.PrivateKey(try P256.Signing.PrivateKey(pemRepresentation: self.key))
            let certificate = try Certificate(pemEncoded: self.certificate)
            let root = try Certificate(pemEncoded: self.root)
            let path = try CertificatePath(
                from: certificate,
                chain: try self.above.map { try Certificate(pemEncoded: $0) },
                roots: [root]
            )
            guard key.publicKey == certificate.publicKey else { throw Self.corrupt(state) }
            return (try Signer(certificate: certificate, key: key, above: path.above, root: root), root)
        } catch {
            throw Self.corrupt(state)
        }
    }

    // The parser's error may quote the key, hence it is left out.
    private static func corrupt(_ state: StateDirectory) -> AuthorityError {
        AuthorityError(
            .stateCorrupt,
            "\(state.path)/\(Self.file) cannot be read: restore it from a backup, or remove it, which has the Private "
                + "CA sign a new intermediate"
        )
    }

    var description: String { "intermediate of \(self.authority), the key is not shown" }
}

/// A request that was sent to a Private CA and not answered yet: `private-ca-pending.json`. A crash in between then
/// asks for the same certificate, and not for another.
struct PrivateCAPending: Sendable, Codable, CustomStringConvertible {
    static let file = "private-ca-pending.json"
    /// How long a request is waited for, in seconds; a new one is made then.
    static let patience = 3600.0

    /// The ARN of the authority that was asked.
    var authority: String
    /// The template that was asked for.
    var template: String
    /// PKCS#8 PEM.
    var key: String
    /// PEM.
    var csr: String
    /// When it was made.
    var since: Date
    /// The ARN of the certificate, once the authority has told it.
    var certificate: String?

    /// Makes a key and a request.
    ///
    /// - Throws: `AuthorityError` with `signing_failed`.
    init(settings: PrivateCASettings, trustDomain: String, now: Date) throws(AuthorityError) {
        let key = P256.Signing.PrivateKey()
        self.authority = settings.authority.description
        self.template = settings.intermediateTemplate
        self.key = key.pemRepresentation
        self.since = now
        do {
            let request = try CertificateSigningRequest(
                version: .v1,
                subject: DistinguishedName {
                    OrganizationName(trustDomain)
                    CommonName("Tulle mesh intermediate")
                },
                privateKey: Certificate.PrivateKey(key),
                attributes: CertificateSigningRequest.Attributes(),
                signatureAlgorithm: .ecdsaWithSHA256
            )
            self.csr = try request.serializeAsPEM().pemString + "\n"
        } catch {
            throw AuthorityError(.signingFailed, "the request for an intermediate cannot be made", cause: error)
        }
    }

    /// What makes a repeated call the same call: 32 hex digits of the request's hash.
    var idempotencyToken: String { String(HexText.of(SHA256.hash(data: Array(self.csr.utf8))).prefix(32)) }

    /// Reads a request that still counts; nil when there is none. One that cannot be read counts as none.
    static func load(
        _ state: StateDirectory,
        settings: PrivateCASettings,
        now: Date
    ) throws(AuthorityError) -> PrivateCAPending? {
        guard let content = try state.read(Self.file, limit: 64 << 10),
            let pending = try? JSONDecoder().decode(PrivateCAPending.self, from: Data(content)),
            pending.authority == settings.authority.description, pending.template == settings.intermediateTemplate,
            abs(now.timeIntervalSince(pending.since)) < Self.patience
        else { return nil }
        return pending
    }

    func store(_ state: StateDirectory) throws(AuthorityError) {
        try state.write(Self.file, Array(try StateJSON.encode(self, Self.file)))
    }

    var description: String { "request to \(self.authority), the key is not shown" }
}

/// How files of the state directory are written.
enum StateJSON {
    static func encode(_ value: some Encodable, _ file: String) throws(AuthorityError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(value)
        } catch {
            throw AuthorityError(.signingFailed, "\(file) cannot be encoded", cause: error)
        }
    }
}

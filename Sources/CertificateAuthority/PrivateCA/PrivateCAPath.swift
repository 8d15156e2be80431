import AWSClient
import Foundation
import SwiftASN1
import X509

/// Certificates as AWS Private CA gives them, read and put into the order that peers need: the root apart and last.
enum PrivateCAPath {
    /// An authority's certificate with its way up.
    struct Authority: Sendable {
        let certificate: Certificate
        /// All certificates of the answer.
        let pool: [Certificate]
        let root: Certificate
    }

    /// Reads the authority's own certificate.
    ///
    /// - Throws: `AuthorityError` with `private_ca_answer_invalid`.
    static func authority(_ answer: PrivateCACertificate) throws(AuthorityError) -> Authority {
        let own = try self.single(answer.certificate)
        let pool = [own] + (try self.read(answer.chain ?? ""))
        let roots = pool.filter(CertificatePath.isRoot)
        guard let root = roots.first, Set(roots).count == 1 else {
            throw self.invalid(
                "the authority's chain holds \(Set(roots).count) self-signed roots and must hold one: a subordinate "
                    + "that stands for a root would be trusted in its place"
            )
        }
        return Authority(certificate: own, pool: pool, root: root)
    }

    /// The authorities above a leaf as PEM texts, nearest first, without the root.
    ///
    /// - Throws: `AuthorityError` with `private_ca_answer_invalid`.
    static func chain(_ leaf: Certificate, _ chain: String?, authority: Authority) throws(AuthorityError) -> [String] {
        // The leaf is signed by the authority itself, so the way up is the authority's own.
        guard leaf.issuer == authority.certificate.subject,
            authority.certificate.publicKey.isValidSignature(leaf.signature, for: leaf)
        else { throw self.invalid("the leaf is not signed by the authority that was asked") }
        let path = try self.find(authority.certificate, chain: chain, authority: authority)
        do {
            let way = authority.certificate == path.root ? [] : [authority.certificate] + path.above
            return try way.map { try $0.pemText() }
        } catch {
            throw self.invalid("a certificate cannot be encoded")
        }
    }

    /// The way from an authority's certificate up to the root.
    ///
    /// - Throws: `AuthorityError` with `private_ca_answer_invalid`.
    static func find(
        _ certificate: Certificate,
        chain: String?,
        authority: Authority
    ) throws(AuthorityError) -> CertificatePath {
        var pool: [Certificate] = []
        for other in try self.read(chain ?? "") + authority.pool where !pool.contains(other) { pool.append(other) }
        let path: CertificatePath
        do throws(CertificatePath.Fault) {
            path = try CertificatePath(from: certificate, chain: pool, roots: [authority.root])
        } catch {
            throw self.invalid("the \(error.place == .signer ? "certificate" : "chain") \(error.text)")
        }
        guard ([certificate] + path.above + [path.root]).contains(authority.certificate) else {
            throw self.invalid("'\(certificate.subjectLine)' is not signed by the authority that was asked")
        }
        return path
    }

    /// The one certificate of a text.
    static func single(_ text: String) throws(AuthorityError) -> Certificate {
        let certificates = try self.read(text)
        guard let certificate = certificates.first, certificates.count == 1 else {
            throw self.invalid("\(certificates.count) certificates came where one was expected")
        }
        return certificate
    }

    /// All certificates of a text.
    static func read(_ text: String) throws(AuthorityError) -> [Certificate] {
        guard text.utf8.count <= PluggedInFiles.fileBytes else { throw self.invalid("the text is too long") }
        do {
            let documents = try PEMDocument.parseMultiple(pemString: text)
            guard documents.count <= CertificatePath.certificatesPerFile else {
                throw self.invalid("\(documents.count) certificates are too many")
            }
            return try documents.map { try Certificate(derEncoded: $0.derBytes) }
        } catch let fault as AuthorityError {
            throw fault
        } catch {
            throw self.invalid("a certificate cannot be read")
        }
    }

    static func invalid(_ text: String) -> AuthorityError { AuthorityError(.privateCAAnswerInvalid, text) }
}

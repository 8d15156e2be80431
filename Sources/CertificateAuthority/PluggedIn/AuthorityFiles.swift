import Foundation
import SwiftASN1
import X509

/// The files of an authority that somebody else made, wherever they are kept.
protocol AuthorityFiles: Sendable {
    /// Where they are, as configured; for messages.
    var place: String { get }

    /// Whether there is a file of this name.
    func has(_ name: String) -> Bool

    /// The content of a file.
    ///
    /// - Throws: `AuthorityError` with `authority_file_missing`, or `authority_file_invalid` when it is too large.
    func read(_ name: String) throws(AuthorityError) -> [UInt8]
}

extension AuthorityFiles {
    /// Reads them whole, and checks that what comes out of them can sign.
    ///
    /// - Throws: `AuthorityError` with `authority_file_missing`, `authority_file_invalid` or `authority_expired`; the
    ///   message names the file.
    func load(now: Date) throws(AuthorityError) -> SigningSet {
        guard let names = AuthorityFileNames.scheme(isThere: self.has) else {
            throw AuthorityError(
                .authorityFileMissing,
                "\(self.place) holds neither \(AuthorityFileNames.istio.all.joined(separator: ", ")) nor "
                    + AuthorityFileNames.secret.all.joined(separator: ", ")
            )
        }
        var first = try self.certificates(names.certificate)
        let signer = first.removeFirst()
        let chain: [Certificate]
        if let file = names.chain {
            guard first.isEmpty else {
                throw self.invalid(names.certificate, "must hold one certificate, the others belong into \(file)")
            }
            chain = try self.certificates(file)
        } else {
            chain = first
        }
        let roots = try self.certificates(names.roots)
        let key = try self.key(names.key)
        guard key.publicKey == signer.publicKey else {
            throw self.invalid(names.key, "is not the key of \(names.certificate)")
        }
        let path: CertificatePath
        do {
            path = try CertificatePath(from: signer, chain: chain, roots: roots)
        } catch {
            switch error.place {
            case .signer: throw self.invalid(names.certificate, error.text)
            case .chain: throw self.invalid(names.chain ?? names.certificate, error.text)
            case .roots: throw self.invalid(names.roots, error.text)
            }
        }
        for (certificate, file) in [(signer, names.certificate), (path.root, names.roots)]
            + path.above.map({ ($0, names.chain ?? names.certificate) })
        {
            guard certificate.notValidBefore <= now, now < certificate.notValidAfter else {
                throw AuthorityError(
                    .authorityExpired,
                    "\(self.place)/\(file): '\(certificate.subjectLine)' holds from "
                        + "\(certificate.notValidBefore) to \(certificate.notValidAfter)"
                )
            }
        }
        do {
            let whole = try Signer(certificate: signer, key: key, above: path.above, root: path.root)
            var seen: Set<Certificate> = []
            return try SigningSet(workload: whole, roots: roots.filter { seen.insert($0).inserted })
        } catch let fault as AuthorityError {
            throw fault
        } catch {
            throw AuthorityError(.signingFailed, "\(self.place): a certificate cannot be encoded", cause: error)
        }
    }

    /// A file that does not hold what it should.
    func invalid(_ name: String, _ text: String, cause: (any Error)? = nil) -> AuthorityError {
        AuthorityError(.authorityFileInvalid, "\(self.place)/\(name) \(text)", cause: cause)
    }

    private func certificates(_ name: String) throws(AuthorityError) -> [Certificate] {
        let documents = try self.documents(name).filter { $0.discriminator == "CERTIFICATE" }
        guard !documents.isEmpty, documents.count <= CertificatePath.certificatesPerFile else {
            throw self.invalid(
                name,
                "holds \(documents.count) certificates, 1 to \(CertificatePath.certificatesPerFile) are allowed"
            )
        }
        do {
            return try documents.map { try Certificate(derEncoded: $0.derBytes) }
        } catch {
            throw self.invalid(name, "holds a certificate that cannot be read", cause: error)
        }
    }

    private func key(_ name: String) throws(AuthorityError) -> Certificate.PrivateKey {
        // OpenSSL writes the curve before an EC key, as a block of its own.
        let documents = try self.documents(name).filter { $0.discriminator.hasSuffix("PRIVATE KEY") }
        guard let document = documents.first, documents.count == 1 else {
            throw self.invalid(name, "must hold one private key, not \(documents.count)")
        }
        guard document.discriminator != "ENCRYPTED PRIVATE KEY" else {
            throw self.invalid(name, "is encrypted: store it without a passphrase, readable by the control plane only")
        }
        // The parser's error may quote the key, hence it is left out.
        guard let key = try? Certificate.PrivateKey(pemDocument: document), KeyRules.isAcceptable(key.publicKey) else {
            throw self.invalid(name, "must be a key of \(KeyRules.accepted), as PKCS#8, PKCS#1 or SEC1")
        }
        return key
    }

    private func documents(_ name: String) throws(AuthorityError) -> [PEMDocument] {
        let text = String(decoding: try self.read(name), as: UTF8.self)
        do {
            return try PEMDocument.parseMultiple(pemString: text)
        } catch {
            throw self.invalid(name, "is no PEM text")
        }
    }
}

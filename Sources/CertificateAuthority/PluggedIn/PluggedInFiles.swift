import Foundation
import Glibc
import SwiftASN1
import X509

/// A directory with an authority that somebody else made: read whole, and checked so that what comes out of it can
/// sign.
struct PluggedInFiles: Sendable {
    /// The largest file, in bytes.
    static let fileBytes = 1 << 20

    /// Where the directory is, as configured.
    let directory: String

    /// What the files are stamped with now, by name; to see changes without reading.
    func stamps() -> [String: FileStamp] {
        let names = AuthorityFileNames.istio.all + AuthorityFileNames.secret.all
        return Dictionary(
            uniqueKeysWithValues: names.compactMap { name in
                FileStamp(path: "\(self.directory)/\(name)").map { (name, $0) }
            }
        )
    }

    /// Reads and checks the authority.
    ///
    /// - Throws: `AuthorityError` with `authority_file_missing`, `authority_file_invalid` or `authority_expired`; the
    ///   message names the file.
    func load(now: Date) throws(AuthorityError) -> SigningSet {
        guard
            let names = AuthorityFileNames.scheme(isThere: { name in
                FileStamp(path: "\(self.directory)/\(name)") != nil
            })
        else {
            throw AuthorityError(
                .authorityFileMissing,
                "\(self.directory) holds neither \(AuthorityFileNames.istio.all.joined(separator: ", ")) nor "
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
                    "\(self.directory)/\(file): '\(certificate.subjectLine)' holds from "
                        + "\(certificate.notValidBefore) to \(certificate.notValidAfter)"
                )
            }
        }
        do {
            let whole = try Signer(certificate: signer, key: key, above: path.above, root: path.root)
            return try SigningSet(workload: whole, roots: Self.distinct(roots))
        } catch let fault as AuthorityError {
            throw fault
        } catch {
            throw AuthorityError(.signingFailed, "\(self.directory): a certificate cannot be encoded", cause: error)
        }
    }

    private static func distinct(_ certificates: [Certificate]) -> [Certificate] {
        var seen: Set<Certificate> = []
        return certificates.filter { seen.insert($0).inserted }
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

    private func read(_ name: String) throws(AuthorityError) -> [UInt8] {
        let path = "\(self.directory)/\(name)"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw AuthorityError(
                .authorityFileMissing,
                "\(path) cannot be read (\(StateDirectory.reason(errno))): a plugged-in authority is all of its files"
            )
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while content.count <= Self.fileBytes {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw AuthorityError(
                    .authorityFileMissing,
                    "\(path) cannot be read (\(StateDirectory.reason(errno)))"
                )
            }
            if count == 0 { return content }
            content.append(contentsOf: chunk.prefix(count))
        }
        throw self.invalid(name, "is larger than \(Self.fileBytes) bytes")
    }

    private func invalid(_ name: String, _ text: String, cause: (any Error)? = nil) -> AuthorityError {
        AuthorityError(.authorityFileInvalid, "\(self.directory)/\(name) \(text)", cause: cause)
    }
}

package import BoringTLS

/// The roots that the system trusts: a file of certificates in PEM, as Debian's and Amazon Linux's `ca-certificates` and
/// the ones of container images are.
package struct SystemRoots: Sendable, Hashable {
    /// Why there are none.
    package struct Failure: Error, CustomStringConvertible {
        /// One line for the operator.
        package var description: String
    }

    /// The file; nil for the first that is there of ``paths``.
    package var path: String?

    /// Where systems keep the file.
    package static let paths = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]
    /// Roots of a system's store that are taken; Debian has about 150.
    package static let limit = 256

    /// Reads nothing yet.
    package init(path: String? = nil) { self.path = path }

    /// The file that is read; nil where there is none.
    package var file: String? { self.path ?? Self.paths.first { SmallFile.exists($0) } }

    /// Reads them.
    package func read() throws -> TrustAnchors {
        guard let file = self.file, let text = SmallFile.read(file, limit: PEMBlock.textLimit) else {
            let paths = self.path ?? Self.paths.joined(separator: ", ")
            throw Failure(description: "the system has no readable trust store at \(paths)")
        }
        return try TrustAnchors(pem: text, limit: Self.limit)
    }
}

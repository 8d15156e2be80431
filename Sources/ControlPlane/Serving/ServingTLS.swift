package import CertificateAuthority
import NIOSSL
import Synchronization

/// The TLS side of the listener: our certificate, which can be replaced while connections are open, and the root that
/// clients' certificates must come from.
///
/// A client certificate is asked for and not required: a workload that calls for its first certificate has none yet.
/// One that is shown must verify, or the handshake fails.
package final class ServingTLS: Sendable {
    private let current: Mutex<NIOSSLContext>

    /// Makes it with a first certificate.
    ///
    /// - Throws: `AuthorityError` with `signing_failed` when TLS does not take it.
    package init(_ certificate: ServingCertificate, trustBundle: String) throws(AuthorityError) {
        self.current = Mutex(try Self.context(certificate, trustBundle: trustBundle))
    }

    /// Uses another certificate for connections from now on.
    ///
    /// - Throws: `AuthorityError` with `signing_failed`; the old one then stays.
    package func replace(_ certificate: ServingCertificate, trustBundle: String) throws(AuthorityError) {
        let context = try Self.context(certificate, trustBundle: trustBundle)
        self.current.withLock { $0 = context }
    }

    var context: NIOSSLContext { self.current.withLock { $0 } }

    private static func context(
        _ certificate: ServingCertificate,
        trustBundle: String
    ) throws(AuthorityError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8))
            let roots = try NIOSSLCertificate.fromPEMBytes(Array(trustBundle.utf8))
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.privateKey.utf8), format: .pem))
            )
            configuration.minimumTLSVersion = .tlsv13
            configuration.applicationProtocols = ["h2"]
            configuration.trustRoots = .certificates(roots)
            configuration.certificateVerification = .optionalVerification
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw AuthorityError(.signingFailed, "TLS does not take the server certificate", cause: error)
        }
    }
}

package import CertificateAuthority
import NIOSSL
import Synchronization

/// The TLS side of the listener: our certificate, which can be replaced while connections are open, and the root that
/// clients' certificates must come from.
///
/// A client certificate is asked for and not required: a workload that calls for its first certificate has none yet.
/// One that is shown must verify, or the handshake fails. On the admin port it is required.
package final class ServingTLS: Sendable {
    private struct Contexts {
        var mesh: NIOSSLContext
        var admin: NIOSSLContext
    }

    private let current: Mutex<Contexts>

    /// Makes it with a first certificate.
    ///
    /// - Throws: `AuthorityError` with `signing_failed` when TLS does not take it.
    package init(_ certificate: ServingCertificate, trustBundle: String) throws(AuthorityError) {
        self.current = Mutex(try Self.contexts(certificate, trustBundle: trustBundle))
    }

    /// Uses another certificate for connections from now on.
    ///
    /// - Throws: `AuthorityError` with `signing_failed`; the old one then stays.
    package func replace(_ certificate: ServingCertificate, trustBundle: String) throws(AuthorityError) {
        let contexts = try Self.contexts(certificate, trustBundle: trustBundle)
        self.current.withLock { $0 = contexts }
    }

    /// For the mesh's listener: HTTP/2, client certificate not required.
    var context: NIOSSLContext { self.current.withLock { $0.mesh } }
    /// For the admin port: HTTP/1.1, client certificate required.
    var adminContext: NIOSSLContext { self.current.withLock { $0.admin } }

    private static func contexts(
        _ certificate: ServingCertificate,
        trustBundle: String
    ) throws(AuthorityError) -> Contexts {
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
            let mesh = try NIOSSLContext(configuration: configuration)
            configuration.applicationProtocols = ["http/1.1"]
            // The name in a client's certificate is its identity, not a host.
            configuration.certificateVerification = .noHostnameVerification
            return Contexts(mesh: mesh, admin: try NIOSSLContext(configuration: configuration))
        } catch {
            throw AuthorityError(.signingFailed, "TLS does not take the server certificate", cause: error)
        }
    }
}

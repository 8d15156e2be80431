import NIOSSL

/// Who a client says it is to a TLS server: a certificate chain and its key.
package struct TransportIdentity: Sendable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    /// Why files are no identity, with the path.
    package struct Unreadable: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Reads two PEM files.
    package init(certificatePath: String, keyPath: String) throws(Unreadable) {
        do {
            self.chain = try NIOSSLCertificate.fromPEMFile(certificatePath)
        } catch {
            throw Unreadable(description: "\(certificatePath) holds no PEM certificate that can be read")
        }
        do {
            self.key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
        } catch {
            throw Unreadable(description: "\(keyPath) holds no PEM private key that can be read")
        }
    }
}

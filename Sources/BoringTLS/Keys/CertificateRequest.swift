/// A PKCS#10 request (RFC 2986) for an SVID: empty subject, and one critical subjectAltName with one URI.
///
/// This is the form that istiod and our control plane accept (reference: Istio's ztunnel, `CreateCertificate`).
package struct CertificateRequest: Sendable, Hashable {
    /// The request in DER.
    package let der: [UInt8]

    /// Signs a request for `uri` with `key`, ECDSA with SHA-256.
    ///
    /// - Throws: ``TLSError`` `invalid_configuration` when the URI isn't 1…2048 bytes of ASCII, `internal_error` when
    ///   memory runs out.
    package init(uri: String, key: PrivateKey) throws(TLSError) {
        guard (1...2048).contains(uri.utf8.count), uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw TLSError(.invalidConfiguration, "request: URI must be 1 to 2048 printable ASCII characters")
        }
        let name = DER.sequence(DER.implicit(6, Array(uri.utf8)))
        let names = DER.certificateExtension(DER.Name.subjectAlternativeName, isCritical: true, name)
        let attributes = DER.explicit(0, DER.sequence(DER.Name.extensionRequest, DER.set(DER.sequence(names))))
        let information = DER.sequence(DER.integer(0), DER.sequence(), key.subjectPublicKeyInfo, attributes)
        let signature = try key.sign(information)
        der = DER.sequence(information, DER.sequence(DER.Name.ecdsaWithSHA256), DER.bitString(signature))
    }

    /// The request as a `CERTIFICATE REQUEST` block.
    package var pem: String { PEMBlock(label: "CERTIFICATE REQUEST", bytes: der).text }
}

internal import CNIOBoringSSL

extension TrustAnchors {
    /// Checks that peers who share these roots will accept a chain of ours, in either role.
    ///
    /// - Throws: ``TLSError`` `peer_certificate_untrusted` or `peer_certificate_expired`: what a peer would find.
    package func verify(_ identity: TLSIdentity) throws(TLSError) {
        let store = try TLSContext.makeStore(self)
        defer { X509_STORE_free(store) }
        guard let leaf = identity.chain.first else { return }
        var chain = CertificateStack()
        for certificate in identity.chain {
            guard let parsed = ParsedCertificate(der: certificate.der) else {
                throw TLSError(.peerCertificateUntrusted, "certificate \(certificate.serial) can't be parsed again")
            }
            X509_up_ref(parsed.handle)
            guard chain.append(parsed.handle) else {
                throw TLSError(.internalError, "out of memory while verifying our chain")
            }
        }
        for role in [TLSRole.server, .client] {
            try PeerVerifier(store: store, expectation: .oneOf([]), role: role).verifyChain(chain, leaf: leaf)
        }
    }
}

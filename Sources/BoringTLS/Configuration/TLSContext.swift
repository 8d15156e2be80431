internal import CNIOBoringSSL

/// Everything that sessions share: our identity, the roots, and the rules of the handshake.
///
/// TLS 1.3 only (unless the policy allows 1.2), AES-GCM only, and no resumption of any kind: each connection proves both
/// identities anew. Immutable: a renewed certificate or bundle makes a new context, sessions keep the one they began
/// with. May be used by sessions of several threads at a time.
package final class TLSContext: Sendable {
    /// `SSL_CTX`; never changed after `init`, and BoringSSL allows concurrent `SSL_new`.
    nonisolated(unsafe) let handle: OpaquePointer
    /// `X509_STORE`; never changed after `init`, and verifying against it only reads it.
    nonisolated(unsafe) let store: OpaquePointer
    /// Whether sessions have a certificate to show; servers must.
    package let hasIdentity: Bool
    /// Which peers are revoked; asked anew in every handshake.
    let revocations: RevocationRegister?
    /// What may be agreed on.
    let policy: TLSPolicy

    /// - Parameters:
    ///   - identity: our chain and key; nil only for a client that has none yet.
    ///   - trust: the roots for the peer's chain; with nil no chain leads anywhere, for sessions that check nobody.
    ///   - policy: what may be agreed on.
    ///   - revocations: which peers are revoked; nil where nobody is, as for the control plane.
    /// - Throws: ``TLSError`` `invalid_configuration` when BoringSSL refuses the chain or a root, `internal_error`
    ///   when memory runs out.
    package init(
        identity: TLSIdentity?,
        trust: TrustAnchors?,
        policy: TLSPolicy = TLSPolicy(),
        revocations: RevocationRegister? = nil
    ) throws(TLSError) {
        let store = try Self.makeStore(trust)
        guard let handle = SSL_CTX_new(TLS_with_buffers_method()) else {
            X509_STORE_free(store)
            throw TLSError(.internalError, "TLS context could not be made: \(Self.reason)")
        }
        // From here on `deinit` frees both, also when the rest throws.
        self.handle = handle
        self.store = store
        hasIdentity = identity != nil
        self.revocations = revocations
        self.policy = policy
        try configure(policy)
        if let identity { try present(identity) }
    }

    deinit {
        SSL_CTX_free(handle)
        X509_STORE_free(store)
    }

    private static var reason: String { LibraryFailure.take()?.text ?? "unknown reason" }

    /// An `X509_STORE` of the roots, for the caller to free.
    static func makeStore(_ trust: TrustAnchors?) throws(TLSError) -> OpaquePointer {
        guard let store = X509_STORE_new() else {
            throw TLSError(.internalError, "certificate store could not be made: \(reason)")
        }
        for certificate in trust?.certificates ?? [] {
            guard let parsed = ParsedCertificate(der: certificate.der),
                X509_STORE_add_cert(store, parsed.handle) == 1
            else {
                X509_STORE_free(store)
                throw TLSError(.invalidConfiguration, "root certificate \(certificate.serial) is refused: \(reason)")
            }
        }
        return store
    }

    /// The suites of TLS 1.2 that have forward secrecy and AES-GCM, strongest first.
    private static let suitesOfTLS12 =
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"

    private func configure(_ policy: TLSPolicy) throws(TLSError) {
        // The order of Istio's ztunnel.
        let ciphers = [UInt16(SSL_CIPHER_AES_256_GCM_SHA384), UInt16(SSL_CIPHER_AES_128_GCM_SHA256)]
        var groups = [UInt16(SSL_GROUP_X25519_MLKEM768)]
        if !policy.isPostQuantumOnly {
            groups += [UInt16(SSL_GROUP_X25519), UInt16(SSL_GROUP_SECP256R1), UInt16(SSL_GROUP_SECP384R1)]
        }
        let takesTLS12 = policy.allowsTLS12 && !policy.isPostQuantumOnly
        let lowest = takesTLS12 ? UInt16(TLS1_2_VERSION) : UInt16(TLS1_3_VERSION)
        let flags = [UInt32](repeating: 0, count: ciphers.count)
        guard SSL_CTX_set_min_proto_version(handle, lowest) == 1,
            SSL_CTX_set_max_proto_version(handle, UInt16(TLS1_3_VERSION)) == 1,
            SSL_CTX_set_strict_cipher_list(handle, Self.suitesOfTLS12) == 1,
            SSL_CTX_set1_tls13_ciphers(handle, ciphers, flags, ciphers.count) == 1,
            SSL_CTX_set1_group_ids(handle, groups, groups.count) == 1
        else {
            throw TLSError(.internalError, "TLS context could not be configured: \(Self.reason)")
        }
        SSL_CTX_set_options(handle, UInt32(SSL_OP_NO_TICKET))
        SSL_CTX_set_num_tickets(handle, 0)
        SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF)
        SSL_CTX_set_early_data_enabled(handle, 0)
        SSL_CTX_set_max_cert_list(handle, PeerLimits.chainBytes)
        SSL_CTX_set_custom_verify(
            handle,
            SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
            SessionCallbacks.verify
        )
        SSL_CTX_set_alpn_select_cb(handle, SessionCallbacks.selectProtocol, nil)
    }

    private func present(_ identity: TLSIdentity) throws(TLSError) {
        var buffers: [OpaquePointer?] = identity.chain.map { certificate in
            CRYPTO_BUFFER_new(certificate.der, certificate.der.count, nil)
        }
        defer { for buffer in buffers { CRYPTO_BUFFER_free(buffer) } }
        guard
            SSL_CTX_set_chain_and_key(handle, &buffers, buffers.count, identity.key.key, nil) == 1
        else {
            throw TLSError(.invalidConfiguration, "certificate chain is refused: \(Self.reason)")
        }
    }
}

/// The callbacks of BoringSSL that every session shares.
enum SessionCallbacks {
    /// Runs the session's verification and says which alert a refusal sends.
    static let verify: @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt8>?) -> ssl_verify_result_t = {
        ssl,
        alert in
        guard let ssl, let data = SSL_get_ex_data(ssl, 0) else { return ssl_verify_invalid }
        let session = Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue()
        guard let refusal = session.verifyPeer() else { return ssl_verify_ok }
        alert?.pointee = refusal
        return ssl_verify_invalid
    }

    /// Picks a protocol from a client's offer. Without one the handshake ends with `no_application_protocol` where the
    /// session needs one, and goes on without where it doesn't.
    static let selectProtocol:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
            UnsafePointer<UInt8>?, CUnsignedInt, UnsafeMutableRawPointer?
        ) -> CInt = { ssl, chosen, chosenCount, offered, offeredCount, _ in
            guard let ssl, let data = SSL_get_ex_data(ssl, 0), let chosen, let chosenCount, let offered else {
                return SSL_TLSEXT_ERR_ALERT_FATAL
            }
            let protocols = Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue().protocols
            let offer = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
            guard let choice = protocols.choice(from: offer) else {
                return protocols.isRequired ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK
            }
            chosen.pointee = offered + choice.lowerBound
            chosenCount.pointee = UInt8(truncatingIfNeeded: choice.count)
            return SSL_TLSEXT_ERR_OK
        }
}

internal import CNIOBoringSSL

/// One TLS connection without a socket: ciphertext in, plaintext out, and the other way round.
///
/// Confined to one event loop: not thread-safe. Reading and writing touch neither reference counts nor, beyond
/// BoringSSL's own, the allocator. A session with nothing under way holds no buffer.
///
/// The order of calls after bytes arrive is `provideCiphertext`, then `handshake` until complete, then `read` until it
/// says `needsInput` (or the caller has no room), then `endCiphertext`. Whatever the calls return, the ``output``
/// may have grown and wants to be sent: also after a failure, when it holds the alert that tells the peer why.
package final class TLSSession {
    private let ssl: OpaquePointer
    private let transport: UnsafeMutablePointer<TLSTransport>
    private let context: TLSContext
    private let buffers: TLSBufferPool
    private let verifier: PeerVerifier
    private var phase = Phase.handshake
    private var hasInputEnded = false
    private var hasShutDown = false

    private enum Phase {
        case handshake, open, peerClosed, failed
    }

    /// Which side this is.
    package let role: TLSRole
    /// Which protocols it offers or takes.
    let protocols: TLSProtocols
    /// Why the session is over, once a call said `failed`.
    package private(set) var failure: TLSError?
    /// What verification found; shown only once the peer also proved to hold the key.
    private var verifiedPeer: VerifiedPeer?

    /// Plaintext that fits in one record; the best size for writes is a multiple of it.
    package static let recordBytes = 16 * 1024
    /// Ciphertext that a session keeps for a caller that stopped reading; see ``endCiphertext()``.
    package static let heldInputLimit = 256 * 1024

    /// - Parameters:
    ///   - expectation: who the peer must be.
    ///   - protocols: what is offered to the peer, or taken from its offer.
    ///   - buffers: the stock of the loop that this session belongs to.
    ///   - outputLimit: unsent ciphertext the session may hold, in bytes; at least 64 KiB.
    /// - Throws: ``TLSError`` `invalid_configuration` for a server without an identity or an expectation that names
    ///   nobody, `internal_error` when memory runs out.
    package init(
        context: TLSContext,
        role: TLSRole,
        expectation: PeerExpectation,
        protocols: TLSProtocols = .http2,
        buffers: TLSBufferPool,
        outputLimit: Int = 4 * 1024 * 1024
    ) throws(TLSError) {
        if role == .server, !context.hasIdentity {
            throw TLSError(.invalidConfiguration, "a server needs a certificate and its key")
        }
        if let problem = expectation.problem { throw TLSError(.invalidConfiguration, problem) }
        guard let ssl = SSL_new(context.handle) else {
            throw TLSError(.internalError, "TLS session could not be made: \(Self.reason)")
        }
        guard let bio = BIO_new(TransportMethod.shared) else {
            SSL_free(ssl)
            throw TLSError(.internalError, "TLS session could not be made: \(Self.reason)")
        }
        transport = .allocate(capacity: 1)
        transport.initialize(to: TLSTransport(stock: buffers.stock, outputLimit: max(outputLimit, 64 * 1024)))
        BIO_set_data(bio, transport)
        BIO_set_init(bio, 1)
        SSL_set_bio(ssl, bio, bio)
        self.ssl = ssl
        self.context = context
        self.buffers = buffers
        self.role = role
        self.protocols = protocols
        verifier = PeerVerifier(
            store: context.store,
            revocations: context.revocations,
            expectation: expectation,
            role: role
        )
        // What only the handshake needs is freed after it: an idle session stays small.
        SSL_set_shed_handshake_config(ssl, 1)
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        switch role {
        case .server:
            SSL_set_accept_state(ssl)
            if case .unchecked = expectation {
                SSL_set_custom_verify(ssl, SSL_VERIFY_NONE, SessionCallbacks.verify)
            }
        case .client:
            SSL_set_connect_state(ssl)
            if let name = expectation.serverName { SSL_set_tlsext_host_name(ssl, name) }
            let offer = protocols.encoded
            // Unlike its neighbours this one answers 0 for success.
            guard offer.isEmpty || SSL_set_alpn_protos(ssl, offer, offer.count) == 0 else {
                throw TLSError(.internalError, "ALPN could not be configured: \(Self.reason)")
            }
        }
    }

    deinit {
        SSL_free(ssl)
        transport.pointee.release()
        transport.deallocate()
    }

    private static var reason: String { LibraryFailure.take()?.text ?? "unknown reason" }

    // MARK: Input

    /// Lends received bytes to the session until ``endCiphertext()``; the memory must stay valid until then.
    ///
    /// Bytes lent before and not yet consumed are kept as if ``endCiphertext()`` had been called.
    package func provideCiphertext(_ bytes: UnsafeRawBufferPointer) {
        if transport.pointee.borrowedCount > 0 { endCiphertext() }
        transport.pointee.borrowed = bytes.baseAddress
        transport.pointee.borrowedCount = bytes.count
    }

    /// Ends the loan: what isn't consumed yet is copied, so the caller may reuse its buffer.
    ///
    /// Copies nothing when the caller reads until `needsInput`. A caller that stops before must also stop receiving:
    /// beyond ``heldInputLimit`` the session fails with `buffer_overflow`.
    package func endCiphertext() {
        guard !transport.pointee.holdBorrowed(limit: Self.heldInputLimit) else { return }
        fail(TLSError(.bufferOverflow, "more than \(Self.heldInputLimit) bytes of ciphertext wait to be read"))
    }

    /// Says that the transport ended: a session without the peer's close_notify then fails instead of asking for more.
    package func endInput() {
        hasInputEnded = true
    }

    /// Ciphertext received and not consumed, in bytes: when not 0, a `read` may give data without new input.
    package var pendingInputCount: Int { transport.pointee.inputCount }

    // MARK: Handshake

    /// Takes the handshake as far as the input allows; a client calls it first without any.
    package func handshake() -> TLSProgress {
        switch phase {
        case .open, .peerClosed: return .complete
        case .failed: return .failed
        case .handshake: break
        }
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            guard protocols.accepts(negotiatedALPN) else {
                SSL_send_fatal_alert(ssl, UInt8(SSL_AD_NO_APPLICATION_PROTOCOL))
                ERR_clear_error()
                fail(noAgreement)
                return .failed
            }
            phase = .open
            return .complete
        }
        if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return waits() ? .needsInput : .failed }
        fail(explain(duringHandshake: true))
        return .failed
    }

    /// Whether the handshake is complete and the session neither failed nor closed by the peer.
    package var isOpen: Bool { phase == .open }

    /// The peer's SPIFFE URI: the one that met the expectation, or its first one where a host was expected.
    ///
    /// Nil before the handshake is complete, as are the two below.
    package var peerIdentity: String? { completedPeer?.identity }

    /// The serial number of the peer's certificate, in decimal.
    package var peerCertificateSerial: String? { completedPeer?.serial }

    /// When the first certificate of the peer's verified path expires, in seconds since 1970.
    package var peerCertificateExpiry: Int64? { completedPeer?.notAfter }

    private var completedPeer: VerifiedPeer? { phase == .open || phase == .peerClosed ? verifiedPeer : nil }

    /// The protocol both sides agreed on; nil before, and where a complete session did without.
    package var negotiatedALPN: String? {
        var data: UnsafePointer<UInt8>?
        var count: CUnsignedInt = 0
        SSL_get0_alpn_selected(ssl, &data, &count)
        guard let data, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: data, count: Int(count)), as: UTF8.self)
    }

    /// The cipher suite by its standard name, such as `TLS_AES_128_GCM_SHA256`; nil before the handshake is complete.
    package var negotiatedSuite: String? {
        guard phase == .open || phase == .peerClosed, let cipher = SSL_get_current_cipher(ssl) else { return nil }
        return SSL_CIPHER_standard_name(cipher).map { String(cString: $0) }
    }

    /// The key exchange by its name, such as `X25519MLKEM768`; nil before the handshake is complete.
    package var negotiatedGroup: String? {
        guard phase == .open || phase == .peerClosed else { return nil }
        return SSL_get_group_name(SSL_get_group_id(ssl)).map { String(cString: $0) }
    }

    /// Called back by BoringSSL in mid-handshake; returns the alert to refuse the peer with, or nil.
    func verifyPeer() -> UInt8? {
        do {
            verifiedPeer = try verifier.verify(SSL_get0_peer_certificates(ssl))
            return nil
        } catch {
            failure = error
            if error.code == .peerCertificateRevoked { context.revocations?.countRejection(as: role) }
            switch error.code {
            case .peerCertificateExpired: return UInt8(SSL_AD_CERTIFICATE_EXPIRED)
            case .peerCertificateRevoked: return UInt8(SSL_AD_CERTIFICATE_REVOKED)
            case .peerCertificateUntrusted: return UInt8(SSL_AD_UNKNOWN_CA)
            case .peerIdentityMismatch: return UInt8(SSL_AD_CERTIFICATE_UNKNOWN)
            case .peerCertificateMissing: return UInt8(SSL_AD_CERTIFICATE_REQUIRED)
            default: return UInt8(SSL_AD_INTERNAL_ERROR)
            }
        }
    }

    /// The protocol's version, such as `TLSv1.3`; nil before the handshake is complete.
    package var negotiatedVersion: String? {
        guard phase == .open || phase == .peerClosed else { return nil }
        return SSL_get_version(ssl).map { String(cString: $0) }
    }

    // MARK: Judging again

    /// Judges the peer's chain anew, by the roots and revocations of a context that may be newer than the session's.
    ///
    /// Validity in time isn't looked at: ``peerCertificateExpiry`` tells when it ends. A peer that wasn't judged yet is
    /// judged when its turn comes. The session goes on whatever the verdict is.
    /// - Returns: why the peer would be refused now; nil when it would not.
    package func judgeAgain(with context: TLSContext) -> TLSError? {
        guard let known = verifiedPeer, phase != .failed else { return nil }
        if context === self.context, known.generation == context.revocations?.generation ?? 0 { return nil }
        var judge = PeerVerifier(
            store: context.store,
            revocations: context.revocations,
            expectation: verifier.expectation,
            role: role
        )
        judge.checksTime = false
        do throws(TLSError) {
            let verdict = try judge.verify(SSL_get0_peer_certificates(ssl))
            if context === self.context { verifiedPeer?.generation = verdict.generation }
            return nil
        } catch {
            return error
        }
    }

    // MARK: Data

    /// Decrypts up to one record into `buffer`.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> TLSReadResult {
        guard phase == .open else { return phase == .peerClosed ? .closed : readBeforeOpen() }
        guard let base = buffer.baseAddress, buffer.count > 0 else { return .bytes(0) }
        let count = SSL_read(ssl, base, CInt(clamping: buffer.count))
        return count > 0 ? .bytes(Int(count)) : stopReading(count)
    }

    private func readBeforeOpen() -> TLSReadResult {
        phase == .failed ? .failed : .needsInput
    }

    private func stopReading(_ result: CInt) -> TLSReadResult {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return waits() ? .needsInput : .failed
        case SSL_ERROR_ZERO_RETURN:
            phase = .peerClosed
            return .closed
        default:
            fail(explain(duringHandshake: false))
            return .failed
        }
    }

    /// Encrypts all of `bytes` into the output, or nothing of it; also after the peer's close_notify.
    package func write(_ bytes: UnsafeRawBufferPointer) -> TLSWriteResult {
        guard phase == .open || phase == .peerClosed, !hasShutDown else { return .failed }
        guard let base = bytes.baseAddress, bytes.count > 0 else { return .written }
        // Every record costs its header, tag and type: below 32 bytes in TLS 1.3.
        let bound = bytes.count + (bytes.count / Self.recordBytes + 1) * 32
        guard bound <= transport.pointee.outputLimit - transport.pointee.outputCount - 1024,
            bytes.count <= Int(CInt.max)
        else { return .wouldOverflow }
        let count = SSL_write(ssl, base, CInt(truncatingIfNeeded: bytes.count))
        if Int(count) == bytes.count { return .written }
        fail(explain(duringHandshake: false))
        return .failed
    }

    /// Queues close_notify, after what was written before; once only. Writing is over then, reading isn't.
    package func shutdown() {
        guard phase == .open || phase == .peerClosed, !hasShutDown else { return }
        hasShutDown = true
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    // MARK: Output

    /// Ciphertext that waits to be sent, in bytes.
    package var outputCount: Int { transport.pointee.outputCount }

    /// All ciphertext that waits to be sent, contiguous; valid until the next call on this session.
    package var output: UnsafeRawBufferPointer {
        guard let start = transport.pointee.output else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(
            start: start + transport.pointee.outputStart,
            count: transport.pointee.outputCount
        )
    }

    /// Drops the first `count` bytes of ``output``: they are sent.
    ///
    /// With the last byte the buffer goes back to the loop's stock.
    package func consumeOutput(_ count: Int) {
        transport.pointee.consumeOutput(count)
    }

    // MARK: Failure

    private func fail(_ error: TLSError) {
        if phase != .failed {
            phase = .failed
            // A refusal by our own verification is more precise than the library's summary of it.
            if failure == nil { failure = error }
        }
    }

    /// Whether more input can come; otherwise the session ends here.
    private func waits() -> Bool {
        guard hasInputEnded else { return true }
        let when = phase == .handshake ? "during the handshake" : "without close_notify"
        fail(TLSError(.closedUnexpectedly, "peer closed the connection \(when)"))
        return false
    }

    private var noAgreement: TLSError {
        let names = protocols.names.joined(separator: ", ")
        let hint = protocols == .http2 ? "; is it an HBONE or gRPC endpoint?" : ""
        return TLSError(.alpnMismatch, "peer did not agree on ALPN \(names)\(hint)")
    }

    private func explain(duringHandshake: Bool) -> TLSError {
        guard let cause = LibraryFailure.take() else {
            return TLSError(duringHandshake ? .handshakeFailed : .protocolError, "TLS failed without a stated reason")
        }
        if let alert = cause.alert {
            let name =
                SSL_alert_desc_string_long(CInt(truncatingIfNeeded: alert))
                .map { String(cString: $0) } ?? "unknown"
            return TLSError(
                .rejectedByPeer,
                "peer ended the connection with alert \(alert) (\(name)); its log says why it refused us"
            )
        }
        if cause.library == UInt32(ERR_LIB_SSL) {
            let versions = context.policy.allowsTLS12 ? "TLS 1.2 or 1.3" : "TLS 1.3"
            switch CInt(truncatingIfNeeded: cause.reason) {
            case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
                return TLSError(.peerCertificateMissing, "peer presented no certificate")
            case SSL_R_NO_APPLICATION_PROTOCOL, SSL_R_INVALID_ALPN_PROTOCOL:
                return noAgreement
            case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
                return TLSError(.handshakeFailed, "peer does not speak \(versions) (\(cause.text))")
            default: break
            }
        }
        return TLSError(duringHandshake ? .handshakeFailed : .protocolError, "invalid TLS from the peer: \(cause.text)")
    }
}

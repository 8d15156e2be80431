/// Why a TLS context could not be made, or why a session ended.
package struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The closed set of causes; the raw strings are stable, they serve as metric labels and access-log fields.
    package enum Code: String, Sendable, CaseIterable {
        /// The handshake broke for a reason that none of the other codes names, such as an unsupported version.
        case handshakeFailed = "handshake_failed"
        /// A client connected without a certificate.
        case peerCertificateMissing = "peer_certificate_missing"
        /// The peer's chain doesn't lead to our trust anchors, or isn't fit for its purpose.
        case peerCertificateUntrusted = "peer_certificate_untrusted"
        /// A certificate of the peer's chain is expired or not yet valid by our clock.
        case peerCertificateExpired = "peer_certificate_expired"
        /// A certificate of the peer's chain is on its issuer's revocation list.
        case peerCertificateRevoked = "peer_certificate_revoked"
        /// The chain is good, but it names somebody else.
        case peerIdentityMismatch = "peer_identity_mismatch"
        /// The peer didn't agree on `h2`.
        case alpnMismatch = "alpn_mismatch"
        /// The peer ended the connection with a fatal alert, for instance because it refuses our certificate.
        case rejectedByPeer = "rejected_by_peer"
        /// Bytes that aren't valid TLS arrived after the handshake.
        case protocolError = "protocol_error"
        /// The transport ended without a close_notify.
        case closedUnexpectedly = "closed_unexpectedly"
        /// More bytes waited than the session may hold.
        case bufferOverflow = "buffer_overflow"
        /// Our own certificate, key or trust anchors can't be used.
        case invalidConfiguration = "invalid_configuration"
        /// The library failed in a way that no input explains, such as lack of memory.
        case internalError = "internal_error"
    }

    /// What went wrong.
    package var code: Code
    /// One line for an operator, at most ``messageBytes`` long.
    package var message: String

    /// The bound on ``message``, in UTF-8 bytes; text supplied by a peer is cut to fit.
    package static let messageBytes = 1024

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message.bounded(to: Self.messageBytes)
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

extension String {
    /// This text cut to at most `limit` UTF-8 bytes, with control characters shown as `?`.
    func bounded(to limit: Int) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(limit, utf8.count))
        var isCut = false
        for byte in utf8 {
            guard bytes.count < limit else {
                isCut = true
                break
            }
            bytes.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte)
        }
        // A cut may split a character: drop the started one rather than show a replacement character.
        if isCut {
            while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
            if let last = bytes.last, last >= 0xC0 { bytes.removeLast() }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

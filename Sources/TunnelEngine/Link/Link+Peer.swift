package import BoringTLS
import Glibc

/// Whether the peer is still who it may be.
extension Link {
    /// Judges the peer's certificates anew and closes the link where they are not accepted any more.
    ///
    /// A peer whose certificates haven't come yet isn't judged here, but when they come.
    /// - Parameter context: gives roots and revocations; nil takes those that the link was made with.
    package func judgePeer(with context: TLSContext? = nil) {
        guard self.state != .closed, self.state != .closing else { return }
        if let error = self.tls.judgeAgain(with: context ?? self.context) { self.close(.peerDisowned(error)) }
    }

    /// When the peer's certificate ends, in seconds since 1970; nil before the handshake is complete.
    package var peerExpiry: Int64? { self.tls.peerCertificateExpiry }

    /// Whether the peer's certificate has ended: then the link takes no new streams.
    var isPeerExpired: Bool { self.expiry <= Int64(time(nil)) }

    /// Notes when the peer's certificate ends, once the handshake is complete.
    func notePeer() { self.expiry = self.tls.peerCertificateExpiry ?? .max }

    /// Ends streams that have gone on for too long after the end of the peer's certificate; true when the link closed.
    func endExpiredPeer() -> Bool {
        let now = Int64(time(nil))
        guard self.expiry <= now else { return false }
        guard now - self.expiry < self.limits.expiredPeerSeconds else {
            self.close(
                .peerDisowned(
                    TLSError(
                        .peerCertificateExpired,
                        "the peer's certificate ended at \(self.expiry) (seconds since 1970), and streams went on for "
                            + "the \(self.limits.expiredPeerSeconds) s that they may"
                    )
                )
            )
            return true
        }
        if self.role == .server { self.refuseFurtherStreams() }
        // Who owns a client's link lets it go when its last stream ends.
        self.owner?.linkCapacityChanged(self)
        return self.state == .closed
    }

    /// Sends GOAWAY, once, so that the peer makes a new link.
    func refuseFurtherStreams() {
        guard self.state == .open, !self.hasRefusedFurther else { return }
        self.hasRefusedFurther = true
        self.http2.shutdownGracefully()
        self.queueFlush()
    }
}

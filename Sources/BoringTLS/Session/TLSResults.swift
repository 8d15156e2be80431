/// How far a handshake got.
///
/// A failure's details are in ``TLSSession/failure``: these results stay trivial, so that passing them costs nothing.
package enum TLSProgress: Sendable, Equatable {
    /// The peer is verified; application data may flow.
    case complete
    /// More ciphertext is needed; there may be output to send first.
    case needsInput
    /// The session is over; there may be an alert in the output that is worth sending.
    case failed
}

/// What one read gave.
package enum TLSReadResult: Sendable, Equatable {
    /// So many bytes of plaintext were written to the caller's buffer: one record's worth at most.
    case bytes(Int)
    /// Nothing to read before more ciphertext arrives.
    case needsInput
    /// The peer said close_notify: everything it sent was read.
    case closed
    /// The session is over; see ``TLSSession/failure``.
    case failed
}

/// What one write did.
package enum TLSWriteResult: Sendable, Equatable {
    /// All bytes are encrypted in the output.
    case written
    /// Nothing was taken, since the output would outgrow its limit; write again when some of it is sent.
    case wouldOverflow
    /// Nothing was taken: the session failed (see ``TLSSession/failure``), was shut down, or is in its handshake.
    case failed
}

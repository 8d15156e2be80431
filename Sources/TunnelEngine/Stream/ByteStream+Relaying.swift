extension ByteStream {
    /// From now on passes everything on to `other`, and all of `other` back, with back-pressure and half-close.
    ///
    /// The owners hear no more but the end of their streams; an end that is no orderly one ends both.
    /// - Parameters:
    ///   - early: bytes of this stream that its owner received and did not give back; they go first.
    ///   - otherEarly: the same of `other`.
    package func becomeRelay(with other: ByteStream, early: [UInt8] = [], otherEarly: [UInt8] = []) {
        guard !self.isEnded, !other.isEnded else {
            self.close(isAbortive: true)
            other.close(isAbortive: true)
            return
        }
        self.drain()
        other.drain()
        self.startForwarding(to: other)
        other.startForwarding(to: self)
        if !early.isEmpty { early.withUnsafeBytes { other.forward($0) } }
        if !otherEarly.isEmpty { otherEarly.withUnsafeBytes { self.forward($0) } }
        if self.isReceiveEnded { other.finish() }
        if other.isReceiveEnded { self.finish() }
        self.resumeReceiving()
        other.resumeReceiving()
    }

    /// The stream that it was joined with is gone.
    func partnerEnded(_ outcome: RelayOutcome) {
        // After an orderly end the last bytes and the end itself are on their way already.
        if outcome == .complete { self.partner = nil } else { self.close(isAbortive: true) }
    }

    private func startForwarding(to other: ByteStream) {
        self.partner = other
        self.ownPending = self.pendingCount
    }
}

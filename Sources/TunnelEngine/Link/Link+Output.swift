import BoringTLS
import Glibc

extension Link {
    // MARK: Output

    func queueFlush() {
        guard !self.flushIsQueued, self.state != .closed, self.state != .connecting else { return }
        self.flushIsQueued = true
        self.loop.flushLater(self)
    }

    /// Encrypts and sends all that waits, as far as the socket takes it.
    func push() {
        var before: Int
        repeat {
            before = self.http2.output.count
            self.encryptControl()
            if self.state == .closing, self.http2.output.isEmpty { self.tls.shutdown() }
            self.sendOutput()
        } while !self.isBlocked && self.http2.output.count > 0 && self.http2.output.count < before
        if self.state == .closing, self.outputCount == 0 { self.finishClose(.closedLocally) }
    }

    /// Moves the core's queued frames into the TLS output.
    ///
    /// When the peer does not read they stay in the core, whose bound on unread answers then counts them.
    func encryptControl() {
        guard self.state != .handshaking, self.failure == nil else { return }
        while !self.http2.output.isEmpty, !self.isBlocked || self.tls.outputCount < self.limits.outputHighBytes {
            var count = 0
            let result = self.http2.output.withBytes { bytes in
                count = min(bytes.count, Self.pieceBytes)
                return self.tls.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            }
            switch result {
            case .written: self.http2.output.consume(count)
            case .wouldOverflow: return  // tried again when the socket took some
            case .failed: return self.failLater(self.tlsError)
            }
        }
    }

    var tlsError: LinkError {
        .tls(self.tls.failure ?? TLSError(.protocolError, "TLS failed without a stated reason"))
    }

    func sendOutput() {
        while !self.isBlocked, self.tls.outputCount > 0, self.descriptor >= 0 {
            let sent = Socket.send(self.descriptor, self.tls.output)
            if sent > 0 {
                self.tls.consumeOutput(sent)
            } else if sent == -Int(EAGAIN) {
                self.isBlocked = true
            } else if sent != -Int(EINTR) {
                return self.failLater(.socket(SocketError(code: Int32(clamping: -sent), call: "send")))
            }
        }
        self.resumeWaiting()
    }

    func resumeWaiting() {
        guard !self.waiting.isEmpty, self.outputCount <= self.limits.outputLowBytes else { return }
        let waiting = self.waiting
        self.waiting = []
        for end in waiting { end.linkDrained() }
    }

    var outputCount: Int { self.tls.outputCount + self.http2.output.count }

    // MARK: Keep-alive

    /// Asks the peer for a sign of life now if it has been silent for so long.
    /// - Returns: whether it was, and so is asked.
    @discardableResult
    package func probe(afterSilence milliseconds: UInt64) -> Bool {
        let now = self.loop.now
        guard self.state == .open, now - min(now, self.lastReceived) >= milliseconds else { return false }
        // One question at a time: whoever asks meanwhile waits for the same answer.
        if self.lastProbe <= self.lastReceived || now - self.lastProbe >= milliseconds {
            self.lastProbe = now
            self.http2.ping(now)
            self.queueFlush()
        }
        return true
    }

    /// Whether anything came from the peer since `moment`, in the loop's milliseconds.
    package func hasReceived(since moment: UInt64) -> Bool { self.lastReceived >= moment }

    func checkPeer() {
        if self.endExpiredPeer() { return }
        let silence = self.loop.now - min(self.loop.now, self.lastReceived)
        if let pingSent = self.pingSent {
            // Anything that came since shows that the peer lives, not only the answer.
            if self.lastReceived < pingSent { return self.close(.keepAliveTimedOut) }
            self.pingSent = nil
        }
        if silence >= self.limits.pingAfterMilliseconds {
            self.http2.ping(self.loop.now)
            self.pingSent = self.loop.now
            self.queueFlush()
            self.loop.start(self.deadline, after: self.limits.pongMilliseconds)
        } else {
            self.loop.start(self.deadline, after: self.limits.pingAfterMilliseconds - silence)
        }
    }
}

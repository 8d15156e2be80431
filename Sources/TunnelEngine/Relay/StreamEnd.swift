package import MeshModel

/// The tunnel end of a relay: one HTTP/2 stream of a link.
package final class StreamEnd: RelayEnd, HTTP2StreamOwner {
    private let link: Link
    private let stream: HTTP2Stream
    private var relay: Relay?
    private var other: (any RelayEnd)?
    private var isDownstream = false
    private var isStarted = false
    private var isClosed = false
    /// What came before the relay began: the peer may send right after its headers.
    private var early = ByteQueue()
    private var earlyEnded = false
    private var resetReason: String?
    /// Called when the peer resets the stream before the relay began.
    package var onEarlyReset: (() -> Void)?

    /// Takes over the stream's events.
    package init(link: Link, stream: HTTP2Stream) {
        self.link = link
        self.stream = stream
        stream.owner = self
    }

    /// The verified identity of the link's peer: its first SPIFFE URI.
    package var peerIdentity: String? { self.link.peerIdentity }

    /// Our own TCP address towards the peer.
    package var localAddress: SocketAddress? { self.link.local }

    /// Whether the peer reset the stream before the relay began.
    package var isReset: Bool { self.resetReason != nil }

    /// Makes the stream part of a relay; bytes flow from `begin` on.
    func attach(to other: any RelayEnd, relay: Relay, isDownstream: Bool) {
        self.other = other
        self.relay = relay
        self.isDownstream = isDownstream
        self.onEarlyReset = nil
    }

    /// Passes on what came so far, and from now on everything as it comes.
    func begin() {
        guard let relay = self.relay, !self.isStarted else { return }
        self.isStarted = true
        if let reason = self.resetReason { return relay.failed(self, reason) }
        var waiting = ByteQueue()
        swap(&waiting, &self.early)
        self.link.loop.release(waiting.count)
        waiting.withBytes { self.pass($0) }
        if self.earlyEnded { self.other?.takeEnd() }
    }

    private func pass(_ bytes: UnsafeRawBufferPointer) {
        guard let relay = self.relay, bytes.count > 0 else { return }
        if self.isDownstream {
            relay.bytesFromDownstream &+= UInt64(bytes.count)
        } else {
            relay.bytesFromUpstream &+= UInt64(bytes.count)
        }
        self.other?.take(bytes)
    }

    // MARK: HTTP2StreamOwner

    package func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {
        if endStream { self.receivedEnd() }
    }

    package func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
        if self.isClosed {
            self.link.consumed(stream, bytes.count)
        } else if self.isStarted {
            self.pass(bytes)
        } else if self.link.loop.hold(bytes.count, progress: self.link.loop.now) {
            self.early.append(bytes)
        } else {
            return self.giveUp()
        }
        if endStream { self.receivedEnd() }
    }

    /// There is no memory for what came before the relay: the stream ends, as if the peer had given it up.
    private func giveUp() {
        self.link.reset(self.stream, .enhanceYourCalm)
        self.streamReset(self.stream, code: .enhanceYourCalm, byPeer: false)
    }

    private func receivedEnd() {
        if self.isStarted { self.other?.takeEnd() } else { self.earlyEnded = true }
    }

    package func streamWindowOpened(_ stream: HTTP2Stream) { self.other?.resume() }

    package func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {
        guard !self.isClosed else { return }
        let reason =
            if let error = self.link.endError {
                "tunnel ended: \(error)"
            } else {
                byPeer ? "stream reset by peer: \(code)" : "tunnel ended: \(code)"
            }
        self.resetReason = reason
        if let relay = self.relay {
            if case .peerDisowned(let error)? = self.link.endError { return relay.disowned(error) }
            return relay.failed(self, reason)
        }
        let handler = self.onEarlyReset
        self.onEarlyReset = nil
        handler?()
    }

    // MARK: RelayEnd

    package func capacity() -> Int { self.link.sendCapacity(self.stream, for: self) }

    package func take(_ bytes: UnsafeRawBufferPointer) {
        self.link.sendData(self.stream, bytes)
    }

    package func takeEnd() {
        self.link.finish(self.stream)
        self.relay?.directionEnded()
    }

    package func resume() {
        // A stream pushes: the peer's next bytes come when its window opens again.
    }

    package func credited(_ count: Int) { self.link.consumed(self.stream, count) }

    package func close(isAbortive: Bool) {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.other = nil
        self.relay = nil
        self.onEarlyReset = nil
        self.link.loop.release(self.early.count)
        self.early.clear()
        if isAbortive {
            self.link.reset(self.stream, .cancel)
        } else if !self.stream.isSendClosed || !self.stream.isReceiveClosed {
            self.link.reset(self.stream, .noError)
        }
        // A stream whose both directions ended is not reset; what it still holds would be missing from the link's
        // window for ever.
        self.link.consumed(self.stream, .max)
    }

    /// The link's output drained below its mark.
    func linkDrained() { self.other?.resume() }
}

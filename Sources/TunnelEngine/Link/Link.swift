package import BoringTLS
import Glibc
package import MeshModel

/// Who owns a link and is told what happens to it.
package protocol LinkOwner: AnyObject {
    /// The link is set up: peer verified, HTTP/2 settings exchanged.
    func linkOpened(_ link: Link)
    /// The peer opened a stream (server side only).
    func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool)
    /// Streams ended, the peer changed its limits, or it announced that it goes away.
    func linkCapacityChanged(_ link: Link)
    /// The link is gone; called once, and nothing is called after it.
    func linkClosed(_ link: Link, _ error: LinkError)
}

/// One TCP connection with mutual TLS and HTTP/2 on it, for either side.
///
/// Output is encrypted and sent once per batch of the loop: streams that answer in the same turn share records and
/// system calls. An idle link holds no buffer. Deadlines guard every wait, and PINGs find a dead peer.
package final class Link: EventSource, HTTP2ConnectionOwner {
    /// `closing`: this side closed it, and its last bytes wait for the peer to read.
    package enum State: Sendable { case connecting, handshaking, settling, open, closing, closed }

    /// How far the link is.
    package private(set) var state: State
    /// The verified identity of the peer: its first SPIFFE URI.
    package var peerIdentity: String? { self.tls.peerIdentity }
    /// The peer's TCP address.
    package let peer: SocketAddress
    /// The local TCP address, once connected.
    package private(set) var local: SocketAddress?
    package let role: TLSRole
    let limits: LinkLimits
    let tls: TLSSession
    fileprivate lazy var http2 = HTTP2Connection(
        role: self.role == .client ? .client : .server,
        limits: self.limits.http2,
        owner: self
    )
    private var owner: (any LinkOwner)?
    private var isReadable = false
    private var sawReadEnd = false
    private var isBlocked = false
    private var flushIsQueued = false
    private var againIsQueued = false
    /// Why the link will end in the next turn: found while somebody was sending.
    private var failure: LinkError?
    /// Why the link ended, once it did.
    private(set) var endError: LinkError?
    /// The owner knows of the end; the descriptor waits for the peer's.
    private var isLingering = false
    private var peerHasEnded = false
    private var waiting: [StreamEnd] = []
    private lazy var deadline = LoopTimer(target: self)
    /// When the PING was sent whose answer is awaited; nil when none is.
    private var pingSent: UInt64?
    private var lastReceived: UInt64 = 0
    /// When the last stream ended, in the loop's milliseconds; when the link opened, if none did.
    private(set) var lastStreamEnded: UInt64 = 0
    /// Whether it ever was open.
    private(set) var wasOpen = false

    /// Reads in one turn before other connections get theirs.
    private static let readsPerTurn = 4
    /// What is encrypted in one go.
    private static let pieceBytes = 64 * 1024

    /// Starts a client link: connects to `address`, then sets up TLS and HTTP/2.
    package static func dial(
        loop: EventLoop,
        address: SocketAddress,
        from source: SocketAddress? = nil,
        context: TLSContext,
        expecting expectation: PeerExpectation,
        limits: LinkLimits,
        owner: any LinkOwner
    ) throws(LinkError) -> Link {
        let descriptor: Int32
        do throws(SocketError) {
            descriptor = try Socket.connect(address, from: source)
        } catch {
            throw .socket(error)
        }
        return try Link(
            loop: loop,
            descriptor: descriptor,
            peer: address,
            role: .client,
            context: context,
            expecting: expectation,
            limits: limits,
            owner: owner
        )
    }

    /// Serves an accepted connection; takes over the descriptor, also when it throws.
    package static func serve(
        loop: EventLoop,
        descriptor: Int32,
        peer: SocketAddress,
        context: TLSContext,
        expecting expectation: PeerExpectation,
        limits: LinkLimits,
        owner: any LinkOwner
    ) throws(LinkError) -> Link {
        Socket.tune(descriptor, keepAlive: nil)
        return try Link(
            loop: loop,
            descriptor: descriptor,
            peer: peer,
            role: .server,
            context: context,
            expecting: expectation,
            limits: limits,
            owner: owner
        )
    }

    private init(
        loop: EventLoop,
        descriptor: Int32,
        peer: SocketAddress,
        role: TLSRole,
        context: TLSContext,
        expecting expectation: PeerExpectation,
        limits: LinkLimits,
        owner: any LinkOwner
    ) throws(LinkError) {
        self.peer = peer
        self.role = role
        self.limits = limits
        self.owner = owner
        self.state = role == .client ? .connecting : .handshaking
        do throws(TLSError) {
            self.tls = try TLSSession(
                context: context,
                role: role,
                expectation: expectation,
                buffers: loop.tlsBuffers
            )
        } catch {
            Socket.close(descriptor)
            throw .tls(error)
        }
        super.init(loop: loop)
        do throws(SocketError) {
            try loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw .socket(error)
        }
        if role == .server {
            self.local = Socket.localAddress(descriptor)
            self.isReadable = true
        }
        let wait = role == .client ? limits.connectMilliseconds : limits.handshakeMilliseconds
        loop.start(self.deadline, after: wait)
    }

    // MARK: Events of the socket

    override package func ready(_ readiness: Readiness) {
        if self.state == .connecting {
            guard !readiness.isDisjoint(with: [.writable, .failed, .hungUp]) else { return }
            if let error = Socket.connectError(self.descriptor) { return self.close(.socket(error)) }
            self.local = Socket.localAddress(self.descriptor)
            self.state = .handshaking
            self.loop.start(self.deadline, after: self.limits.handshakeMilliseconds)
            self.advanceHandshake()
            guard self.state != .closed else { return }
        }
        if readiness.contains(.writable) {
            self.isBlocked = self.failure != nil
            if self.outputCount > 0 { self.queueFlush() }
        }
        if readiness.asksForRead {
            self.isReadable = true
            if readiness.asksForReadToTheEnd { self.sawReadEnd = true }
            self.read()
        }
    }

    override package func loopEnded() {
        if self.state == .closed { return self.stopLingering() }
        self.finishClose(.closedLocally)
        if self.isLingering { self.stopLingering() }
    }

    override package func again() {
        self.againIsQueued = false
        self.read()
        if let failure = self.failure, !self.againIsQueued { self.close(failure) }
    }

    private func readAgain() {
        guard !self.againIsQueued else { return }
        self.againIsQueued = true
        self.loop.runAgain(self)
    }

    /// Ends the link in the next turn, never within a call of somebody who sends.
    ///
    /// What the peer sent before is still read: after a failed send it may tell why, for example by a TLS alert.
    private func failLater(_ error: LinkError) {
        guard self.state != .closed, self.failure == nil else { return }
        self.failure = error
        self.isBlocked = true
        self.isReadable = true
        self.sawReadEnd = true
        self.readAgain()
    }

    private func read() {
        var reads = 0
        while self.isReadable, self.descriptor >= 0 {
            guard reads < Self.readsPerTurn else { return self.readAgain() }
            reads += 1
            let buffer = self.loop.scratch.ciphertext
            let count = Socket.read(self.descriptor, buffer)
            if count > 0 {
                if count < buffer.count, !self.sawReadEnd { self.isReadable = false }
                self.lastReceived = self.loop.now
                if self.state == .closing || self.state == .closed { continue }
                self.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else if count == 0 {
                return self.receivedEnd()
            } else if count == -Int(EAGAIN) {
                self.isReadable = false
            } else if count != -Int(EINTR) {
                if self.isLingering { return self.stopLingering() }
                return self.close(.socket(SocketError(code: Int32(clamping: -count), call: "recv")))
            }
        }
    }

    private func receivedEnd() {
        self.isReadable = false
        if self.isLingering { return self.stopLingering() }
        // The peer may still read what waits to be sent.
        if self.state == .closing { return self.peerHasEnded = true }
        self.close(.closedByPeer)
    }

    private func receive(_ ciphertext: UnsafeRawBufferPointer) {
        self.tls.provideCiphertext(ciphertext)
        if self.state == .handshaking { self.advanceHandshake() }
        if self.isReading { self.readPlaintext() }
        self.tls.endCiphertext()
        if self.isReading || self.state == .handshaking, self.tls.failure != nil { self.closeForTLS() }
    }

    private var isReading: Bool { self.state == .settling || self.state == .open }

    private func readPlaintext() {
        let buffer = self.loop.scratch.plaintext
        while self.isReading {
            switch self.tls.read(into: buffer) {
            case .bytes(let count):
                let plaintext = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                if let error = self.http2.receive(plaintext, now: self.loop.now) {
                    guard self.isReading else { return }  // closed by its owner meanwhile
                    self.push()
                    return self.close(.http2(error))
                }
                if !self.http2.output.isEmpty { self.queueFlush() }
            case .needsInput:
                return
            case .closed:
                return self.close(.closedByPeer)
            case .failed:
                return self.closeForTLS()
            }
        }
    }

    private func advanceHandshake() {
        switch self.tls.handshake() {
        case .complete:
            self.state = .settling
            self.lastReceived = self.loop.now
            self.http2.start()
            self.queueFlush()
        case .needsInput:
            self.queueFlush()
        case .failed:
            self.closeForTLS()
        }
    }

    private func closeForTLS() {
        self.sendOutput()
        self.close(self.tlsError)
    }

    // MARK: Output

    private func queueFlush() {
        guard !self.flushIsQueued, self.state != .closed, self.state != .connecting else { return }
        self.flushIsQueued = true
        self.loop.flushLater(self)
    }

    override package func flush() {
        self.flushIsQueued = false
        guard self.state != .closed else { return }
        self.push()
    }

    /// Encrypts and sends all that waits, as far as the socket takes it.
    private func push() {
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
    private func encryptControl() {
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

    private var tlsError: LinkError {
        .tls(self.tls.failure ?? TLSError(.protocolError, "TLS failed without a stated reason"))
    }

    private func sendOutput() {
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

    private func resumeWaiting() {
        guard !self.waiting.isEmpty, self.outputCount <= self.limits.outputLowBytes else { return }
        let waiting = self.waiting
        self.waiting = []
        for end in waiting { end.linkDrained() }
    }

    private var outputCount: Int { self.tls.outputCount + self.http2.output.count }

    // MARK: Timers

    override package func timerFired(_ timer: LoopTimer) {
        switch self.state {
        case .connecting: self.close(.connectTimedOut)
        case .handshaking, .settling: self.close(.handshakeTimedOut)
        case .open: self.checkPeer()
        case .closing: self.finishClose(.closedLocally)
        case .closed: self.stopLingering()
        }
    }

    private func checkPeer() {
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

    // MARK: HTTP2ConnectionOwner

    package func connectionOpenedStream(_ stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        self.owner?.link(self, opened: stream, headers: headers, endStream: endStream)
    }

    package func connectionReceivedSettings() {
        guard self.state == .settling else { return }
        self.state = .open
        self.wasOpen = true
        self.lastStreamEnded = self.loop.now
        self.loop.start(self.deadline, after: self.limits.pingAfterMilliseconds)
        self.owner?.linkOpened(self)
    }

    package func connectionReceivedGoAway(lastStreamID: UInt32, code: HTTP2ErrorCode) {
        self.owner?.linkCapacityChanged(self)
    }

    package func connectionReceivedPong(_ opaque: UInt64) {}

    package func connectionCapacityChanged() {
        if self.http2.activeStreams == 0 { self.lastStreamEnded = self.loop.now }
        self.owner?.linkCapacityChanged(self)
    }
}

// MARK: - Streams

extension Link {
    /// Whether another stream may be opened now.
    package var canOpenStream: Bool { self.state == .open && self.http2.canOpenStream }

    /// Streams in use.
    package var activeStreams: Int { self.http2.activeStreams }

    /// Opens a stream; nil when the peer takes no more.
    package func openStream(headers: [HTTP2Header], endStream: Bool, owner: any HTTP2StreamOwner) -> HTTP2Stream? {
        guard self.state == .open else { return nil }
        defer { self.queueFlush() }
        return self.http2.openStream(headers: headers, endStream: endStream, owner: owner)
    }

    /// Sends response headers or trailers; false when the list is invalid or larger than the peer takes.
    @discardableResult
    package func sendHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) -> Bool {
        guard self.state != .closed else { return false }
        defer { self.queueFlush() }
        return self.http2.sendHeaders(stream, headers, endStream: endStream)
    }

    /// What ended HTTP/2, if it failed.
    var http2Error: HTTP2Error? { self.http2.failure }

    /// How many bytes the stream may send now; 0 promises `linkDrained` or `streamWindowOpened` on `end` later.
    func sendCapacity(_ stream: HTTP2Stream, for end: StreamEnd?) -> Int {
        guard self.state != .closed, !stream.isSendClosed else { return 0 }
        if self.outputCount >= self.limits.outputHighBytes {
            if let end, !self.waiting.contains(where: { $0 === end }) { self.waiting.append(end) }
            return 0
        }
        // One step never takes more than the bound on output foresees, whatever frame size the peer allows.
        return min(self.http2.sendCapacity(stream), LoopScratch.relayBytes)
    }

    /// Sends bytes of the stream, at most what `sendCapacity` allowed.
    ///
    /// Bytes in `LoopScratch.relay` get their frame header written before them in place.
    package func sendData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        guard self.state != .closed, !stream.isSendClosed, let start = bytes.baseAddress, bytes.count > 0 else {
            return
        }
        if bytes.count <= self.limits.coalesceBytes {
            self.queue(stream, bytes)
            return self.queueFlush()
        }
        self.encryptControl()
        guard self.state != .closed else { return }
        if start == UnsafeRawPointer(self.loop.scratch.relay.baseAddress), self.http2.output.isEmpty {
            let frame = UnsafeMutableRawPointer(mutating: start) - HTTP2FrameHeader.byteCount
            guard self.http2.writeDataHeader(stream, length: bytes.count, endStream: false, into: frame) else {
                return self.breakOff(stream)
            }
            self.encrypt(UnsafeRawBufferPointer(start: frame, count: HTTP2FrameHeader.byteCount + bytes.count))
        } else {
            self.queue(stream, bytes)
        }
        if self.outputCount >= self.limits.flushAtBytes, !self.isBlocked {
            self.sendOutput()
        }
        if self.outputCount > 0 { self.queueFlush() }
    }

    private func queue(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        if !self.http2.queueData(stream, bytes) { self.breakOff(stream) }
    }

    /// More was sent than `sendCapacity` allowed: a fault of ours that must not stay silent.
    private func breakOff(_ stream: HTTP2Stream) {
        let owner = stream.owner
        self.http2.reset(stream, .flowControlError)
        self.queueFlush()
        owner?.streamReset(stream, code: .flowControlError, byPeer: false)
    }

    private func encrypt(_ frame: UnsafeRawBufferPointer) {
        switch self.tls.write(frame) {
        case .written: break
        case .wouldOverflow:
            self.failLater(.tls(TLSError(.bufferOverflow, "the TLS output is full in the middle of a frame")))
        case .failed: self.failLater(self.tlsError)
        }
    }

    /// Ends the stream's sending side after what was sent before.
    package func finish(_ stream: HTTP2Stream) {
        guard self.state != .closed else { return }
        self.http2.finish(stream)
        self.queueFlush()
    }

    /// Resets the stream.
    package func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard self.state != .closed else { return }
        self.http2.reset(stream, code)
        self.queueFlush()
    }

    /// Grants the peer credit for bytes that have left the process.
    package func consumed(_ stream: HTTP2Stream, _ count: Int) {
        guard self.state != .closed else { return }
        self.http2.consumed(stream, count)
        if !self.http2.output.isEmpty { self.queueFlush() }
    }

    // MARK: End

    /// Announces that no more streams are taken; streams in use go on.
    package func drain() {
        guard self.state == .open || self.state == .settling else { return self.close(.closedLocally) }
        self.http2.shutdownGracefully()
        self.queueFlush()
    }

    /// Says goodbye where that is possible and closes; every stream is reset.
    ///
    /// With `closedLocally` an open link first sends what waits, within `LinkLimits.closeMilliseconds`; the owner is
    /// told when that is done, which is at once unless the peer reads slowly.
    package func close(_ error: LinkError) {
        guard self.state != .closed else { return }
        if case .closedLocally = error {
            if self.state == .closing { return }
            if self.state == .open, self.failure == nil { return self.beginClose() }
        }
        self.finishClose(error)
    }

    private func beginClose() {
        self.http2.goAway(.noError, debug: "")
        self.state = .closing
        self.endError = .closedLocally
        self.waiting = []
        self.loop.start(self.deadline, after: self.limits.closeMilliseconds)
        self.http2.transportClosed()
        if self.state == .closing { self.push() }
    }

    private func finishClose(_ error: LinkError) {
        let isOrderly = self.state == .closing && self.outputCount == 0 && self.failure == nil
        self.state = .closed
        self.endError = error
        self.waiting = []
        if isOrderly, !self.peerHasEnded {
            Socket.shutdownWrite(self.descriptor)
            self.isLingering = true
            self.loop.start(self.deadline, after: self.limits.lingerMilliseconds)
            if self.isReadable { self.readAgain() }
        } else {
            self.loop.stop(self.deadline)
            self.closeDescriptor()
        }
        self.http2.transportClosed()
        let owner = self.owner
        self.owner = nil
        owner?.linkClosed(self, error)
    }

    private func stopLingering() {
        self.isLingering = false
        self.loop.stop(self.deadline)
        self.closeDescriptor()
    }
}

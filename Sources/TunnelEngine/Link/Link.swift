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
    package internal(set) var state: State
    /// The verified identity of the peer: its first SPIFFE URI.
    package var peerIdentity: String? { self.tls.peerIdentity }
    /// The peer's TCP address.
    package let peer: SocketAddress
    /// The local TCP address, once connected.
    package private(set) var local: SocketAddress?
    package let role: TLSRole
    let limits: LinkLimits
    let tls: TLSSession
    /// What the session was made with.
    let context: TLSContext
    /// When it was made, in the loop's milliseconds.
    let began: UInt64
    /// When the peer's certificate ends, in seconds since 1970.
    var expiry = Int64.max
    /// Whether the peer was told to open no more streams because of that.
    var hasRefusedFurther = false
    lazy var http2 = HTTP2Connection(
        role: self.role == .client ? .client : .server,
        limits: self.limits.http2,
        owner: self
    )
    var owner: (any LinkOwner)?
    var isReadable = false
    var sawReadEnd = false
    var isBlocked = false
    var flushIsQueued = false
    var againIsQueued = false
    /// Why the link will end in the next turn: found while somebody was sending.
    var failure: LinkError?
    /// Why the link ended, once it did.
    var endError: LinkError?
    /// The owner knows of the end; the descriptor waits for the peer's.
    var isLingering = false
    var peerHasEnded = false
    var waiting: [StreamEnd] = []
    lazy var deadline = LoopTimer(target: self)
    /// When the PING was sent whose answer is awaited; nil when none is.
    var pingSent: UInt64?
    var lastReceived: UInt64 = 0
    /// When a sign of life was asked for out of turn.
    var lastProbe: UInt64 = 0
    /// When the last stream ended, in the loop's milliseconds; when the link opened, if none did.
    private(set) var lastStreamEnded: UInt64 = 0
    /// Whether it ever was open.
    private(set) var wasOpen = false

    /// Reads in one turn before other connections get theirs.
    private static let readsPerTurn = 4
    /// What is encrypted in one go.
    static let pieceBytes = 64 * 1024

    /// Starts a client link: connects to `address`, then sets up TLS and HTTP/2.
    package static func dial(
        loop: EventLoop,
        address: SocketAddress,
        from source: SocketAddress? = nil,
        scope: SocketScope = .process,
        context: TLSContext,
        expecting expectation: PeerExpectation,
        limits: LinkLimits,
        owner: any LinkOwner
    ) throws(LinkError) -> Link {
        let descriptor: Int32
        do throws(SocketError) {
            descriptor = try Socket.connect(address, from: source, scope: scope)
        } catch {
            throw .socket(error)
        }
        Socket.tune(descriptor, keepAlive: limits.keepAlive)
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

    /// Starts a client link over a stream socket that is connected already; takes over the descriptor, also when it
    /// throws.
    /// - Parameter peer: what ``peer`` says.
    package static func over(
        _ descriptor: Int32,
        loop: EventLoop,
        peer: SocketAddress,
        context: TLSContext,
        expecting expectation: PeerExpectation,
        limits: LinkLimits,
        owner: any LinkOwner
    ) throws(LinkError) -> Link {
        try Link(
            loop: loop,
            descriptor: descriptor,
            peer: peer,
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
        Socket.tune(descriptor, keepAlive: limits.keepAlive)
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
        self.context = context
        self.began = loop.now
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

    func readAgain() {
        guard !self.againIsQueued else { return }
        self.againIsQueued = true
        self.loop.runAgain(self)
    }

    /// Ends the link in the next turn, never within a call of somebody who sends.
    ///
    /// What the peer sent before is still read: after a failed send it may tell why, for example by a TLS alert.
    func failLater(_ error: LinkError) {
        guard self.state != .closed, self.failure == nil else { return }
        self.failure = error
        self.isBlocked = true
        self.isReadable = true
        self.sawReadEnd = true
        self.readAgain()
    }

    func read() {
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

    func receivedEnd() {
        self.isReadable = false
        if self.isLingering { return self.stopLingering() }
        // The peer may still read what waits to be sent.
        if self.state == .closing { return self.peerHasEnded = true }
        self.close(.closedByPeer)
    }

    func receive(_ ciphertext: UnsafeRawBufferPointer) {
        self.tls.provideCiphertext(ciphertext)
        if self.state == .handshaking { self.advanceHandshake() }
        if self.isReading { self.readPlaintext() }
        self.tls.endCiphertext()
        if self.isReading || self.state == .handshaking, self.tls.failure != nil { self.closeForTLS() }
    }

    var isReading: Bool { self.state == .settling || self.state == .open }

    func readPlaintext() {
        // Record by record, but what several records bring to one application goes there in one piece.
        let buffer = self.loop.scratch.plaintext
        let gathered = self.loop.gathered
        var used = 0
        gathered.open()
        defer { gathered.close() }
        while self.isReading {
            if buffer.count - used < TLSSession.recordBytes {
                gathered.flush()
                used = 0
            }
            switch self.tls.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[used...])) {
            case .bytes(let count):
                let plaintext = UnsafeRawBufferPointer(rebasing: buffer[used..<used + count])
                used += count
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

    func advanceHandshake() {
        switch self.tls.handshake() {
        case .complete:
            self.state = .settling
            self.notePeer()
            self.lastReceived = self.loop.now
            self.http2.start()
            self.queueFlush()
        case .needsInput:
            self.queueFlush()
        case .failed:
            self.closeForTLS()
        }
    }

    func closeForTLS() {
        self.sendOutput()
        self.close(self.tlsError)
    }

    override package func flush() {
        self.flushIsQueued = false
        guard self.state != .closed else { return }
        self.push()
    }

    override package func timerFired(_ timer: LoopTimer) {
        switch self.state {
        case .connecting: self.close(.connectTimedOut)
        case .handshaking, .settling: self.close(.handshakeTimedOut)
        case .open: self.checkPeer()
        case .closing: self.finishClose(.closedLocally)
        case .closed: self.stopLingering()
        }
    }

    // MARK: HTTP2ConnectionOwner

    package func connectionOpenedStream(_ stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        if self.isPeerExpired {
            self.refuseFurtherStreams()
            return self.reset(stream, .refusedStream)
        }
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

package import BoringTLS

/// A connection whose bytes our own code reads and writes: a socket, or one stream of a tunnel.
///
/// It is one end of a ``Relay``, so back-pressure, half-close, resets and budgets are those of every relay. With TLS that
/// is spoken in between, which ends by the peer's close_notify and by nothing less. Small sends of one turn of the loop
/// leave together. Confined to its loop; held alive by it until it ends.
package final class ByteStream: EventSource, RelayObserver {
    /// Who hears of it; held until it ends.
    package var owner: (any ByteStreamOwner)?
    /// Bytes that came.
    package private(set) var bytesReceived: UInt64 = 0
    /// Bytes that were sent, whether they have left or not.
    package internal(set) var bytesSent: UInt64 = 0
    /// Whether the peer said that it sends no more.
    package private(set) var isReceiveEnded = false
    /// Whether we said so.
    package internal(set) var isSendEnded = false

    /// What encrypts it; nil for nothing.
    package let tls: TLSSession?
    private var secure: TLSEnd?

    let relay: Relay
    /// Nil once it has ended.
    private(set) var transport: (any RelayEnd)?
    /// Whether what the transport took and did not send is counted here.
    let countsUnsent: Bool
    /// What it is joined with once it only relays.
    var partner: ByteStream?
    /// A stream that begins in the next turn: its owner must know it first.
    private var starting: StreamEnd?
    /// Bytes that the owner has not given back.
    private var unconsumed = 0
    /// The transport was told to wait until the owner gives some back.
    private var isPaused = false
    /// Bytes that wait for the turn's end, or for room in the transport.
    var pending = ByteQueue()
    /// How many of these the owner sent before the stream became a relay.
    var ownPending = 0
    /// Bytes that a socket took and did not hand to the kernel yet.
    var unsent = 0
    var lastProgress: UInt64 = 0
    var endIsPending = false
    var ownerWaits = false
    var hasRoom = false
    private var isClosing = false
    private var isScheduled = false
    var flushIsQueued = false
    /// How many calls to the transport are under way: what it tells meanwhile waits for the next turn.
    var calls = 0
    private var outcome: RelayOutcome?
    /// The owner has heard of the end.
    private var isTold = false
    private lazy var linger = LoopTimer(target: self)

    /// Bytes that a socket may deliver before the owner gives some back. A tunnel's stream has its own window.
    package static let windowBytes = 64 * 1024
    /// Sends that together stay under this leave together.
    static let gatherBytes = 16 * 1024
    /// How long the peer's end is awaited after ours when the owner has closed the stream.
    private static let lingerMilliseconds: UInt64 = 2_000
    /// How long bytes may wait without any leaving when the owner has closed the stream.
    private static let stuckMilliseconds: UInt64 = 30_000

    /// Takes over an open tunnel stream. Its first bytes come in the loop's next turn.
    /// - Parameters:
    ///   - preface: what goes to the peer before anything else, TLS included.
    ///   - tls: a session that has not begun; nil for no TLS.
    package static func over(
        tunnel end: StreamEnd,
        loop: EventLoop,
        preface: [UInt8] = [],
        tls: TLSSession? = nil,
        isDownstream: Bool,
        owner: any ByteStreamOwner
    ) -> ByteStream {
        let stream = ByteStream(loop: loop, tls: tls, isTunnel: true, owner: owner)
        let inlet = stream.join(end, isDownstream: isDownstream, preface: preface, isTunnel: true)
        end.attach(to: inlet, relay: stream.relay, isDownstream: isDownstream)
        stream.starting = end
        stream.schedule()
        if tls == nil { stream.send(preface) }
        return stream
    }

    /// Takes over a connected socket, also when it throws. `early` are bytes that were read from it before; they come
    /// in the loop's next turn.
    /// - Parameters:
    ///   - preface: what goes to the peer before anything else, TLS included.
    ///   - tls: a session that has not begun; nil for no TLS.
    package static func over(
        socket: Int32,
        loop: EventLoop,
        early: [UInt8] = [],
        preface: [UInt8] = [],
        tls: TLSSession? = nil,
        isDownstream: Bool,
        owner: any ByteStreamOwner
    ) throws(SocketError) -> ByteStream {
        let stream = ByteStream(loop: loop, tls: tls, isTunnel: false, owner: owner)
        let end = SocketEnd(loop: loop, relay: stream.relay, isDownstream: isDownstream)
        try end.adopt(socket)
        let inlet = stream.join(end, isDownstream: isDownstream, preface: preface, isTunnel: false)
        end.start(with: inlet, early: early)
        if tls == nil { stream.send(preface) } else { stream.schedule() }
        return stream
    }

    private init(loop: EventLoop, tls: TLSSession?, isTunnel: Bool, owner: any ByteStreamOwner) {
        self.tls = tls
        self.countsUnsent = !isTunnel || tls != nil
        self.owner = owner
        self.relay = Relay(loop: loop)
        super.init(loop: loop)
    }

    /// - Returns: what takes the carrier's bytes.
    private func join(
        _ carrier: any RelayEnd,
        isDownstream: Bool,
        preface: [UInt8],
        isTunnel: Bool
    ) -> any RelayEnd {
        let inlet = ByteStreamInlet(self)
        var receiver: any RelayEnd = inlet
        self.transport = carrier
        if let tls {
            let secure = TLSEnd(
                session: tls,
                preface: preface,
                loop: self.loop,
                relay: self.relay,
                carrierReports: !isTunnel
            )
            secure.join(carrier: carrier, inlet: inlet) { [weak self] in
                guard let self, self.transport != nil else { return }
                self.owner?.byteStreamOpened(self)
            }
            self.secure = secure
            self.transport = secure
            receiver = TLSInlet(secure)
        }
        self.relay.observer = self
        self.relay.connect(downstream: isDownstream ? carrier : receiver, upstream: isDownstream ? receiver : carrier)
        return receiver
    }

    /// Whether it has ended; its owner may not have heard of it yet.
    package var isEnded: Bool { self.transport == nil }

    // MARK: Receiving

    /// Gives back bytes that have left, so that more may come.
    package func consumed(_ count: Int) {
        let count = min(max(count, 0), self.unconsumed)
        guard count > 0 else { return }
        self.unconsumed -= count
        self.transport?.credited(count)
        if self.isPaused, self.unconsumed * 2 <= Self.windowBytes { self.resumeReceiving() }
    }

    func resumeReceiving() {
        self.isPaused = false
        self.transport?.resume()
    }

    func receiveRoom() -> Int {
        if self.isClosing { return Self.windowBytes }
        var room = Self.windowBytes - self.unconsumed
        if let partner = self.partner, room > 0 { room = min(room, partner.forwardRoom()) }
        if room <= 0 { self.isPaused = true }
        return max(0, room)
    }

    func arrived(_ bytes: UnsafeRawBufferPointer) {
        self.bytesReceived &+= UInt64(bytes.count)
        guard !self.isClosing, self.partner != nil || self.owner != nil else {
            self.transport?.credited(bytes.count)
            return
        }
        self.unconsumed += bytes.count
        if let partner = self.partner { return partner.forward(bytes) }
        self.owner?.byteStream(self, received: bytes)
    }

    func endArrived() {
        guard !self.isReceiveEnded else { return }
        self.isReceiveEnded = true
        if let partner = self.partner {
            partner.finish()
        } else if !self.isClosing {
            self.owner?.byteStreamReceivedEnd(self)
        }
        self.relay.directionEnded()
    }

    // MARK: Turns of the loop

    func schedule() {
        guard !self.isScheduled else { return }
        self.isScheduled = true
        self.loop.runAgain(self)
    }

    override package func flush() {
        self.flushIsQueued = false
        self.drain()
        self.finishWhenDrained()
        if self.ownerWaits, self.pending.isEmpty { self.transportHasRoom() }
    }

    override package func again() {
        self.isScheduled = false
        if let starting = self.starting {
            self.starting = nil
            if self.transport != nil { starting.begin() }
        }
        if let secure = self.secure {
            self.secure = nil
            if self.transport != nil { secure.begin() }
        }
        if let outcome = self.outcome { return self.end(outcome) }
        guard self.hasRoom else { return }
        self.hasRoom = false
        self.drain()
        self.finishWhenDrained()
        guard self.pending.isEmpty else { return }
        if let partner = self.partner {
            partner.resumeReceiving()
        } else if self.ownerWaits {
            self.ownerWaits = false
            self.owner?.byteStreamCanSend(self)
        }
    }

    // MARK: Ending

    /// Ends the stream; the owner hears of it in a later turn.
    ///
    /// An orderly end lets what was sent leave, says the end, and reads on for a moment without looking at it: closing
    /// at once could destroy bytes that are under way to the peer.
    package func close(isAbortive: Bool) {
        guard self.transport != nil else { return }
        let wasClosing = self.isClosing
        self.isClosing = true
        self.partner = nil
        self.calls += 1
        self.transport?.credited(self.unconsumed)
        self.unconsumed = 0
        if isAbortive { self.relay.close("closed by its owner") }
        self.calls -= 1
        guard !isAbortive, !wasClosing else { return }
        self.finish()
        self.resumeReceiving()
        if self.transport != nil { self.loop.start(self.linger, after: Self.lingerMilliseconds) }
    }

    override package func timerFired(_ timer: LoopTimer) {
        let waits = !self.pending.isEmpty || self.unsent > 0
        if waits, self.loop.now - min(self.loop.now, self.lastProgress) < Self.stuckMilliseconds {
            self.loop.start(self.linger, after: Self.lingerMilliseconds)
        } else {
            self.relay.close("closed by its owner", isAbortive: waits)
        }
    }

    package func relayEnded(_ relay: Relay, outcome: RelayOutcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        self.transport = nil
        if self.calls > 0 { self.schedule() } else { self.end(outcome) }
    }

    private func end(_ outcome: RelayOutcome) {
        guard !self.isTold else { return }
        self.isTold = true
        let owner = self.owner
        self.owner = nil
        self.loop.stop(self.linger)
        self.loop.release(self.pending.count)
        self.pending.clear()
        let partner = self.partner
        self.partner = nil
        if let partner, partner.partner === self { partner.partnerEnded(outcome) }
        owner?.byteStreamEnded(self, outcome)
    }
}

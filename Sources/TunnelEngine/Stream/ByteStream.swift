/// A connection whose bytes our own code reads and writes: a socket, or one stream of a tunnel.
///
/// It is one end of a ``Relay``, so back-pressure, half-close, resets and budgets are those of every relay. Small sends of
/// one turn of the loop leave together. Confined to its loop; held alive by it until it ends.
package final class ByteStream: EventSource, RelayObserver {
    /// Who hears of it; held until it ends.
    package var owner: (any ByteStreamOwner)?
    /// Bytes that came.
    package private(set) var bytesReceived: UInt64 = 0
    /// Bytes that were sent, whether they have left or not.
    package private(set) var bytesSent: UInt64 = 0
    /// Whether the peer said that it sends no more.
    package private(set) var isReceiveEnded = false
    /// Whether we said so.
    package private(set) var isSendEnded = false

    private let relay: Relay
    /// Nil once it has ended.
    private(set) var transport: (any RelayEnd)?
    private let isTunnel: Bool
    /// What it is joined with once it only relays.
    var partner: ByteStream?
    /// A stream that begins in the next turn: its owner must know it first.
    private var starting: StreamEnd?
    /// Bytes that the owner has not given back.
    private var unconsumed = 0
    /// The transport was told to wait until the owner gives some back.
    private var isPaused = false
    /// Bytes that wait for the turn's end, or for room in the transport.
    private var pending = ByteQueue()
    /// How many of these the owner sent before the stream became a relay.
    var ownPending = 0
    /// Bytes that a socket took and did not hand to the kernel yet.
    private var unsent = 0
    private var lastProgress: UInt64 = 0
    private var endIsPending = false
    private var ownerWaits = false
    private var hasRoom = false
    private var isClosing = false
    private var isScheduled = false
    private var flushIsQueued = false
    /// How many calls to the transport are under way: what it tells meanwhile waits for the next turn.
    private var calls = 0
    private var outcome: RelayOutcome?
    /// The owner has heard of the end.
    private var isTold = false
    private lazy var linger = LoopTimer(target: self)

    /// Bytes that a socket may deliver before the owner gives some back. A tunnel's stream has its own window.
    package static let windowBytes = 64 * 1024
    /// Sends that together stay under this leave together.
    private static let gatherBytes = 16 * 1024
    /// How long the peer's end is awaited after ours when the owner has closed the stream.
    private static let lingerMilliseconds: UInt64 = 2_000
    /// How long bytes may wait without any leaving when the owner has closed the stream.
    private static let stuckMilliseconds: UInt64 = 30_000

    /// Takes over an open tunnel stream. Its first bytes come in the loop's next turn.
    package static func over(
        tunnel end: StreamEnd,
        loop: EventLoop,
        isDownstream: Bool,
        owner: any ByteStreamOwner
    ) -> ByteStream {
        let stream = ByteStream(loop: loop, isTunnel: true, owner: owner)
        let inlet = stream.join(end, isDownstream: isDownstream)
        end.attach(to: inlet, relay: stream.relay, isDownstream: isDownstream)
        stream.starting = end
        stream.schedule()
        return stream
    }

    /// Takes over a connected socket, also when it throws. `early` are bytes that were read from it before; they come
    /// in the loop's next turn.
    package static func over(
        socket: Int32,
        loop: EventLoop,
        early: [UInt8] = [],
        isDownstream: Bool,
        owner: any ByteStreamOwner
    ) throws(SocketError) -> ByteStream {
        let stream = ByteStream(loop: loop, isTunnel: false, owner: owner)
        let end = SocketEnd(loop: loop, relay: stream.relay, isDownstream: isDownstream)
        try end.adopt(socket)
        let inlet = stream.join(end, isDownstream: isDownstream)
        end.start(with: inlet, early: early)
        return stream
    }

    private init(loop: EventLoop, isTunnel: Bool, owner: any ByteStreamOwner) {
        self.isTunnel = isTunnel
        self.owner = owner
        self.relay = Relay(loop: loop)
        super.init(loop: loop)
    }

    private func join(_ end: any RelayEnd, isDownstream: Bool) -> ByteStreamInlet {
        let inlet = ByteStreamInlet(self)
        self.transport = end
        self.relay.observer = self
        self.relay.connect(downstream: isDownstream ? end : inlet, upstream: isDownstream ? inlet : end)
        return inlet
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

    // MARK: Sending

    /// How many bytes should be sent at most now; after 0 the owner hears when there is room again.
    ///
    /// More is taken, too, and waits: a message's head, or what goes around a chunk.
    package func capacity() -> Int {
        guard let transport = self.transport, !self.isSendEnded else { return 0 }
        var room = transport.capacity() - self.pending.count
        if room <= 0, !self.pending.isEmpty, self.calls == 0 {
            // What was gathered takes the room: it leaves now.
            self.drain()
            room = (self.transport?.capacity() ?? 0) - self.pending.count
        }
        if room <= 0 { self.ownerWaits = true }
        return max(0, room)
    }

    /// Sends bytes.
    package func send(_ bytes: UnsafeRawBufferPointer) {
        guard self.transport != nil, !self.isSendEnded, bytes.count > 0 else { return }
        self.bytesSent &+= UInt64(bytes.count)
        if self.calls > 0 || self.pending.count + bytes.count <= Self.gatherBytes { return self.gather(bytes) }
        self.drain()
        let sent = self.pending.isEmpty ? self.handOver(bytes) : 0
        self.store(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
    }

    /// Sends bytes.
    package func send(_ bytes: [UInt8]) { bytes.withUnsafeBytes { self.send($0) } }

    private func gather(_ bytes: UnsafeRawBufferPointer) {
        self.store(bytes)
        self.flushSoon()
    }

    /// Lets `write` append to what leaves at the turn's end.
    func gather(_ write: (inout ByteQueue) -> Void) {
        guard self.transport != nil, !self.isSendEnded else { return }
        let before = self.pending.count
        write(&self.pending)
        let count = self.pending.count - before
        self.bytesSent &+= UInt64(count)
        self.flushSoon()
        if !self.loop.hold(count, progress: self.lastProgress) {
            self.loop.holdAnyway(count)
            self.refuseToHold()
        }
    }

    private func flushSoon() {
        guard !self.flushIsQueued else { return }
        self.flushIsQueued = true
        if self.pending.isEmpty { self.lastProgress = self.loop.now }
        self.loop.flushLater(self)
    }

    /// Sends bytes of the partner as directly as possible; what has left is given back to it.
    func forward(_ bytes: UnsafeRawBufferPointer) {
        guard self.transport != nil, !self.isSendEnded else { return }
        self.bytesSent &+= UInt64(bytes.count)
        let sent = self.pending.isEmpty && self.calls == 0 ? self.handOver(bytes) : 0
        if sent > 0 { self.partner?.consumed(sent) }
        self.store(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        if self.calls > 0 { self.flushSoon() }
    }

    func forwardRoom() -> Int { self.pending.isEmpty ? self.transport?.capacity() ?? 0 : 0 }

    /// Gives the transport as much as it takes, and says how much that was.
    private func handOver(_ bytes: UnsafeRawBufferPointer) -> Int {
        self.calls += 1
        defer { self.calls -= 1 }
        var sent = 0
        while sent < bytes.count, let transport = self.transport {
            let count = min(transport.capacity(), bytes.count - sent)
            guard count > 0 else { break }
            if !self.isTunnel { self.unsent += count }
            transport.take(UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count]))
            sent += count
        }
        if sent > 0 { self.lastProgress = self.loop.now }
        return sent
    }

    private func store(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0, self.transport != nil else { return }
        if self.pending.isEmpty { self.lastProgress = self.loop.now }
        guard self.loop.hold(bytes.count, progress: self.lastProgress) else { return self.refuseToHold() }
        self.pending.append(bytes)
    }

    /// There is no memory for what waits: the stream ends as if its peer were gone.
    private func refuseToHold() {
        guard let transport = self.transport else { return }
        self.calls += 1
        self.relay.failed(transport, "too many bytes wait for a peer that does not read")
        self.calls -= 1
    }

    /// Bytes that wait here.
    package var pendingCount: Int { self.pending.count }

    /// Hands over what waits, as far as the transport takes it.
    func drain() {
        guard !self.pending.isEmpty, self.calls == 0 else { return }
        // Taken out first: what the transport tells in between may lead back here.
        var batch = ByteQueue()
        swap(&batch, &self.pending)
        let sent = batch.withBytes { self.handOver($0) }
        batch.consume(sent)
        self.loop.release(sent)
        if !batch.isEmpty { self.pending.withBytes { batch.append($0) } }
        if !batch.isEmpty { swap(&batch, &self.pending) }
        let own = min(sent, self.ownPending)
        self.ownPending -= own
        if sent > own { self.partner?.consumed(sent - own) }
    }

    /// Says that no more is sent; what was sent before still leaves.
    package func finish() {
        guard self.transport != nil, !self.isSendEnded else { return }
        self.isSendEnded = true
        self.endIsPending = true
        self.drain()
        self.finishWhenDrained()
    }

    private func finishWhenDrained() {
        guard self.endIsPending, self.pending.isEmpty, let transport = self.transport else { return }
        self.endIsPending = false
        self.calls += 1
        transport.takeEnd()
        self.calls -= 1
    }

    /// A socket handed so many bytes to the kernel.
    func left(_ count: Int) {
        self.unsent -= min(count, self.unsent)
        self.lastProgress = self.loop.now
    }

    func transportHasRoom() {
        self.hasRoom = true
        self.schedule()
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

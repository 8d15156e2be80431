import CMeshLinux
import Glibc

/// The socket end of a relay.
///
/// It reads straight into the loop's scratch memory and writes straight from it; bytes wait in `pending` only while
/// the kernel's send buffer is full, and flow control of the other end bounds them.
package final class SocketEnd: EventSource, RelayEnd {
    private var relay: Relay?
    private var other: (any RelayEnd)?
    let isDownstream: Bool
    private var pending = ByteQueue()
    private var early: [UInt8] = []
    private var isReadable = false
    private var sawReadEnd = false
    private var isReadDone = false
    private var endIsPending = false
    private var isScheduled = false
    private var otherWaits = false
    private var mayHaveFailed = false
    /// What was told of the descriptor before it came here.
    private var missed: Readiness = []
    /// When the application last took bytes that wait for it.
    private var lastProgress: UInt64 = 0
    /// How many of these bytes, read from the socket, are passed on; the others are dropped. nil passes all.
    private var sieve: ((UnsafeRawBufferPointer) -> Int)?
    /// A stream that begins in the next turn: so a relay can't end before whoever made it knows it.
    private var starting: StreamEnd?

    /// Reads in one turn before other connections get theirs.
    private static let readsPerTurn = 4

    init(loop: EventLoop, relay: Relay, isDownstream: Bool) {
        self.relay = relay
        self.isDownstream = isDownstream
        super.init(loop: loop)
    }

    /// Takes over a connected descriptor and closes it when that fails.
    func adopt(_ descriptor: Int32) throws(SocketError) {
        do throws(SocketError) {
            try self.loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    /// Takes over the descriptor of another source, which the loop watches already.
    func adopt(from source: EventSource) {
        self.missed = source.untouched
        source.handOver(to: self)
    }

    func start(
        with other: any RelayEnd,
        early: [UInt8],
        sieve: ((UnsafeRawBufferPointer) -> Int)? = nil,
        starting stream: StreamEnd? = nil
    ) {
        self.other = other
        self.sieve = sieve
        self.starting = stream
        self.early = early
        // Bytes may have come before: for a descriptor that is watched only now the kernel will tell of them once more, and
        // for one that was watched it has told whoever had it.
        if self.missed.asksForRead { self.isReadable = true }
        if self.missed.asksForReadToTheEnd { self.sawReadEnd = true }
        if self.missed.contains(.failed) { self.mayHaveFailed = true }
        self.schedule()
    }

    override var mayBeShared: Bool { false }

    override package func ready(_ readiness: Readiness) {
        if readiness.contains(.failed) { self.mayHaveFailed = true }
        if readiness.contains(.writable), !self.mayHaveFailed { self.drain() }
        if readiness.asksForRead {
            self.isReadable = true
            if readiness.asksForReadToTheEnd { self.sawReadEnd = true }
            self.pump()
        }
        self.checkFailure()
    }

    /// What came before a reset is passed on first, as the kernel would for the application itself: the last read
    /// tells the error. Where reading is over or paused nobody else would.
    private func checkFailure() {
        guard self.mayHaveFailed, !self.isScheduled, self.descriptor >= 0 else { return }
        self.mayHaveFailed = false
        if let error = Socket.pendingError(self.descriptor) {
            self.relay?.failed(self, error.description)
        } else {
            self.drain()
        }
    }

    override package func again() {
        self.isScheduled = false
        if let stream = self.starting {
            self.starting = nil
            stream.begin()
        }
        self.pump()
        self.checkFailure()
    }

    override package func loopEnded() { self.relay?.failed(self, "the event loop ended") }

    private func schedule() {
        guard !self.isScheduled, self.descriptor >= 0 else { return }
        self.isScheduled = true
        self.loop.runAgain(self)
    }

    /// Reads and passes on as much as the other end takes.
    private func pump() {
        guard let other = self.other else { return }
        if !self.early.isEmpty, !self.passEarly(to: other) { return }
        var reads = 0
        while self.isReadable, !self.isReadDone, self.descriptor >= 0 {
            let room = other.capacity()
            guard room > 0 else { return }
            guard reads < Self.readsPerTurn else { return self.schedule() }
            reads += 1
            let wanted = min(room, LoopScratch.relayBytes)
            let buffer = UnsafeMutableRawBufferPointer(rebasing: self.loop.scratch.relay[..<wanted])
            let count = Socket.read(self.descriptor, buffer)
            if count > 0 {
                if count < wanted, !self.sawReadEnd { self.isReadable = false }
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                let passed = self.sieve.map { min(max(0, $0(bytes)), count) } ?? count
                guard passed > 0 else { continue }
                self.count(passed)
                other.take(UnsafeRawBufferPointer(rebasing: bytes[..<passed]))
            } else if count == 0 {
                self.isReadDone = true
                other.takeEnd()
            } else if count == -Int(EAGAIN) {
                self.isReadable = false
            } else if count != -Int(EINTR) {
                self.relay?.failed(self, SocketError(code: Int32(clamping: -count), call: "recv").description)
                return
            }
        }
    }

    /// Passes on what was read before the relay began; false when some of it still waits.
    private func passEarly(to other: any RelayEnd) -> Bool {
        while !self.early.isEmpty {
            let count = min(other.capacity(), LoopScratch.relayBytes, self.early.count)
            guard count > 0 else { return false }
            let buffer = UnsafeMutableRawBufferPointer(rebasing: self.loop.scratch.relay[..<count])
            buffer.copyBytes(from: self.early.prefix(count))
            self.early.removeFirst(count)
            self.count(count)
            other.take(UnsafeRawBufferPointer(buffer))
        }
        return true
    }

    private func count(_ count: Int) {
        guard let relay = self.relay else { return }
        if self.isDownstream {
            relay.bytesFromDownstream &+= UInt64(count)
        } else {
            relay.bytesFromUpstream &+= UInt64(count)
        }
    }

    // MARK: RelayEnd

    package func capacity() -> Int {
        if self.pending.isEmpty { return LoopScratch.relayBytes }
        self.otherWaits = true
        return 0
    }

    package func take(_ bytes: UnsafeRawBufferPointer) {
        guard self.descriptor >= 0, !self.loop.gathered.add(bytes, for: self) else { return }
        guard self.pending.isEmpty else { return self.hold(bytes) }
        let sent = self.accepted(Socket.send(self.descriptor, bytes))
        guard sent >= 0 else { return }
        if sent > 0 { self.other?.credited(sent) }
        if sent < bytes.count {
            self.lastProgress = self.loop.now
            self.hold(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        }
    }

    /// Sends what the loop gathered for this end; what the kernel doesn't take now is copied.
    func send(_ pieces: UnsafeBufferPointer<mesh_piece>, bytes: Int) {
        guard self.descriptor >= 0 else { return }
        var sent = 0
        if self.pending.isEmpty {
            sent = self.accepted(Socket.send(self.descriptor, pieces))
            guard sent >= 0 else { return }
            if sent > 0 { self.other?.credited(sent) }
            if sent == bytes { return }
            self.lastProgress = self.loop.now
        }
        for piece in pieces {
            let skipped = min(sent, piece.count)
            sent -= skipped
            let rest = UnsafeRawBufferPointer(start: piece.bytes, count: piece.count)[skipped...]
            if !rest.isEmpty, self.descriptor >= 0 { self.hold(UnsafeRawBufferPointer(rebasing: rest)) }
        }
    }

    private func hold(_ bytes: UnsafeRawBufferPointer) {
        guard self.loop.hold(bytes.count, progress: self.lastProgress) else {
            self.relay?.failed(self, "too many bytes wait for applications that do not read")
            return
        }
        self.pending.append(bytes)
    }

    /// The count the kernel took, 0 when it takes none now, or -1 after the relay was told of the failure.
    private func accepted(_ sent: Int) -> Int {
        if sent >= 0 { return sent }
        if sent == -Int(EAGAIN) || sent == -Int(EINTR) { return 0 }
        self.relay?.failed(self, SocketError(code: Int32(clamping: -sent), call: "send").description)
        return -1
    }

    private func drain() {
        while !self.pending.isEmpty, self.descriptor >= 0 {
            // A failure ends the relay and with it this queue, so it is told of only when the loan is over.
            let result = self.pending.withBytes { Socket.send(self.descriptor, $0) }
            let sent = self.accepted(result)
            guard sent > 0 else { return }
            self.pending.consume(sent)
            self.loop.release(sent)
            self.lastProgress = self.loop.now
            self.other?.credited(sent)
        }
        if self.endIsPending { return self.finishWriting() }
        if self.otherWaits {
            self.otherWaits = false
            self.other?.resume()
        }
    }

    package func takeEnd() {
        self.loop.gathered.flush(self)
        if self.pending.isEmpty { self.finishWriting() } else { self.endIsPending = true }
    }

    private func finishWriting() {
        self.endIsPending = false
        if self.descriptor >= 0 { Socket.shutdownWrite(self.descriptor) }
        self.relay?.directionEnded()
    }

    package func resume() {
        if self.isReadable || !self.early.isEmpty { self.schedule() }
    }

    package func credited(_ count: Int) {}

    package func close(isAbortive: Bool) {
        self.loop.gathered.flush(self)
        self.other = nil
        self.relay = nil
        self.starting = nil
        self.sieve = nil
        if isAbortive, self.descriptor >= 0 { Socket.makeCloseAbortive(self.descriptor) }
        self.closeDescriptor()
        self.loop.release(self.pending.count)
        self.pending.clear()
        self.early = []
    }
}

import Glibc
package import MeshModel

/// Who takes the bytes of a plain connection.
package protocol ByteConnectionDelegate: AnyObject {
    /// Bytes came; they are the delegate's only for the length of the call.
    func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection)
    /// The peer will send no more.
    func receivedEnd(on connection: ByteConnection)
    /// The connection is gone; called once.
    func closed(_ connection: ByteConnection, _ error: SocketError?)
    /// All that was sent has been handed to the kernel, after some of it had to wait.
    func drained(_ connection: ByteConnection)
}

extension ByteConnectionDelegate {
    package func drained(_ connection: ByteConnection) {}
}

/// A plain TCP connection for small exchanges: admin, metrics, proxy handshakes, credential look-ups.
///
/// Output that the kernel does not take at once waits in memory up to a bound; beyond it the connection is closed.
package final class ByteConnection: EventSource {
    /// The peer's address.
    package let peer: SocketAddress
    private var delegate: (any ByteConnectionDelegate)?
    private var pending = ByteQueue()
    private var isReadable = true
    private var sawReadEnd = false
    private var isReadDone = false
    private var closesWhenSent = false
    private var isScheduled = false
    private let pendingLimit: Int
    private lazy var deadline = LoopTimer(target: self)

    /// Takes over a connected descriptor, also when it throws.
    ///
    /// `milliseconds` bounds the whole exchange; 0 means no bound.
    package init(
        loop: EventLoop,
        descriptor: Int32,
        peer: SocketAddress,
        milliseconds: UInt64,
        pendingLimit: Int = 8 * 1024 * 1024,
        delegate: any ByteConnectionDelegate
    ) throws(SocketError) {
        self.peer = peer
        self.delegate = delegate
        self.pendingLimit = pendingLimit
        super.init(loop: loop)
        do throws(SocketError) {
            try loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw error
        }
        if milliseconds > 0 { loop.start(self.deadline, after: milliseconds) }
        self.schedule()
    }

    override package func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) {
            let hadToWait = !self.pending.isEmpty
            self.drain()
            if hadToWait, self.pending.isEmpty, self.descriptor >= 0 { self.delegate?.drained(self) }
        }
        if readiness.asksForRead {
            self.isReadable = true
            if readiness.asksForReadToTheEnd { self.sawReadEnd = true }
            self.read()
        }
        // After the end of the stream nobody reads, so nobody else would see a later reset.
        if readiness.contains(.failed), self.isReadDone, self.descriptor >= 0,
            let error = Socket.pendingError(self.descriptor)
        {
            self.close(error)
        }
    }

    override package func again() {
        self.isScheduled = false
        self.read()
    }

    override package func timerFired(_ timer: LoopTimer) { self.close(SocketError(code: ETIMEDOUT, call: "deadline")) }
    override package func loopEnded() { self.close() }

    private func schedule() {
        guard !self.isScheduled else { return }
        self.isScheduled = true
        self.loop.runAgain(self)
    }

    private func read() {
        var reads = 0
        while self.isReadable, !self.isReadDone, self.descriptor >= 0 {
            guard reads < 4 else { return self.schedule() }
            reads += 1
            let buffer = self.loop.scratch.relay
            let count = Socket.read(self.descriptor, buffer)
            if count > 0 {
                if count < buffer.count, !self.sawReadEnd { self.isReadable = false }
                self.delegate?.received(UnsafeRawBufferPointer(rebasing: buffer[..<count]), on: self)
            } else if count == 0 {
                self.isReadDone = true
                self.delegate?.receivedEnd(on: self)
            } else if count == -Int(EAGAIN) {
                self.isReadable = false
            } else if count != -Int(EINTR) {
                return self.close(SocketError(code: Int32(clamping: -count), call: "recv"))
            }
        }
    }

    /// Bytes that wait for the peer to read.
    package var pendingCount: Int { self.pending.count }

    /// Bounds what is still to come of the exchange anew.
    package func extendDeadline(milliseconds: UInt64) {
        guard self.descriptor >= 0 else { return }
        self.loop.start(self.deadline, after: milliseconds)
    }

    /// Sends bytes, now or as the peer takes them.
    package func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.send($0) }
    }

    /// Sends bytes, now or as the peer takes them.
    package func send(_ bytes: UnsafeRawBufferPointer) {
        guard self.descriptor >= 0 else { return }
        guard self.pending.count + bytes.count <= self.pendingLimit else {
            return self.close(SocketError(code: ENOBUFS, call: "send queue"))
        }
        self.pending.append(bytes)
        self.drain()
    }

    private func drain() {
        while !self.pending.isEmpty, self.descriptor >= 0 {
            let sent = self.pending.withBytes { Socket.send(self.descriptor, $0) }
            if sent > 0 {
                self.pending.consume(sent)
            } else if sent == -Int(EAGAIN) {
                return
            } else if sent != -Int(EINTR) {
                return self.close(SocketError(code: Int32(clamping: -sent), call: "send"))
            }
        }
        if self.closesWhenSent, self.descriptor >= 0 { self.close(nil) }
    }

    /// Closes once everything was handed to the kernel.
    package func closeWhenSent() {
        self.closesWhenSent = true
        if self.pending.isEmpty { self.close(nil) }
    }

    /// Closes at once.
    package func close(_ error: SocketError? = nil) {
        guard self.descriptor >= 0 else { return }
        self.loop.stop(self.deadline)
        self.closeDescriptor()
        self.pending.clear()
        let delegate = self.delegate
        self.delegate = nil
        delegate?.closed(self, error)
    }

    /// Gives the descriptor to the caller, for a relay; the delegate hears no more.
    ///
    /// nil when the connection is closed or output still waits.
    package func detach() -> Int32? {
        guard self.descriptor >= 0, self.pending.isEmpty else { return nil }
        self.loop.stop(self.deadline)
        self.delegate = nil
        return self.releaseDescriptor()
    }
}

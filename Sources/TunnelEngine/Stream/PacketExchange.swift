import Glibc

/// The client's end of a unix socket of packets (SOCK_SEQPACKET) on which the other side asks and we answer.
///
/// Confined to its loop. While a packet has no answer no further one is read, so the other side can't pile them up.
package final class PacketExchange: EventSource {
    private let capacity: Int
    private var onPacket: ((UnixMessage) -> Void)?
    private var onEnd: ((String) -> Void)?
    private var isReadable = true
    private var isBusy = false

    /// Connects and greets.
    /// - Parameters:
    ///   - path: the listener's.
    ///   - greeting: the first packet that we send; not empty.
    ///   - capacity: bytes of a packet that are read; a longer one arrives cut.
    ///   - onPacket: called for a packet; the next one comes after ``answer(_:)``.
    ///   - onEnd: called once, with the reason; not after ``close()``.
    package init(
        loop: EventLoop,
        path: String,
        greeting: [UInt8],
        capacity: Int,
        onPacket: @escaping (UnixMessage) -> Void,
        onEnd: @escaping (String) -> Void
    ) throws(SocketError) {
        self.capacity = capacity
        self.onPacket = onPacket
        self.onEnd = onEnd
        super.init(loop: loop)
        let descriptor = try UnixSocket.connect(path, .packets)
        do throws(SocketError) {
            try UnixSocket.send(greeting, to: descriptor)
            try loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    override package func ready(_ readiness: Readiness) {
        self.isReadable = true
        self.read()
    }

    override package func again() { self.read() }

    override package func loopEnded() { self.close() }

    private func read() {
        while self.isReadable, !self.isBusy, self.descriptor >= 0 {
            do throws(SocketError) {
                let packet = try UnixSocket.receive(self.descriptor, capacity: self.capacity)
                guard !packet.bytes.isEmpty || !packet.descriptors.isEmpty else { return self.end("closed") }
                self.isBusy = true
                self.onPacket?(packet)
            } catch {
                if error.code == EINTR { continue }
                self.isReadable = false
                if !error.isWouldBlock { self.end("\(error)") }
            }
        }
    }

    /// Answers the packet that was handed over last; without one nothing is sent.
    package func answer(_ bytes: [UInt8]) {
        guard self.descriptor >= 0, self.isBusy else { return }
        do throws(SocketError) {
            try UnixSocket.send(bytes, to: self.descriptor)
        } catch {
            // One small answer at a time: a queue that has no room for it belongs to nobody who reads.
            return self.end("\(error)")
        }
        self.isBusy = false
        // In the next turn, as an answer may be given from within the call for its packet.
        self.loop.runAgain(self)
    }

    private func end(_ reason: String) {
        let onEnd = self.onEnd
        self.close()
        onEnd?(reason)
    }

    /// Ends the connection.
    package func close() {
        self.onPacket = nil
        self.onEnd = nil
        self.closeDescriptor()
    }
}

import Glibc

/// A unix socket of packets (SOCK_SEQPACKET) on a loop: each message comes whole, with its descriptors.
///
/// Messages that the kernel does not take at once wait; how many there are is the owner's affair.
package final class PacketConnection: EventSource {
    private var onMessage: ((UnixMessage) -> Void)?
    private var onClosed: (() -> Void)?
    private var queue: [(bytes: [UInt8], descriptor: OwnedDescriptor?)] = []
    /// How many of the queue were sent.
    private var sent = 0

    /// The most bytes of a message that is received.
    private let capacity: Int

    /// Takes over a connected descriptor, also when it throws.
    /// - Parameters:
    ///   - capacity: the most bytes of a message; a longer one arrives cut.
    ///   - onMessage: called for each message.
    ///   - onClosed: called once, when the other side is gone; not after ``close()``.
    package init(
        loop: EventLoop,
        descriptor: Int32,
        capacity: Int,
        onMessage: @escaping (UnixMessage) -> Void,
        onClosed: @escaping () -> Void
    ) throws(SocketError) {
        self.capacity = capacity
        self.onMessage = onMessage
        self.onClosed = onClosed
        super.init(loop: loop)
        do throws(SocketError) {
            try loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    /// Whether everything that was given to ``send(_:passing:)`` is in the kernel.
    package var isSent: Bool { self.queue.isEmpty }

    /// Sends a message, and a descriptor with it, now or as the other side reads.
    package func send(_ bytes: [UInt8], passing descriptor: OwnedDescriptor? = nil) {
        guard self.descriptor >= 0 else { return }
        self.queue.append((bytes, descriptor))
        self.drain()
    }

    private func drain() {
        while self.sent < self.queue.count, self.descriptor >= 0 {
            let (bytes, descriptor) = self.queue[self.sent]
            do throws(SocketError) {
                try UnixSocket.send(bytes, passing: descriptor.map { [$0.number] } ?? [], to: self.descriptor)
                self.sent += 1
            } catch {
                if error.code == EINTR { continue }
                if !error.isWouldBlock { self.gone() }
                return
            }
        }
        self.queue = []
        self.sent = 0
    }

    override package func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) { self.drain() }
        while self.descriptor >= 0 {
            do throws(SocketError) {
                let message = try UnixSocket.receive(self.descriptor, capacity: self.capacity)
                // An empty message is the end of the other side.
                guard !message.bytes.isEmpty else { return self.gone() }
                self.onMessage?(message)
            } catch {
                if error.code == EINTR { continue }
                if !error.isWouldBlock { self.gone() }
                return
            }
        }
    }

    private func gone() {
        let onClosed = self.onClosed
        self.close()
        onClosed?()
    }

    override package func loopEnded() { self.close() }

    /// Closes at once, and calls nobody.
    package func close() {
        self.onMessage = nil
        self.onClosed = nil
        self.queue = []
        self.sent = 0
        self.closeDescriptor()
    }
}

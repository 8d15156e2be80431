import CMeshLinux
import Glibc
package import MeshModel

/// Who takes the connections of a listener.
package protocol ListenerDelegate: AnyObject {
    /// Takes over the descriptor of an accepted connection; `peer` is canonical.
    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener)
}

/// A listening TCP socket of one loop.
///
/// It holds its delegate weakly and closes itself when the delegate is gone.
/// When the process runs out of descriptors it pauses for a moment instead of spinning, and goes on by itself.
package final class Listener: EventSource {
    /// The address it listens on, with the port that the kernel chose where port 0 was asked for.
    package let address: SocketAddress
    private weak var delegate: (any ListenerDelegate)?
    private var lease: AnyObject?
    private lazy var pause = LoopTimer(target: self)

    /// Connections taken in one turn before others get theirs.
    private static let batch = 64
    /// Connections taken at the end: twice what the kernel queues.
    private static let lastBatch = 2_048
    private static let pauseMilliseconds: UInt64 = 100

    /// Opens and registers the listener; throws when the address can't be bound.
    package convenience init(
        loop: EventLoop,
        address: SocketAddress,
        scope: SocketScope = .process,
        delegate: any ListenerDelegate
    ) throws(SocketError) {
        try self.init(loop: loop, socket: ListeningSocket(opening: address, scope: scope), delegate: delegate)
    }

    /// Registers a socket that listens already; takes it over, also when it throws.
    package init(
        loop: EventLoop,
        socket: ListeningSocket,
        delegate: any ListenerDelegate
    ) throws(SocketError) {
        self.address = socket.address
        self.delegate = delegate
        self.lease = socket.lease
        super.init(loop: loop)
        do throws(SocketError) {
            try loop.register(self, descriptor: socket.descriptor)
        } catch {
            self.lease = nil
            Glibc.close(socket.descriptor)
            throw error
        }
    }

    override package func ready(_ readiness: Readiness) { self.acceptBatch() }
    override package func again() { self.acceptBatch() }
    override package func timerFired(_ timer: LoopTimer) { self.acceptBatch() }

    private func acceptBatch() {
        if self.accept(atMost: Self.batch) { self.loop.runAgain(self) }
    }

    /// Takes connections that wait; whether there may be more.
    private func accept(atMost count: Int) -> Bool {
        for _ in 0..<count {
            guard self.descriptor >= 0 else { return false }
            var native = mesh_address()
            let accepted = mesh_tcp_accept(self.descriptor, &native)
            if accepted >= 0 {
                guard let delegate = self.delegate else {
                    Glibc.close(accepted)
                    self.close()
                    return false
                }
                guard let peer = SocketAddress(native) else {
                    Glibc.close(accepted)
                    continue
                }
                delegate.accepted(accepted, peer: peer, on: self)
                continue
            }
            switch -accepted {
            case EAGAIN:
                return false
            case ECONNABORTED, EINTR, EPERM, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET,
                ENOPROTOOPT, EOPNOTSUPP, EAFNOSUPPORT:
                continue  // the peer left before it was accepted, or may not come
            default:
                // Out of descriptors or memory, or something that asking again at once won't change.
                self.loop.noteShortage()
                self.loop.start(self.pause, after: Self.pauseMilliseconds)
                return false
            }
        }
        return true
    }

    override package func loopEnded() { self.close() }

    /// Takes the connections that wait, and closes the socket then: whoever connected before is served.
    ///
    /// The kernel would reset them, as they are nobody's yet.
    package func finish() {
        _ = self.accept(atMost: Self.lastBatch)
        self.close()
    }

    /// Stops accepting and closes the socket.
    package func close() {
        guard self.descriptor >= 0 else { return }
        self.loop.stop(self.pause)
        self.lease = nil
        self.closeDescriptor()
    }
}

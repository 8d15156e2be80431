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
    private lazy var pause = LoopTimer(target: self)

    /// Connections taken in one turn before others get theirs.
    private static let batch = 64
    private static let pauseMilliseconds: UInt64 = 100

    /// Opens and registers the listener; throws when the address can't be bound.
    package init(
        loop: EventLoop,
        address: SocketAddress,
        scope: SocketScope = .process,
        delegate: any ListenerDelegate
    ) throws(SocketError) {
        let descriptor = try Socket.listen(address, scope: scope)
        self.address = Socket.localAddress(descriptor) ?? address
        self.delegate = delegate
        super.init(loop: loop)
        do throws(SocketError) {
            try loop.register(self, descriptor: descriptor)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    override package func ready(_ readiness: Readiness) { self.acceptBatch() }
    override package func again() { self.acceptBatch() }
    override package func timerFired(_ timer: LoopTimer) { self.acceptBatch() }

    private func acceptBatch() {
        for _ in 0..<Self.batch {
            guard self.descriptor >= 0 else { return }
            var native = mesh_address()
            let accepted = mesh_tcp_accept(self.descriptor, &native)
            if accepted >= 0 {
                guard let delegate = self.delegate else {
                    Glibc.close(accepted)
                    return self.close()
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
                return
            case ECONNABORTED, EINTR, EPERM, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET,
                ENOPROTOOPT, EOPNOTSUPP, EAFNOSUPPORT:
                continue  // the peer left before it was accepted, or may not come
            default:
                // Out of descriptors or memory, or something that asking again at once won't change.
                self.loop.start(self.pause, after: Self.pauseMilliseconds)
                return
            }
        }
        self.loop.runAgain(self)
    }

    override package func loopEnded() { self.close() }

    /// Stops accepting and closes the socket.
    package func close() {
        guard self.descriptor >= 0 else { return }
        self.loop.stop(self.pause)
        self.closeDescriptor()
    }
}

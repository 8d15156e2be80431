import CMeshLinux
import Glibc
package import MeshModel

/// Who takes the datagrams of a UDP socket.
package protocol DatagramDelegate: AnyObject {
    /// One datagram came; the bytes are the delegate's only for the length of the call.
    func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket)
}

/// A UDP socket of one loop.
package final class DatagramSocket: EventSource {
    private var delegate: (any DatagramDelegate)?

    /// Datagrams taken in one turn before others get theirs.
    private static let batch = 64

    /// Binds `address`; the port may be 0.
    package init(
        loop: EventLoop,
        address: SocketAddress,
        scope: SocketScope = .process,
        delegate: any DatagramDelegate
    ) throws(SocketError) {
        self.delegate = delegate
        super.init(loop: loop)
        var native = address.native
        let descriptor = try SocketError.check(scope.withNative { mesh_udp_socket(&native, $0) }, "udp")
        do throws(SocketError) {
            try loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    override package func ready(_ readiness: Readiness) { self.receive() }
    override package func again() { self.receive() }

    private func receive() {
        let buffer = self.loop.scratch.plaintext
        for _ in 0..<Self.batch {
            guard self.descriptor >= 0 else { return }
            var native = mesh_address()
            let count = mesh_udp_receive(self.descriptor, buffer.baseAddress, buffer.count, &native)
            if count == -Int(EAGAIN) { return }
            guard count >= 0 || count == -Int(EINTR) || count == -Int(ECONNREFUSED) else { return }
            guard count >= 0, let peer = SocketAddress(native) else { continue }
            self.delegate?.received(UnsafeRawBufferPointer(rebasing: buffer[..<count]), from: peer, on: self)
        }
        self.loop.runAgain(self)
    }

    /// Sends one datagram; false when the kernel did not take it.
    package func send(_ bytes: [UInt8], to peer: SocketAddress) -> Bool {
        var native = peer.native
        return bytes.withUnsafeBytes { mesh_udp_send(self.descriptor, $0.baseAddress, $0.count, &native) } >= 0
    }

    override package func loopEnded() { self.close() }

    /// Closes the socket and lets go of the delegate.
    package func close() {
        self.closeDescriptor()
        self.delegate = nil
    }
}

import CMeshLinux
import Glibc
package import MeshModel

/// Who takes the datagrams of a UDP socket.
package protocol DatagramDelegate: AnyObject {
    /// One datagram came; the bytes are the delegate's only for the length of the call.
    func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket)
    /// The peer of a connected socket cannot be reached.
    func failed(_ error: SocketError, on socket: DatagramSocket)
}

extension DatagramDelegate {
    /// Nothing: only connected sockets hear of failures.
    package func failed(_ error: SocketError, on socket: DatagramSocket) {}
}

/// A UDP socket of one loop.
package final class DatagramSocket: EventSource {
    private var delegate: (any DatagramDelegate)?
    private let isV4: Bool
    private var isRetired = false

    /// Datagrams taken in one turn before others get theirs.
    private static let batch = 64

    /// The most bytes of a datagram; what is longer is not told apart from this.
    package static let maximumBytes = LoopScratch.carriedBytes

    /// Binds `address`; the port may be 0.
    /// - Parameter isShared: whether other sockets of this user may have the same address; the kernel gives each client
    ///   to one of them.
    package init(
        loop: EventLoop,
        address: SocketAddress,
        isShared: Bool = false,
        scope: SocketScope = .process,
        delegate: any DatagramDelegate
    ) throws(SocketError) {
        self.delegate = delegate
        self.isV4 = address.ip.isV4
        super.init(loop: loop)
        var native = address.native
        let descriptor = try SocketError.check(
            scope.withNative { isShared ? mesh_udp_listen(&native, $0) : mesh_udp_socket(&native, $0) },
            "udp"
        )
        do throws(SocketError) {
            try loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    /// The address that it is bound to; nil when it is closed.
    package var localAddress: SocketAddress? { Socket.localAddress(self.descriptor) }

    /// Hears from `peer` only from now on, and of its failures.
    package func connect(to peer: SocketAddress) throws(SocketError) {
        var native = self.native(peer)
        _ = try SocketError.check(mesh_udp_connect(self.descriptor, &native), "connect")
    }

    /// Takes what has come and then nothing more, but can still send: whoever shares the address gets the rest.
    package func retire() {
        guard !self.isRetired, let own = self.localAddress else { return }
        self.receive()
        self.isRetired = true
        // A socket that is connected takes nothing from others. Nobody sends from this port.
        let ip = own.ip.isUnspecified ? self.loopback : own.ip
        try? self.connect(to: SocketAddress(ip: ip, port: 1))
    }

    private var loopback: IPAddress { self.isV4 ? IPAddress(v4: 0x7f00_0001) : IPAddress(v6High: 0, v6Low: 1) }

    private func native(_ peer: SocketAddress) -> mesh_address {
        self.isV4 ? peer.native : peer.mappedNative
    }

    override package func ready(_ readiness: Readiness) { self.receive() }
    override package func again() { self.receive() }

    private func receive() {
        let buffer = self.loop.scratch.carried
        for _ in 0..<Self.batch {
            guard self.descriptor >= 0 else { return }
            var native = mesh_address()
            let count = mesh_udp_receive(self.descriptor, buffer.baseAddress, buffer.count, &native)
            if count == -Int(EAGAIN) { return }
            if count == -Int(EINTR) { continue }
            guard count >= 0 else {
                // An error that was taken is gone, and further datagrams may wait behind it.
                self.delegate?.failed(SocketError(code: Int32(clamping: -count), call: "recv"), on: self)
                continue
            }
            guard !self.isRetired, let peer = SocketAddress(native) else { continue }
            self.delegate?.received(UnsafeRawBufferPointer(rebasing: buffer[..<count]), from: peer, on: self)
        }
        self.loop.runAgain(self)
    }

    /// Sends one datagram; false when the kernel did not take it.
    package func send(_ bytes: [UInt8], to peer: SocketAddress) -> Bool {
        var native = self.native(peer)
        return bytes.withUnsafeBytes { mesh_udp_send(self.descriptor, $0.baseAddress, $0.count, &native) } >= 0
    }

    override package func loopEnded() { self.close() }

    /// Closes the socket and lets go of the delegate.
    package func close() {
        self.closeDescriptor()
        self.delegate = nil
    }
}

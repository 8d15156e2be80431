import CMeshLinux
import Glibc
package import MeshModel

/// System calls on TCP sockets, with our addresses and errors.
package enum Socket {
    /// How TCP keep-alive probes a silent peer.
    package struct KeepAlive: Sendable, Hashable {
        /// Seconds of silence before the first probe.
        package var idleSeconds: Int32 = 180
        /// Seconds between probes.
        package var intervalSeconds: Int32 = 180
        /// Unanswered probes after which the connection fails.
        package var probes: Int32 = 9
        /// Milliseconds after which a connection fails whose bytes stay unacknowledged; nil leaves it to the kernel.
        package var userTimeoutMilliseconds: UInt32?
        package init() {}
    }

    /// Opens a listener; several loops may listen on one address, and the kernel spreads connections over them.
    package static func listen(
        _ address: SocketAddress,
        backlog: Int32 = 1024,
        scope: SocketScope = .process
    ) throws(SocketError) -> Int32 {
        var native = address.native
        let flags = Int32(MESH_LISTEN_REUSEPORT)
        return try SocketError.check(scope.withNative { mesh_tcp_listen(&native, backlog, flags, $0) }, "listen")
    }

    /// Starts a connect that ends when the descriptor becomes writable.
    /// - Parameters:
    ///   - from: the local address to connect from; nil lets the kernel choose.
    ///   - spoofed: an address of somebody else to connect from, with a port that the kernel chooses; it takes the
    ///     place of `from`. EPERM without the capability, see ``SocketScope/canSpoof``.
    package static func connect(
        _ address: SocketAddress,
        from: SocketAddress? = nil,
        spoofing spoofed: IPAddress? = nil,
        scope: SocketScope = .process
    ) throws(SocketError) -> Int32 {
        var native = address.native
        let source = spoofed.map { SocketAddress(ip: $0, port: 0) } ?? from
        let flags = spoofed == nil ? 0 : Int32(MESH_CONNECT_SPOOFED)
        let result = scope.withNative { scope in
            guard var source = source?.native else { return mesh_tcp_connect(&native, nil, 0, scope) }
            return mesh_tcp_connect(&native, &source, flags, scope)
        }
        return try SocketError.check(result, "connect")
    }

    /// The error that a connect ended with; nil when it succeeded.
    package static func connectError(_ descriptor: Int32) -> SocketError? {
        let code = mesh_socket_error(descriptor)
        return code == 0 ? nil : SocketError(code: code, call: "connect")
    }

    /// The error that waits on a connected socket, for example a reset by the peer; taking it clears it.
    package static func pendingError(_ descriptor: Int32) -> SocketError? {
        let code = mesh_socket_error(descriptor)
        return code == 0 ? nil : SocketError(code: code, call: "recv")
    }

    /// Whether a connect that was started has succeeded already.
    static func isConnected(_ descriptor: Int32) -> Bool { mesh_is_connected(descriptor) == 1 }

    /// The local address; nil when the socket is gone.
    package static func localAddress(_ descriptor: Int32) -> SocketAddress? {
        var native = mesh_address()
        return mesh_local_address(descriptor, &native) < 0 ? nil : SocketAddress(native)
    }

    /// The peer's address; nil when the peer reset the connection already.
    package static func peerAddress(_ descriptor: Int32) -> SocketAddress? {
        var native = mesh_address()
        return mesh_peer_address(descriptor, &native) < 0 ? nil : SocketAddress(native)
    }

    /// Where the application wanted to go before netfilter redirected it; nil when it was not redirected.
    package static func originalDestination(_ descriptor: Int32) -> SocketAddress? {
        var native = mesh_address()
        return mesh_original_destination(descriptor, &native) < 0 ? nil : SocketAddress(native)
    }

    /// Switches Nagle's delay off and, where wanted, keep-alive on; a socket that is gone already is left alone.
    package static func tune(_ descriptor: Int32, keepAlive: KeepAlive?) {
        _ = mesh_set_nodelay(descriptor)
        if let keepAlive {
            _ = mesh_set_keepalive(descriptor, keepAlive.idleSeconds, keepAlive.intervalSeconds, keepAlive.probes)
            if let milliseconds = keepAlive.userTimeoutMilliseconds {
                _ = mesh_set_user_timeout(descriptor, milliseconds)
            }
        }
    }

    /// Makes the coming close send RST, so that the peer learns of the abort.
    package static func makeCloseAbortive(_ descriptor: Int32) { _ = mesh_set_abortive_close(descriptor) }

    /// A second descriptor of the same socket; nil when the process has none left.
    package static func duplicate(_ descriptor: Int32) -> OwnedDescriptor? {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return copy < 0 ? nil : OwnedDescriptor(copy)
    }

    /// Whether the descriptor is a TCP socket that takes connections.
    package static func isListening(_ descriptor: Int32) -> Bool {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1
    }

    /// Closes a descriptor that no loop watches.
    package static func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    /// Sends FIN while reading goes on.
    package static func shutdownWrite(_ descriptor: Int32) { _ = Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads at most `buffer.count` bytes: the count, 0 at the end of the stream, or a negative errno.
    package static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        Int(mesh_read(descriptor, buffer.baseAddress, buffer.count))
    }

    /// Sends pieces one after the other with one call: the count of bytes taken, or a negative errno.
    static func send(_ descriptor: Int32, _ pieces: UnsafeBufferPointer<mesh_piece>) -> Int {
        Int(mesh_send_pieces(descriptor, pieces.baseAddress, pieces.count))
    }

    /// Sends bytes: the count taken, or a negative errno.
    package static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        Int(mesh_send(descriptor, bytes.baseAddress, bytes.count))
    }
}

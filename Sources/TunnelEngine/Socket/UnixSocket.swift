import CMeshLinux
import Glibc

/// One message of a unix socket, with the descriptors that came with it.
package struct UnixMessage: Sendable {
    /// The bytes; empty at the end of the stream.
    package var bytes: [UInt8]
    /// The descriptors; each is closed when nobody holds it any more.
    package var descriptors: [OwnedDescriptor]
    /// Whether bytes or descriptors did not fit and were lost.
    package var isCut: Bool

    /// Joins the three.
    package init(bytes: [UInt8], descriptors: [OwnedDescriptor], isCut: Bool) {
        self.bytes = bytes
        self.descriptors = descriptors
        self.isCut = isCut
    }
}

/// System calls on unix sockets, with which programs on one host pass descriptors to each other.
package enum UnixSocket {
    /// How bytes keep together.
    package enum Kind: Sendable, Hashable {
        /// A stream of bytes.
        case stream
        /// Messages (SOCK_SEQPACKET), each received whole or cut.
        case packets

        var native: Int32 { Int32(self == .stream ? MESH_UNIX_STREAM : MESH_UNIX_SEQPACKET) }
    }

    /// The most descriptors that one message carries.
    package static let descriptorLimit = Int(MESH_UNIX_FD_LIMIT)

    /// Opens a listener at `path`, which must not exist; descriptors never block.
    package static func listen(_ path: String, _ kind: Kind, backlog: Int32 = 16) throws(SocketError) -> Int32 {
        try SocketError.check(path.withCString { mesh_unix_listen($0, kind.native, backlog) }, "listen")
    }

    /// Connects to a listener; EAGAIN when its queue is full.
    package static func connect(_ path: String, _ kind: Kind) throws(SocketError) -> Int32 {
        try SocketError.check(path.withCString { mesh_unix_connect($0, kind.native) }, "connect")
    }

    /// Takes a connection; EAGAIN when none waits.
    package static func accept(_ listener: Int32) throws(SocketError) -> Int32 {
        try SocketError.check(mesh_unix_accept(listener), "accept")
    }

    /// The user that runs the program at the other end; nil when the socket is gone.
    package static func peerUser(_ descriptor: Int32) -> UInt32? {
        UInt32(exactly: mesh_unix_peer_uid(descriptor))
    }

    /// Sends bytes, at least one, with copies of `descriptors`; returns how many bytes the kernel took.
    ///
    /// The descriptors go with the first byte. EAGAIN when the peer's queue is full.
    @discardableResult
    package static func send(
        _ bytes: [UInt8],
        passing descriptors: [Int32] = [],
        to descriptor: Int32
    ) throws(SocketError) -> Int {
        let sent = bytes.withUnsafeBytes { bytes in
            descriptors.withUnsafeBufferPointer { passed in
                mesh_unix_send(descriptor, bytes.baseAddress, bytes.count, passed.baseAddress, passed.count)
            }
        }
        guard sent >= 0 else { throw SocketError(code: Int32(clamping: -sent), call: "sendmsg") }
        return Int(sent)
    }

    /// Receives one message, or what a stream has; at most `capacity` bytes. EAGAIN when nothing waits.
    package static func receive(_ descriptor: Int32, capacity: Int) throws(SocketError) -> UnixMessage {
        var received = mesh_unix_received()
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
            count = Int(mesh_unix_receive(descriptor, buffer.baseAddress, capacity, &received))
            initialized = min(max(0, count), capacity)
        }
        guard count >= 0 else { throw SocketError(code: Int32(clamping: -count), call: "recvmsg") }
        let numbers = withUnsafeBytes(of: &received.fds) { raw in
            Array(raw.bindMemory(to: Int32.self).prefix(received.fd_count))
        }
        return UnixMessage(
            bytes: bytes,
            descriptors: numbers.map { OwnedDescriptor($0) },
            isCut: received.is_cut != 0 || received.is_short_of_fds != 0
        )
    }
}

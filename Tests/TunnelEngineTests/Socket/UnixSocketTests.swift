import Foundation
import Glibc
import Testing
import TunnelEngine

@Suite("Unix socket")
struct UnixSocketTests {
    /// A connected pair of the kind, and what removes its file.
    private static func pair(_ kind: UnixSocket.Kind) throws -> (OwnedDescriptor, OwnedDescriptor) {
        let path = "\(FileManager.default.temporaryDirectory.path)/tulle-\(UUID().uuidString.prefix(8)).sock"
        let listener = OwnedDescriptor(try UnixSocket.listen(path, kind))
        defer { unlink(path) }
        let client = OwnedDescriptor(try UnixSocket.connect(path, kind))
        return (client, OwnedDescriptor(try UnixSocket.accept(listener.number)))
    }

    private static func identity(_ descriptor: Int32) -> UInt64 {
        var status = stat()
        fstat(descriptor, &status)
        return UInt64(status.st_ino)
    }

    @Test("descriptors arrive with the bytes and are the same files", arguments: [UnixSocket.Kind.stream, .packets])
    func passes(kind: UnixSocket.Kind) throws {
        let (one, other) = try Self.pair(kind)
        let files = try ["/etc/hostname", "/proc/self/ns/net"].map { path in
            let descriptor = open(path, O_RDONLY)
            try #require(descriptor >= 0)
            return OwnedDescriptor(descriptor)
        }
        #expect(try UnixSocket.send([1, 2, 3], passing: files.map(\.number), to: one.number) == 3)
        let message = try UnixSocket.receive(other.number, capacity: 1_024)
        #expect(message.bytes == [1, 2, 3])
        #expect(!message.isCut)
        #expect(message.descriptors.map { Self.identity($0.number) } == files.map { Self.identity($0.number) })
        for received in message.descriptors {
            #expect(fcntl(received.number, F_GETFD) & FD_CLOEXEC != 0)
            #expect(!files.map(\.number).contains(received.number))
        }
    }

    @Test("a received descriptor that nobody keeps is closed")
    func closes() throws {
        let (one, other) = try Self.pair(.packets)
        let file = OwnedDescriptor(open("/etc/hostname", O_RDONLY))
        try UnixSocket.send([0], passing: [file.number], to: one.number)
        var message: UnixMessage? = try UnixSocket.receive(other.number, capacity: 16)
        let number = try #require(message?.descriptors.first?.number)
        #expect(fcntl(number, F_GETFD) >= 0)
        message = nil
        #expect(fcntl(number, F_GETFD) == -1)
    }

    @Test("packets keep their bounds, and one that is too long says that it was cut")
    func cuts() throws {
        let (one, other) = try Self.pair(.packets)
        try UnixSocket.send([1], to: one.number)
        try UnixSocket.send([UInt8](repeating: 7, count: 1_025), to: one.number)
        let first = try UnixSocket.receive(other.number, capacity: 1_024)
        #expect(first.bytes == [1])
        #expect(!first.isCut)
        let second = try UnixSocket.receive(other.number, capacity: 1_024)
        #expect(second.bytes.count == 1_024)
        #expect(second.isCut)
    }

    @Test("nothing waiting is EAGAIN, and the end is an empty message")
    func ends() throws {
        var (one, other): (OwnedDescriptor?, OwnedDescriptor) = try Self.pair(.packets)
        #expect(throws: SocketError(code: EAGAIN, call: "recvmsg")) {
            try UnixSocket.receive(other.number, capacity: 16)
        }
        one = nil
        #expect(try UnixSocket.receive(other.number, capacity: 16).bytes.isEmpty)
        _ = one
    }

    @Test("more descriptors than a message carries are refused before anything is sent")
    func tooMany() throws {
        let (one, other) = try Self.pair(.packets)
        let many = [Int32](repeating: other.number, count: UnixSocket.descriptorLimit + 1)
        #expect(throws: SocketError(code: EINVAL, call: "sendmsg")) {
            try UnixSocket.send([1], passing: many, to: one.number)
        }
    }

    @Test("the peer's user is known")
    func peer() throws {
        let (one, _) = try Self.pair(.stream)
        #expect(UnixSocket.peerUser(one.number) == getuid())
    }

    @Test("a path that is too long or taken is refused")
    func paths() throws {
        let long = "/tmp/" + String(repeating: "x", count: 120)
        #expect(throws: SocketError(code: ENAMETOOLONG, call: "listen")) { try UnixSocket.listen(long, .stream) }
        #expect(throws: SocketError(code: EADDRINUSE, call: "listen")) {
            try UnixSocket.listen("/etc/hostname", .stream)
        }
        #expect(throws: SocketError(code: ENOENT, call: "connect")) {
            try UnixSocket.connect("/tmp/there-is-no-such-socket", .packets)
        }
    }
}

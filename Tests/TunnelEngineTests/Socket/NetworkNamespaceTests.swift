import Foundation
import Glibc
import MeshModel
import Testing
import TunnelEngine

@Suite("Network namespace")
struct NetworkNamespaceTests {
    @Test("the process's own namespace is equal however it is opened")
    func equality() throws {
        let one = try NetworkNamespace(path: "/proc/self/ns/net")
        let other = try NetworkNamespace(path: "/proc/\(getpid())/ns/net")
        #expect(one == other)
        #expect(one == NetworkNamespace.home)
        #expect(one.hashValue == other.hashValue)
    }

    @Test("a file that is no network namespace is refused", arguments: ["/proc/self/ns/mnt", "/etc/hostname"])
    func wrongFile(path: String) {
        #expect(throws: SocketError(code: EINVAL, call: "open network namespace")) {
            try NetworkNamespace(path: path)
        }
    }

    @Test("a descriptor that is no network namespace is refused and closed")
    func wrongDescriptor() throws {
        let descriptor = open("/etc/hostname", O_RDONLY)
        #expect(throws: SocketError(code: EINVAL, call: "network namespace")) {
            try NetworkNamespace(descriptor: descriptor)
        }
        #expect(fcntl(descriptor, F_GETFD) == -1)
    }

    @Test("a process that is gone has none")
    func missing() {
        #expect(throws: SocketError(code: ENOENT, call: "open network namespace")) {
            try NetworkNamespace(path: "/proc/4194305/ns/net")
        }
    }

    @Test(
        "work runs within the namespace and the thread returns to its own",
        .enabled(if: TestNamespace.isPossible, "needs root")
    )
    func runs() throws {
        let namespace = try #require(TestNamespace.make())
        #expect(namespace != NetworkNamespace.home)
        #expect(try namespace.run { TestNamespace.current } == namespace)
        #expect(TestNamespace.current == NetworkNamespace.home)
    }

    @Test(
        "listeners, dials and datagram sockets are made inside the namespace; the thread returns",
        .enabled(if: TestNamespace.isPossible, "needs root")
    )
    func sockets() throws {
        let namespace = try #require(TestNamespace.make())
        #expect(TestNamespace.raiseLoopback(namespace))
        let scope = SocketScope(namespace: namespace, mark: SocketScope.meshMark)
        let loopback = IPAddress(v4: 0x7f00_0001)
        let listener = try Socket.listen(SocketAddress(ip: loopback, port: 15_008), scope: scope)
        defer { Socket.close(listener) }
        #expect(TestNamespace.current == NetworkNamespace.home)
        // The same port is free outside, and nobody listens on it there.
        let outside = try Socket.listen(SocketAddress(ip: loopback, port: 15_008))
        Socket.close(outside)
        let dial = try Socket.connect(SocketAddress(ip: loopback, port: 15_008), scope: scope)
        defer { Socket.close(dial) }
        let thread = try LoopThread()
        defer { thread.stop() }
        let udp = try thread.sync {
            let socket = try DatagramSocket(
                loop: thread.loop,
                address: SocketAddress(ip: loopback, port: 15_053),
                scope: scope,
                delegate: Ignoring()
            )
            let isHome = TestNamespace.current == NetworkNamespace.home
            return (socket.descriptor, isHome)
        }
        #expect(udp.1)
        let isReached = eventually { Socket.connectError(dial) == nil && Socket.peerAddress(dial) != nil }
        #expect(isReached)
        for descriptor in [listener, dial, udp.0] {
            #expect(Self.option(descriptor, SO_MARK) == Int32(SocketScope.meshMark))
        }
        #expect(Self.option(listener, SO_REUSEPORT) == 1)
    }

    @Test("a socket without a mark has none")
    func unmarked() throws {
        let listener = try Socket.listen(SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0))
        defer { Socket.close(listener) }
        #expect(Self.option(listener, SO_MARK) == 0)
    }

    @Test(
        "a dial may come from an address of somebody else",
        .enabled(if: TestNamespace.isPossible, "needs root")
    )
    func spoofs() throws {
        let namespace = try #require(TestNamespace.make())
        #expect(TestNamespace.raiseLoopback(namespace))
        let scope = SocketScope(namespace: namespace)
        #expect(scope.canSpoof)
        let loopback = IPAddress(v4: 0x7f00_0001)
        let listener = try Socket.listen(SocketAddress(ip: loopback, port: 9_000), scope: scope)
        defer { Socket.close(listener) }
        let stranger = IPAddress(v4: 0x0a4d_0107)
        let target = SocketAddress(ip: loopback, port: 9_000)
        let dial = try Socket.connect(target, spoofing: stranger, scope: scope)
        defer { Socket.close(dial) }
        #expect(Socket.localAddress(dial)?.ip == stranger)
        #expect(throws: SocketError.self) {
            try Socket.connect(target, from: SocketAddress(ip: stranger, port: 0), scope: scope)
        }
    }

    @Test("what a daemon needs is checked at the start", .enabled(if: TestNamespace.isPossible, "needs root"))
    func capabilities() throws {
        try SocketScope.checkCapabilities(mark: SocketScope.meshMark)
    }

    private final class Ignoring: DatagramDelegate {
        func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket) {}
    }

    private static func option(_ descriptor: Int32, _ name: Int32) -> Int32 {
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, name, &value, &length)
        return value
    }
}

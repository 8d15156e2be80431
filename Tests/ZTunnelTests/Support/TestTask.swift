import Foundation
import Glibc
import MeshDNS
import MeshIdentity
import MeshModel
import TunnelEngine

@testable import ZTunnel

/// One task of the tests: a proxy on its own loop and thread, at a loopback address of its own.
final class TestTask: @unchecked Sendable {
    let workload: ServedWorkload
    let log = TestLog()
    let state: MeshState
    private let proxy: WorkloadProxy

    init(
        _ name: String,
        _ address: IPAddress,
        authority: TestAuthority,
        mesh: MeshSnapshot,
        serial: UInt64? = 2,
        network: String = "",
        nameServer: SocketAddress? = nil
    ) throws {
        let loop = try EventLoop(index: 1)
        let audience = Audience()
        self.state = MeshState(mesh) { audience.tell($0) }
        // Nobody answers there: names that the mesh doesn't know can't be resolved.
        let servers = ResolverConfiguration(servers: [nameServer ?? SocketAddress(ip: address, port: 1)])
        let context = try TestMesh.context(address, state: self.state, log: self.log.log)
        self.workload = ServedWorkload(
            key: name,
            mesh: context,
            local: try TestMesh.local(name, address, network: network),
            nameServers: servers
        )
        if let serial {
            try self.workload.identities.install(authority.issue(TestMesh.identity(name), serial: serial))
        }
        self.proxy = WorkloadProxy(loop: loop, workload: self.workload)
        audience.proxy = self.proxy
        guard LoopThread.start(loop) else { throw ListenTimeout() }
        try self.onLoop { proxy in try proxy.listen() }
    }

    private struct ListenTimeout: Error {}

    private final class Audience: @unchecked Sendable {
        var proxy: WorkloadProxy?
        func tell(_ snapshot: MeshSnapshot) {
            guard let proxy = self.proxy else { return }
            proxy.loop.submit { proxy.stateChanged(snapshot) }
        }
    }

    /// Runs `body` on the loop and waits for its end.
    func onLoop(_ body: @escaping @Sendable (WorkloadProxy) throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var failure: (any Error)?
        let proxy = self.proxy
        proxy.loop.submit {
            do { try body(proxy) } catch { failure = error }
            done.signal()
        }
        guard done.wait(timeout: .now() + 10) == .success else { throw ListenTimeout() }
        if let failure { throw failure }
    }

    /// Drains and waits; true when nothing was left open in time.
    func drain(milliseconds: UInt64) -> Bool {
        let done = DispatchSemaphore(value: 0)
        let proxy = self.proxy
        proxy.loop.submit { proxy.drain(milliseconds: milliseconds) { done.signal() } }
        return done.wait(timeout: .now() + 10) == .success
    }

    func stop() { self.proxy.loop.stop() }
}

/// A blocking TCP socket: the applications of a test.
final class TestSocket: @unchecked Sendable {
    let descriptor: CInt

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        var wait = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(self.descriptor) }

    private static func withNative<Result>(
        _ address: SocketAddress,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var native = sockaddr_in()
        native.sin_family = sa_family_t(AF_INET)
        native.sin_port = address.port.bigEndian
        withUnsafeMutableBytes(of: &native.sin_addr) { $0.copyBytes(from: address.ip.bytes) }
        return withUnsafePointer(to: &native) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    static func connect(_ ip: IPAddress, _ port: UInt16) -> TestSocket? {
        let socket = TestSocket(Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0))
        let result = self.withNative(SocketAddress(ip: ip, port: port)) { Glibc.connect(socket.descriptor, $0, $1) }
        return result == 0 ? socket : nil
    }

    /// Listens on a free port and serves each connection by `serve` on a thread; returns the port.
    static func serve(_ ip: IPAddress, port: UInt16 = 0, _ serve: @escaping @Sendable (TestSocket) -> Void) -> UInt16? {
        let listener = TestSocket(Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0))
        var one: CInt = 1
        setsockopt(listener.descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        let result = self.withNative(SocketAddress(ip: ip, port: port)) { Glibc.bind(listener.descriptor, $0, $1) }
        guard result == 0, listen(listener.descriptor, 128) == 0 else { return nil }
        var native = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &native) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(listener.descriptor, $0, &size)
            }
        }
        Thread.detachNewThread {
            while true {
                let accepted = accept(listener.descriptor, nil, nil)
                guard accepted >= 0 || errno == EAGAIN else { return }
                guard accepted >= 0 else { continue }
                let socket = TestSocket(accepted)
                Thread.detachNewThread { serve(socket) }
            }
        }
        return UInt16(bigEndian: native.sin_port)
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { Glibc.send(self.descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            == bytes.count
    }

    func finish() { shutdown(self.descriptor, CInt(SHUT_WR)) }

    /// The next bytes; empty at the end, nil after a reset or ten seconds.
    func receive(_ limit: Int = 65_536) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(self.descriptor, &buffer, limit, 0)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    func receive(exactly count: Int) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count, let bytes = self.receive(count - all.count), !bytes.isEmpty { all += bytes }
        return all
    }

    func receiveAll() -> [UInt8]? {
        var all: [UInt8] = []
        while let bytes = self.receive() {
            if bytes.isEmpty { return all }
            all += bytes
        }
        return nil
    }
}

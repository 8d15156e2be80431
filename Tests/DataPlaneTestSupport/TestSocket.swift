import Foundation
import Glibc
package import MeshModel

/// A blocking TCP socket: the applications of a test.
package final class TestSocket: @unchecked Sendable {
    package let descriptor: CInt

    package init(_ descriptor: CInt) {
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

    package static func connect(_ ip: IPAddress, _ port: UInt16) -> TestSocket? {
        let socket = TestSocket(Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0))
        let result = self.withNative(SocketAddress(ip: ip, port: port)) { Glibc.connect(socket.descriptor, $0, $1) }
        return result == 0 ? socket : nil
    }

    /// Listens on a free port and serves each connection by `serve` on a thread; returns the port.
    package static func serve(_ ip: IPAddress, port: UInt16 = 0, _ serve: @escaping @Sendable (TestSocket) -> Void)
        -> UInt16?
    {
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
    package func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { Glibc.send(self.descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            == bytes.count
    }

    package func finish() { shutdown(self.descriptor, CInt(SHUT_WR)) }

    /// The next bytes; empty at the end, nil after a reset or ten seconds.
    package func receive(_ limit: Int = 65_536) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(self.descriptor, &buffer, limit, 0)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    package func receive(exactly count: Int) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count, let bytes = self.receive(count - all.count), !bytes.isEmpty { all += bytes }
        return all
    }

    package func receiveAll() -> [UInt8]? {
        var all: [UInt8] = []
        while let bytes = self.receive() {
            if bytes.isEmpty { return all }
            all += bytes
        }
        return nil
    }
}

import Glibc
import MeshModel

/// A plain blocking TCP socket: the application of a test.
final class BlockingSocket {
    let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Glibc.close(self.descriptor) }

    private static func native(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    static func connect(_ port: UInt16) -> BlockingSocket? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.native(port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            Glibc.close(descriptor)
            return nil
        }
        return BlockingSocket(descriptor: descriptor)
    }

    /// A connected pair; both ends are the caller's.
    static func pair() -> (BlockingSocket, BlockingSocket)? {
        let (listener, port) = Self.listen()
        guard let one = Self.connect(port), let other = listener.accept() else { return nil }
        return (one, other)
    }

    /// A non-blocking duplicate for an event loop. The connection ends when this object is gone, too.
    func duplicate() -> Int32 {
        let copy = dup(self.descriptor)
        _ = fcntl(copy, F_SETFL, fcntl(copy, F_GETFL, 0) | O_NONBLOCK)
        return copy
    }

    static func listen(backlog: Int32 = 1024, receiveBuffer: Int32? = nil) -> (socket: BlockingSocket, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var bytes = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = Self.native(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = Glibc.bind(descriptor, $0, length)
                _ = Glibc.listen(descriptor, backlog)
                _ = Glibc.getsockname(descriptor, $0, &length)
            }
        }
        return (BlockingSocket(descriptor: descriptor), UInt16(bigEndian: address.sin_port))
    }

    func accept() -> BlockingSocket? {
        let accepted = Glibc.accept(self.descriptor, nil, nil)
        return accepted < 0 ? nil : BlockingSocket(descriptor: accepted)
    }

    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func finish() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    func abort() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// The next bytes, empty at the end, nil on an error (reset or time-out).
    func receive(_ limit: Int = 65536) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(self.descriptor, &buffer, limit, 0)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    func receive(exactly count: Int) -> [UInt8]? {
        var result: [UInt8] = []
        while result.count < count {
            guard let bytes = self.receive(min(65536, count - result.count)), !bytes.isEmpty else { return nil }
            result += bytes
        }
        return result
    }

    func receiveAll() -> [UInt8]? {
        var result: [UInt8] = []
        while let bytes = self.receive() {
            if bytes.isEmpty { return result }
            result += bytes
        }
        return nil
    }
}

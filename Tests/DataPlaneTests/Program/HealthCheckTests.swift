import Glibc
import MeshModel
import Testing

@testable import DataPlane

struct HealthCheckTests {
    /// Listens on a free loopback port and serves one connection with `answer` on a thread.
    private func serve(_ answer: String) throws -> SocketAddress {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var native = sockaddr_in()
        native.sin_family = sa_family_t(AF_INET)
        native.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &native) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(listener, raw, size) + listen(listener, 1) + getsockname(listener, raw, &size)
            }
        }
        try #require(bound == 0)
        let context = Unmanaged.passRetained(Served(listener: listener, answer: Array(answer.utf8)))
        var thread = pthread_t()
        pthread_create(
            &thread,
            nil,
            { raw in
                guard let raw else { return nil }
                let served = Unmanaged<Served>.fromOpaque(raw).takeRetainedValue()
                let connection = accept(served.listener, nil, nil)
                var request = [UInt8](repeating: 0, count: 1_024)
                _ = recv(connection, &request, request.count, 0)
                _ = served.answer.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
                close(connection)
                close(served.listener)
                return nil
            },
            context.toOpaque()
        )
        pthread_detach(thread)
        return SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: UInt16(bigEndian: native.sin_port))
    }

    private final class Served {
        let listener: CInt
        let answer: [UInt8]
        init(listener: CInt, answer: [UInt8]) {
            self.listener = listener
            self.answer = answer
        }
    }

    private func check(_ answer: String) throws -> HealthCheck.Outcome {
        var check = HealthCheck()
        check.address = try self.serve(answer)
        return check.run()
    }

    @Test func isReadyOn200() throws {
        #expect(try self.check("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nready\n") == .ready)
    }

    @Test func saysWhatIsPending() throws {
        let answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 29\r\n\r\nnot ready, pending: identity\n"
        #expect(try self.check(answer) == .notReady("status 500: not ready, pending: identity"))
    }

    @Test(arguments: ["", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\nshort"])
    func isNotReadyOnGarbage(_ answer: String) throws {
        guard case .notReady = try self.check(answer) else {
            Issue.record("ready")
            return
        }
    }

    @Test func isNotReadyWhenNobodyListens() {
        var check = HealthCheck()
        check.address.port = 1
        #expect(check.run() == .notReady("connect 127.0.0.1:1: Connection refused"))
    }
}

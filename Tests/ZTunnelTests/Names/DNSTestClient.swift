import DataPlaneTestSupport
import Foundation
import Glibc
import MeshModel

@testable import MeshDNS

/// A blocking DNS client.
enum DNSTestClient {
    struct NoAnswer: Error {}

    static func query(
        _ name: String,
        _ type: DNSType = .a,
        id: UInt16 = 77,
        payload: UInt16? = nil
    ) -> [UInt8] {
        var message = DNSMessage(id: id)
        message.wantsRecursion = true
        message.questions = [DNSQuestion(name: DNSName(parsing: name) ?? .root, type: type)]
        message.edns = payload.map { DNSMessage.EDNS(payloadBytes: $0) }
        return message.encoded()
    }

    /// The answer's bytes; nil when none comes within `milliseconds`.
    static func udp(_ bytes: [UInt8], to server: SocketAddress, milliseconds: Int = 5_000) -> [UInt8]? {
        let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var wait = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        var native = sockaddr_in()
        native.sin_family = sa_family_t(AF_INET)
        native.sin_port = server.port.bigEndian
        withUnsafeMutableBytes(of: &native.sin_addr) { $0.copyBytes(from: server.ip.bytes) }
        let isSent = withUnsafePointer(to: &native) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    && send(descriptor, bytes, bytes.count, 0) == bytes.count
            }
        }
        guard isSent else { return nil }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    static func ask(
        _ server: SocketAddress,
        _ name: String,
        _ type: DNSType = .a,
        payload: UInt16? = nil,
        overStream: Bool
    ) throws -> DNSMessage {
        let query = self.query(name, type, payload: payload)
        let bytes = overStream ? try self.tcp([query], to: server).first : self.udp(query, to: server)
        guard let bytes else { throw NoAnswer() }
        return try DNSMessage(decoding: bytes)
    }

    /// Sends all messages at once and gives as many answers, in the order in which they come.
    static func tcp(_ messages: [[UInt8]], to server: SocketAddress) throws -> [[UInt8]] {
        guard let socket = TestSocket.connect(server.ip, server.port) else { throw NoAnswer() }
        socket.send(messages.flatMap { DNSFrameReader.framed($0) ?? [] })
        return try messages.map { _ in
            let head = socket.receive(exactly: 2)
            guard head.count == 2 else { throw NoAnswer() }
            let length = Int(head[0]) << 8 | Int(head[1])
            let answer = socket.receive(exactly: length)
            guard answer.count == length else { throw NoAnswer() }
            return answer
        }
    }
}

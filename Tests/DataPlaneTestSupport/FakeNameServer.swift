package import MeshModel
import Synchronization
package import TunnelEngine

@testable import MeshDNS

/// A DNS server of a test, by UDP and TCP on one port of 127.0.0.1.
///
/// It knows names under `example`; what it does depends on the first label.
package final class FakeNameServer: DatagramDelegate, ListenerDelegate, @unchecked Sendable {
    package let address: SocketAddress
    private let asked = Mutex<[String]>([])
    private var listener: Listener?
    private var socket: DatagramSocket?
    private var connections: [Stream] = []
    private var held: [() -> Void] = []

    /// The names asked for, with type and transport: `known.example A udp`.
    package var questions: [String] { self.asked.withLock { $0 } }

    private final class Stream: ByteConnectionDelegate {
        weak var server: FakeNameServer?
        var frames = DNSFrameReader()

        func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
            self.frames.append(bytes)
            while let message = self.frames.next() {
                self.server?.answer(message, "tcp") { answer in
                    if let framed = DNSFrameReader.framed(answer) { connection.send(framed) }
                }
            }
        }
        func receivedEnd(on connection: ByteConnection) { connection.close() }
        func closed(_ connection: ByteConnection, _ error: SocketError?) {}
    }

    /// To be called on the loop.
    package init(loop: EventLoop, port: UInt16) throws {
        self.address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: port)
        self.socket = try DatagramSocket(loop: loop, address: self.address, delegate: self)
        self.listener = try Listener(loop: loop, address: self.address, delegate: self)
    }

    /// To be called on the loop.
    package func close() {
        self.socket?.close()
        self.listener?.close()
    }

    /// Answers what was held back; to be called on the loop.
    package func release() {
        let held = self.held
        self.held = []
        for answer in held { answer() }
    }

    package func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket) {
        self.answer(Array(datagram), "udp") { _ = socket.send($0, to: peer) }
    }

    package func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        let stream = Stream()
        stream.server = self
        self.connections.append(stream)
        _ = try? ByteConnection(
            loop: listener.loop,
            descriptor: descriptor,
            peer: peer,
            milliseconds: 10_000,
            delegate: stream
        )
    }

    private func answer(_ bytes: [UInt8], _ transport: String, _ respond: @escaping ([UInt8]) -> Void) {
        guard bytes.count >= 12, bytes[2] & 0x78 == 0 else {
            self.asked.withLock { $0.append("operation \(bytes.count > 2 ? bytes[2] >> 3 & 15 : 0) \(transport)") }
            // NOTAUTH, in a bare header.
            return respond(Array(bytes.prefix(2)) + [bytes[2] | 0x80, 9] + [UInt8](repeating: 0, count: 8))
        }
        guard let query = try? DNSMessage(decoding: bytes), let question = query.questions.first else { return }
        self.asked.withLock { $0.append("\(question.name) \(question.type) \(transport)") }
        var answer = DNSMessage(id: query.id)
        answer.isResponse = true
        answer.offersRecursion = true
        answer.questions = query.questions
        answer.edns = query.edns
        let name = question.name
        func address(_ number: UInt32, _ owner: DNSName = name) -> DNSRecord {
            DNSRecord(name: owner, timeToLive: 60, content: .address(IPAddress(v4: 0x0a00_0000 | number)))
        }
        switch "\(name)".split(separator: ".").first {
        case "silent": return
        case "known" where question.type == .a:
            answer.answers = [address(9)]
            answer.additionals = [address(7, DNSName(parsing: "more.example") ?? name)]
        case "known": break
        case "alias" where question.type == .a:
            let target = DNSName(parsing: "known.example") ?? name
            answer.answers = [DNSRecord(name: name, timeToLive: 60, content: .alias(target)), address(9, target)]
        case "large" where transport == "udp": answer.isTruncated = true
        case "large" where question.type == .a: answer.answers = (0..<300).map { address($0) }
        case "large": break
        case "text":
            answer.answers = [
                DNSRecord(name: name, timeToLive: 60, content: .other(question.type, [2, 0x68, 0x69]))
            ]
        case "slow":
            answer.answers = [address(5)]
            let bytes = answer.encoded()
            return self.held.append { respond(bytes) }
        default:
            answer.code = .noSuchName
            let numbers = [UInt8](repeating: 0, count: 19) + [30]
            answer.authorities = [
                DNSRecord(
                    name: DNSName(parsing: "example") ?? name,
                    timeToLive: 300,
                    content: .other(DNSType(rawValue: 6), [0, 0] + numbers)
                )
            ]
        }
        respond(answer.encoded())
    }
}

import Foundation
import MeshDNS
package import MeshModel
import Synchronization
package import TunnelEngine

/// A DNS server that knows a few names.
package final class TestNameServer: DatagramDelegate, @unchecked Sendable {
    private let thread: TestLoop
    private let timeToLive: UInt32
    private let known: Mutex<[String: [IPAddress]]>
    private var socket: DatagramSocket?
    private let kept = Mutex<[String]>([])

    /// How many queries for names that it knows came.
    package var queries: Int {
        let known = self.known.withLock { Set($0.keys) }
        return self.asked.count { known.contains($0) }
    }

    /// The names asked for, each as often as it was.
    package var asked: [String] { self.kept.withLock { $0 } }

    package convenience init(_ address: SocketAddress, name: String, addresses: [IPAddress]) throws {
        try self.init(address, names: [name: addresses])
    }

    /// - Parameter timeToLive: for how many seconds answers may be kept.
    package init(_ address: SocketAddress, names: [String: [IPAddress]], timeToLive: UInt32 = 60) throws {
        self.thread = try TestLoop()
        self.known = Mutex(names)
        self.timeToLive = timeToLive
        let me = self
        try self.thread.sync {
            me.socket = try DatagramSocket(loop: me.thread.loop, address: address, delegate: me)
        }
    }

    /// Gives a name other addresses.
    package func set(_ name: String, _ addresses: [IPAddress]) { self.known.withLock { $0[name] = addresses } }

    package func stop() {
        let me = self
        _ = try? self.thread.sync { me.socket?.close() }
    }

    package func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket) {
        guard let query = try? DNSMessage(decoding: Array(datagram)), let question = query.questions.first else {
            return
        }
        var answer = DNSMessage(id: query.id)
        answer.isResponse = true
        answer.questions = query.questions
        var name = "\(question.name)"
        if name.hasSuffix(".") { name.removeLast() }
        self.kept.withLock { $0.append(name) }
        if let addresses = self.known.withLock({ $0[name] }) {
            answer.answers = addresses.filter { $0.isV4 == (question.type == .a) }.map {
                DNSRecord(name: question.name, timeToLive: self.timeToLive, content: .address($0))
            }
        } else {
            answer.code = .noSuchName
        }
        _ = socket.send(answer.encoded(), to: peer)
    }
}

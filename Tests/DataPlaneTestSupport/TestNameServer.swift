import Foundation
import MeshDNS
package import MeshModel
import Synchronization
package import TunnelEngine

/// A DNS server that knows one name.
package final class TestNameServer: DatagramDelegate, @unchecked Sendable {
    private let thread: TestLoop
    private let name: String
    private let addresses: [IPAddress]
    private var socket: DatagramSocket?
    private let count = Mutex(0)

    /// How many queries for the name came.
    package var queries: Int { self.count.withLock { $0 } }

    package init(_ address: SocketAddress, name: String, addresses: [IPAddress]) throws {
        self.thread = try TestLoop()
        self.name = name
        self.addresses = addresses
        let me = self
        try self.thread.sync {
            me.socket = try DatagramSocket(loop: me.thread.loop, address: address, delegate: me)
        }
    }

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
        let name = "\(question.name)"
        if name == self.name || name == self.name + "." {
            self.count.withLock { $0 += 1 }
            answer.answers = self.addresses.filter { $0.isV4 == (question.type == .a) }.map {
                DNSRecord(name: question.name, timeToLive: 60, content: .address($0))
            }
        } else {
            answer.code = .noSuchName
        }
        _ = socket.send(answer.encoded(), to: peer)
    }
}

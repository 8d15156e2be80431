import Foundation
import MeshDNS
import MeshModel
import Testing
import TunnelEngine

@testable import ZTunnel

/// The resolver against a DNS server on a real socket.
@Suite(.serialized)
struct NameResolverTests {
    /// Knows one name, and says that all others don't exist.
    private final class Server: DatagramDelegate {
        let isSilent: Bool
        init(isSilent: Bool) { self.isSilent = isSilent }

        func received(_ datagram: UnsafeRawBufferPointer, from peer: SocketAddress, on socket: DatagramSocket) {
            guard !self.isSilent, let query = try? DNSMessage(decoding: Array(datagram)),
                let question = query.questions.first
            else { return }
            var answer = DNSMessage(id: query.id)
            answer.isResponse = true
            answer.questions = query.questions
            if "\(question.name)".hasPrefix("known.") {
                if question.type == .a {
                    answer.answers = [
                        DNSRecord(
                            name: question.name,
                            timeToLive: 60,
                            content: .address(IPAddress(v4: 0x0a00_0009))
                        )
                    ]
                }
            } else {
                answer.code = .noSuchName
            }
            _ = socket.send(answer.encoded(), to: peer)
        }
    }

    private func resolve(_ name: String, isSilent: Bool = false) throws -> Result<IPAddress, DialFailure> {
        let loop = try TestLoop()
        let address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 25_353)
        let socket = try loop.sync {
            try DatagramSocket(loop: loop.loop, address: address, delegate: Server(isSilent: isSilent))
        }
        var configuration = ResolverConfiguration(servers: [address])
        configuration.timeout = .milliseconds(100)
        configuration.deadline = .milliseconds(300)
        let resolver = try loop.sync { [configuration] in NameResolver(loop: loop.loop, configuration: configuration) }
        let result = try loop.wait { completion in resolver.resolve(name, completion: completion) }
        try loop.sync { socket.close() }
        return result
    }

    @Test func findsAnAddress() throws {
        #expect(try self.resolve("known.example") == .success(IPAddress(v4: 0x0a00_0009)))
    }

    @Test func saysThatANameDoesNotExist() throws {
        #expect(try self.resolve("nobody.example") == .failure(.nameNotFound))
    }

    @Test func givesUpOnASilentServer() throws {
        #expect(try self.resolve("known.example", isSilent: true) == .failure(.timedOut))
    }
}

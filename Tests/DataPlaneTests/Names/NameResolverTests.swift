import DataPlaneTestSupport
import Foundation
import MeshDNS
import MeshModel
import Testing
import TunnelEngine

@testable import DataPlane

/// The resolver against a DNS server on a real socket.
@Suite(.serialized)
struct NameResolverTests {
    private func resolve<Value>(
        _ name: String,
        _ body: @escaping (NameResolver, @escaping (Value) -> Void) -> Void
    ) throws -> (Value, [String]) {
        let loop = try TestLoop()
        let server = try loop.sync { try FakeNameServer(loop: loop.loop, port: 25_353) }
        var configuration = ResolverConfiguration(servers: [server.address])
        configuration.timeout = .milliseconds(100)
        configuration.deadline = .milliseconds(300)
        let resolver = try loop.sync { [configuration] in NameResolver(loop: loop.loop, configuration: configuration) }
        let result = try loop.wait { completion in body(resolver, completion) }
        try loop.sync {
            resolver.close()
            server.close()
        }
        return (result, server.questions)
    }

    private func resolve(_ name: String) throws -> Result<IPAddress, DialFailure> {
        try self.resolve(name) { $0.resolve(name, completion: $1) }.0
    }

    @Test func findsAnAddress() throws {
        #expect(try self.resolve("known.example") == .success(IPAddress(v4: 0x0a00_0009)))
    }

    @Test func followsAnAlias() throws {
        #expect(try self.resolve("alias.example") == .success(IPAddress(v4: 0x0a00_0009)))
    }

    @Test func saysThatANameDoesNotExist() throws {
        #expect(try self.resolve("nobody.example") == .failure(.nameNotFound))
    }

    @Test func saysThatATextIsNoName() throws {
        #expect(try self.resolve("no body") == .failure(.nameNotFound))
    }

    @Test func givesUpOnASilentServer() throws {
        #expect(try self.resolve("silent.example") == .failure(.timedOut))
    }

    @Test func fetchesALongAnswerByTCP() throws {
        let (answer, questions) = try self.resolve("large.example") { $0.lookUp("large.example", completion: $1) }
        #expect(try answer.get().addresses.count == 300)
        #expect(try answer.get().timeToLive == .seconds(60))
        #expect(questions.contains("large.example A tcp"))
    }

    @Test func keepsWhatItLearned() throws {
        let (answers, questions) = try self.resolve("known.example") { resolver, completion in
            resolver.lookUp("known.example") { first in
                resolver.lookUp("known.example") { completion([first, $0]) }
            }
        }
        #expect(answers.count == 2 && answers.allSatisfy { (try? $0.get())?.addresses.count == 1 })
        // The lack of an AAAA record came without a SOA record, so that is asked for again.
        #expect(questions.filter { $0 == "known.example A udp" }.count == 1)
    }
}

import DataPlane
import DataPlaneTestSupport
import MeshDNS
import MeshModel
import Testing
import TunnelEngine

@testable import ZTunnel

@Suite(.serialized) struct EndpointNamesTests {
    private static let server = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 25_356)

    @Test("those who ask at once share one look-up, and the answer is kept")
    func shares() throws {
        let names = try TestNameServer(Self.server, name: "db.example.org", addresses: [IPAddress(v4: 0x0a00_0001)])
        defer { names.stop() }
        let loop = try TestLoop()
        let endpoints = try loop.sync {
            let resolver = NameResolver(
                loop: loop.loop,
                configuration: ResolverConfiguration(servers: [Self.server])
            )
            return EndpointNames(loop: loop.loop, resolver: resolver)
        }
        nonisolated(unsafe) let unchecked = endpoints
        for _ in 0..<3 {
            let answers: [[IPAddress]] = try loop.wait { completion in
                var answers: [[IPAddress]] = []
                for _ in 0..<5 {
                    unchecked.addresses(of: "db.example.org") { result in
                        answers.append((try? result.get()) ?? [])
                        if answers.count == 5 { completion(answers) }
                    }
                }
            }
            #expect(answers == Array(repeating: [IPAddress(v4: 0x0a00_0001)], count: 5))
        }
        #expect(names.queries == 2, "one for each address family")
    }

    @Test("a failure is told to all who wait, and not kept")
    func failures() throws {
        let names = try TestNameServer(Self.server, name: "db.example.org", addresses: [])
        defer { names.stop() }
        let loop = try TestLoop()
        let endpoints = try loop.sync {
            let resolver = NameResolver(
                loop: loop.loop,
                configuration: ResolverConfiguration(servers: [Self.server])
            )
            return EndpointNames(loop: loop.loop, resolver: resolver)
        }
        nonisolated(unsafe) let unchecked = endpoints
        for round in 1...2 {
            let result: Result<[IPAddress], DialFailure> = try loop.wait { completion in
                unchecked.addresses(of: "db.example.org", completion: completion)
            }
            #expect(result == .failure(.nameNotFound))
            #expect(names.queries == round * 2)
        }
    }
}

import ControlPlane
import MeshProtos
import MeshXDS
import Testing

/// A data plane that refuses all that it is sent.
@Suite(.timeLimit(.minutes(1))) struct RejectingPeerTests {
    private static let echo = TestPlane.Credential.workload("spiffe://cluster.local/ns/shop/sa/echo")
    private static let shell = TestPlane.Credential.workload("spiffe://cluster.local/ns/shop/sa/shell")

    @Test func whoRefusesEverythingIsSentNewsAloneAndHoldsUpNobody() async throws {
        let plane = try TestPlane()
        let complaint = String(repeating: "no\n\u{1b}[31m", count: 10_000)
        plane.publish(["s0"])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first())
                sending.yield(.answer(try #require(try await responses.next()), error: complaint))
                for round in 1...20 {
                    plane.publish((0...round).map { "s\($0)" })
                    let news = try #require(try await responses.next())
                    #expect(
                        news.resources.count == 2,
                        "the new service and its task, and nothing that was refused before"
                    )
                    sending.yield(.answer(news, error: complaint))
                }
                let port = try #require(await plane.server.port)
                try await plane.client(Self.shell, port: port) { other in
                    try await other.discover { sending, responses in
                        sending.yield(.first(metadata: [:]))
                        let all = try #require(try await responses.next())
                        #expect(all.resources.count == 42)
                    }
                }
                let identity = "spiffe://cluster.local/ns/shop/sa/echo"
                for _ in 0..<500 where plane.connections.connections.first?.rejects != 21 {
                    try await Task.sleep(for: .milliseconds(10))
                }
                let connection = try #require(plane.connections.connections.first { $0.identity == identity })
                #expect(connection.rejects == 21)
                #expect(connection.pushes == 21)
                let message = try #require(connection.types.first?.rejection?.message)
                #expect(message.utf8.count <= 4096, "\(message.utf8.count)")
            }
        }
    }
}

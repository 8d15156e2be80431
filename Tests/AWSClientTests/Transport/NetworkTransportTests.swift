import AWSClient
import AWSTestSupport
import Testing

struct NetworkTransportTests {
    private static func send(
        _ server: LoopbackServer,
        deadline: Duration = .seconds(10),
        bodyLimit: Int = 1_000,
        body: [UInt8] = []
    ) async throws -> TransportResponse {
        let transport = NetworkTransport()
        let request = TransportRequest(
            method: "POST",
            url: server.url + "/p?q=1",
            headers: [(name: "Host", value: "signed.example")],
            body: body
        )
        let result: Result<TransportResponse, any Error>
        do {
            result = .success(try await transport.send(request, deadline: deadline, bodyLimit: bodyLimit))
        } catch {
            result = .failure(error)
        }
        await transport.shutdown()
        await server.close()
        return try result.get()
    }

    @Test
    func sendsTheHostThatWasSignedAndTheWholeBody() async throws {
        let server = try await LoopbackServer { request in
            let hosts = request.headers.filter { $0.name.lowercased() == "host" }.map(\.value)
            return LoopbackServer.Answer(
                status: 201,
                headers: [(name: "X-A", value: "1")],
                text: "\(request.method) \(request.url) \(hosts.joined(separator: "+")) \(request.body.count)"
            )
        }
        let response = try await Self.send(server, body: Array(repeating: 7, count: 100))
        #expect(response.status == 201)
        #expect(response.header("x-a") == "1")
        #expect(String(decoding: response.body, as: UTF8.self) == "POST /p?q=1 signed.example 100")
    }

    @Test
    func followsNoRedirect() async throws {
        let server = try await LoopbackServer { request in
            request.url == "/elsewhere"
                ? LoopbackServer.Answer(text: "followed")
                : LoopbackServer.Answer(status: 307, headers: [(name: "Location", value: "/elsewhere")], text: "")
        }
        #expect(try await Self.send(server).status == 307)
    }

    @Test
    func stopsAtTheBodyLimit() async throws {
        let exact = try await LoopbackServer { _ in .init(text: String(repeating: "x", count: 1_000)) }
        #expect(try await Self.send(exact).body.count == 1_000)
        let over = try await LoopbackServer { _ in .init(text: String(repeating: "x", count: 1_001)) }
        await #expect(throws: TransportError.bodyTooLarge) { try await Self.send(over) }
    }

    @Test
    func stopsAtTheDeadlineWhenTheBodyDripsIn() async throws {
        let server = try await LoopbackServer { _ in
            var answer = LoopbackServer.Answer()
            answer.parts = (0..<200).map { _ in (100, [1]) }
            return answer
        }
        let start = ContinuousClock.now
        await #expect(throws: TransportError.timedOut) { try await Self.send(server, deadline: .milliseconds(400)) }
        #expect(ContinuousClock.now - start < .seconds(8))
    }

    @Test
    func saysSoWhenTheConnectionBreaksInsideTheBody() async throws {
        let server = try await LoopbackServer { _ in
            var answer = LoopbackServer.Answer(headers: [(name: "content-length", value: "100")], text: "only this")
            answer.breaksOff = true
            return answer
        }
        await #expect(throws: TransportError.self) { try await Self.send(server) }
    }

    @Test
    func saysSoWhenNobodyListens() async throws {
        let server = try await LoopbackServer { _ in .init(text: "") }
        await server.close()
        await #expect(throws: TransportError.self) { try await Self.send(server, deadline: .seconds(5)) }
    }
}

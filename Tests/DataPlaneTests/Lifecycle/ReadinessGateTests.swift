import Testing

@testable import DataPlane

struct ReadinessGateTests {
    private func request(_ method: String, _ target: String) throws -> HTTPRequest {
        HTTPRequest(line: try #require(HTTPRequestLine(parsing: "\(method) \(target) HTTP/1.1")), fields: [])
    }

    @Test func namesWhatIsPendingUntilEverythingIsDone() throws {
        let gate = ReadinessGate()
        let request = try self.request("GET", "/healthz/ready")
        #expect(
            gate.answer(request)
                == HTTPResponse(status: 500, text: "not ready, pending: identity, state manager, proxy\n")
        )
        gate.done(.state)
        gate.done(.identity)
        #expect(gate.answer(request) == HTTPResponse(status: 500, text: "not ready, pending: proxy\n"))
        gate.done(.proxy)
        #expect(gate.answer(request) == HTTPResponse(status: 200, text: "ready\n"))
        #expect(
            gate.answer(request, isExpired: true) == HTTPResponse(status: 500, text: "not ready, pending: identity\n")
        )
        gate.missing(.serving)
        #expect(gate.answer(request).status == 500)
    }

    @Test func servesNothingElse() throws {
        let gate = ReadinessGate()
        #expect(gate.answer(try self.request("GET", "/")).status == 404)
        #expect(gate.answer(try self.request("POST", "/healthz/ready")).status == 405)
    }
}

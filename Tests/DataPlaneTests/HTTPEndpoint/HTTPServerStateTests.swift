import Testing

@testable import DataPlane

struct HTTPServerStateTests {
    private func receive(_ text: String, limits: HTTPServerState.Limits = .init()) -> HTTPServerState.Step {
        var server = HTTPServerState(limits: limits)
        return server.receive(Array(text.utf8))
    }

    @Test func readsARequestByteByByte() throws {
        var server = HTTPServerState()
        let wire = Array("POST /logging?level=debug&reset HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok".utf8)
        for byte in wire.dropLast() { #expect(server.receive([byte]) == .more) }
        guard case .request(let request) = server.receive(wire.suffix(1)) else {
            Issue.record("no request")
            return
        }
        #expect(request.method == "POST")
        #expect(request.path == "/logging")
        #expect(request.query == [HTTPField(name: "level", value: "debug"), HTTPField(name: "reset", value: "")])
        #expect(request.fields.single("host") == "x")
        #expect(server.receive([0]) == .finished)
    }

    @Test(arguments: [
        ("GET  / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/3\r\n\r\n", 400), ("GET x HTTP/1.1\r\n\r\n", 400),
        ("\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA\r\n\r\n", 400), ("GET /\u{1} HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        ("GET /" + String(repeating: "x", count: 8_192) + " HTTP/1.1\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 129) + "\r\n", 400),
    ])
    func refuses(_ text: String, _ status: Int) {
        guard case .refuse(let response) = self.receive(text) else {
            Issue.record("accepted")
            return
        }
        #expect(response.status == status)
    }

    @Test func writesAnswers() {
        var response = HTTPResponse(status: 405, text: "no\n")
        response.fields = [HTTPField(name: "Allow", value: "POST")]
        let head =
            "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"
            + "Connection: close\r\nAllow: POST\r\n\r\n"
        #expect(String(decoding: response.bytes(), as: UTF8.self) == head + "no\n")
        #expect(String(decoding: response.bytes(isHead: true), as: UTF8.self) == head)
    }
}

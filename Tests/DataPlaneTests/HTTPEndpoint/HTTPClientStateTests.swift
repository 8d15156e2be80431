import Testing

@testable import DataPlane

struct HTTPClientStateTests {
    private func body(_ step: HTTPClientState.Step) -> String? {
        guard case .response(let response) = step else { return nil }
        return String(decoding: response.body, as: UTF8.self)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 200\r\nContent-Length: 5\r\n\r\nhelloand more",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ])
    func readsResponsesInAnyFragmentation(_ text: String) {
        let wire = Array(text.utf8)
        for cut in 0...wire.count {
            var client = HTTPClientState()
            var step = client.receive(Array(wire[..<cut]))
            if case .more = step { step = client.receive(Array(wire[cut...])) }
            #expect(self.body(step) == "hello")
        }
    }

    @Test func readsUntilTheEndWhereNoLengthIsStated() {
        var client = HTTPClientState()
        #expect(client.receive(Array("HTTP/1.1 404 Not Found\r\n\r\nhel".utf8)) == .more)
        #expect(client.receive(Array("lo".utf8)) == .more)
        #expect(self.body(client.ended()) == "hello")
    }

    @Test(arguments: [
        ("HTTP/1.1 2xx OK\r\n\r\n", HTTPClientState.Failure.malformed),
        ("HTTP/2 200 OK\r\n\r\n", .malformed),
        ("SSH-2.0-x\r\n\r\n", .malformed),
        ("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", .tooLarge),
        ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 65), .tooLarge),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n", .tooLarge),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", .tooLarge),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", .malformed),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", .malformed),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx", .malformed),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n", .malformed),
        (String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 9), .malformed),
    ])
    func givesUpOn(_ text: String, _ failure: HTTPClientState.Failure) {
        var client = HTTPClientState(bodyLimit: 64)
        #expect(client.receive(Array(text.utf8)) == .failed(failure))
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"])
    func noticesAnEarlyEnd(_ text: String) {
        var client = HTTPClientState()
        #expect(client.receive(Array(text.utf8)) == .more)
        #expect(client.ended() == .failed(.endedEarly))
    }

    @Test func refusesToSendWhatBreaksOutOfItsLine() {
        #expect(HTTPClientRequest(host: "a", target: "/x\r\nA: b") == nil)
        #expect(HTTPClientRequest(host: "a b", target: "/x") == nil)
        #expect(HTTPClientRequest(host: "a", target: "x") == nil)
        #expect(HTTPClientRequest(host: "a", target: "/", fields: [HTTPField(name: "A", value: "b\n")]) == nil)
        let request = HTTPClientRequest(
            host: "169.254.170.2",
            target: "/v2/x?y",
            fields: [HTTPField(name: "Authorization", value: "t")]
        )
        let expected =
            "GET /v2/x?y HTTP/1.1\r\nHost: 169.254.170.2\r\nConnection: close\r\nAccept: */*\r\n"
            + "Authorization: t\r\n\r\n"
        #expect(request.map { String(decoding: $0.bytes, as: UTF8.self) } == expected)
    }
}

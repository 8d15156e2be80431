import MeshModel
import Testing

@testable import TunnelEngine

@Suite struct HTTP2HeaderRulesTests {
    private static func get(_ more: (String, String)...) -> [HTTP2Header] {
        HTTP2Wire.get + more.map { HTTP2Header($0.0, $0.1) }
    }

    private static func list(_ fields: (String, String)...) -> [HTTP2Header] {
        fields.map { HTTP2Header($0.0, $0.1) }
    }

    static let refusedRequests: [([HTTP2Header], HTTP2Error.Reason)] = [
        (get(("Upper", "x")), .headerNameInvalid),
        (get(("", "x")), .headerNameInvalid),
        (get(("a b", "x")), .headerNameInvalid),
        (get(("a:b", "x")), .headerNameInvalid),
        (get(("caf\u{e9}", "x")), .headerNameInvalid),
        (get(("a", "x\r\ny")), .headerValueInvalid),
        (get(("a", "x\ny")), .headerValueInvalid),
        (get(("a", "x\0y")), .headerValueInvalid),
        (get(("a", " x")), .headerValueInvalid),
        (get(("a", "x\t")), .headerValueInvalid),
        (get(("a", "x\u{7f}")), .headerValueInvalid),
        (get(("connection", "close")), .headerForbidden),
        (get(("keep-alive", "1")), .headerForbidden),
        (get(("proxy-connection", "close")), .headerForbidden),
        (get(("transfer-encoding", "chunked")), .headerForbidden),
        (get(("upgrade", "h2c")), .headerForbidden),
        (get(("te", "gzip")), .headerForbidden),
        (get(("te", "trailers, gzip")), .headerForbidden),
        (get(("host", "b.test")), .hostMismatch),
        (get(("host", "a.test"), ("host", "a.test")), .hostMismatch),
        (get((":method", "GET")), .pseudoHeaderDuplicate),
        (get((":authority", "a.test")), .pseudoHeaderDuplicate),
        (get((":status", "200")), .pseudoHeaderUnknown),
        (get((":protocol", "websocket")), .pseudoHeaderUnknown),
        (list((":method", "GET"), ("a", "b"), (":scheme", "https"), (":path", "/")), .pseudoHeaderMisplaced),
        (list((":scheme", "https"), (":path", "/")), .pseudoHeaderMissing),
        (list((":method", "GET"), (":path", "/")), .pseudoHeaderMissing),
        (list((":method", "GET"), (":scheme", "https")), .pseudoHeaderMissing),
        (list((":method", "GET"), (":scheme", "https"), (":path", "")), .pseudoHeaderInvalid),
        (list((":method", "GET"), (":scheme", "https"), (":path", "a")), .pseudoHeaderInvalid),
        (list((":method", "GET"), (":scheme", "https"), (":path", "*")), .pseudoHeaderInvalid),
        (list((":method", "GET"), (":scheme", "https"), (":path", "/a b")), .pseudoHeaderInvalid),
        (list((":method", "G T"), (":scheme", "https"), (":path", "/")), .pseudoHeaderInvalid),
        (list((":method", "GET"), (":scheme", "ht tp"), (":path", "/")), .pseudoHeaderInvalid),
        (list((":method", "CONNECT")), .pseudoHeaderMissing),
        (list((":method", "CONNECT"), (":authority", "")), .pseudoHeaderInvalid),
        (list((":method", "CONNECT"), (":authority", "a b:80")), .pseudoHeaderInvalid),
        (list((":method", "CONNECT"), (":authority", "user@a:80")), .pseudoHeaderInvalid),
        (list((":method", "CONNECT"), (":authority", "a:80/x")), .pseudoHeaderInvalid),
        (list((":method", "CONNECT"), (":authority", "a:80"), (":path", "/")), .pseudoHeaderInvalid),
        (list((":method", "CONNECT"), (":authority", "a:80"), (":scheme", "https")), .pseudoHeaderInvalid),
        (
            list(
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "https"),
                (":path", "/"),
                (":authority", "a")
            ), .pseudoHeaderUnknown
        ),
        ([], .pseudoHeaderMissing),
    ]

    @Test(arguments: refusedRequests)
    func refusesRequest(_ headers: [HTTP2Header], _ reason: HTTP2Error.Reason) {
        guard case .failure(let error) = HTTP2HeaderRules.checkRequest(headers) else {
            Issue.record("accepted \(headers)")
            return
        }
        #expect(error == HTTP2Error(.protocolError, reason))
        // A server answers by a reset, and its connection lives on; a client does not send it.
        let server = HTTP2TestEnd.ready(.server)
        #expect(server.receive(HTTP2Wire.headers(headers, stream: 1)) == nil)
        #expect(server.streams.isEmpty)
        #expect(server.takeFrames().map(\.code) == [.protocolError])
        #expect(HTTP2TestEnd.ready(.client).open(headers) == nil)
    }

    @Test(arguments: [
        HTTP2Wire.get, HTTP2Wire.connect,
        get(("te", "trailers"), ("host", "A.test"), ("x", ""), ("y", "tab\tinside"), ("z", "\u{e9}")),
        list((":method", "OPTIONS"), (":scheme", "https"), (":path", "*")),
        list((":method", "CONNECT"), (":authority", "[fd00::1]:8080"), ("baggage", "a=b,c=d")),
    ])
    func acceptsRequest(_ headers: [HTTP2Header]) {
        let server = HTTP2TestEnd.ready(.server)
        #expect(server.receive(HTTP2Wire.headers(headers, stream: 1)) == nil)
        #expect(server.listeners.first?.headers == [headers])
    }

    static let refusedResponses: [[HTTP2Header]] = [
        [], list((":status", "20")), list((":status", "2000")), list((":status", "2x0")), list((":status", "020")),
        list((":status", "101")), list((":status", "200"), (":status", "200")), list((":method", "GET")),
        list(("a", "b"), (":status", "200")), list((":status", "200"), ("connection", "close")),
        list((":status", "200"), ("A", "b")),
    ]

    @Test(arguments: refusedResponses)
    func refusesResponse(_ headers: [HTTP2Header]) throws {
        let client = HTTP2TestEnd.ready(.client)
        _ = client.open()
        #expect(client.receive(HTTP2Wire.headers(headers, stream: 1)) == nil)
        #expect(client.listeners[0].resets == ["protocolError"])
        #expect(client.takeFrames().last?.code == .protocolError)
        let server = HTTP2TestEnd.ready(.server)
        server.receive(HTTP2Wire.headers(HTTP2Wire.connect, stream: 1))
        #expect(!server.connection.sendHeaders(try #require(server.streams.first), headers, endStream: false))
        #expect(server.takeOutput().isEmpty)
    }

    @Test func informationalResponsesComeBeforeTheAnswerAndTrailersAfter() throws {
        let client = HTTP2TestEnd.ready(.client)
        _ = client.open(HTTP2Wire.get, endStream: true)
        client.receive(HTTP2Wire.headers(Self.list((":status", "103")), stream: 1))
        client.receive(HTTP2Wire.headers(Self.list((":status", "200")), stream: 1))
        client.receive(HTTP2Wire.frame(.data, stream: 1, [7]))
        client.receive(HTTP2Wire.headers(Self.list(("grpc-status", "0")), stream: 1, flags: 5))
        let listener = client.listeners[0]
        #expect(listener.headers.map { $0[0].value } == ["103", "200", "0"])
        #expect(listener.isEnded && listener.resets.isEmpty && client.streams[0].isClosed)
    }

    @Test func informationalResponseMustNotEndTheStream() {
        let client = HTTP2TestEnd.ready(.client)
        _ = client.open()
        client.receive(HTTP2Wire.headers(Self.list((":status", "100")), stream: 1, flags: 5))
        #expect(client.listeners[0].resets == ["protocolError"])
    }

    @Test func bytesThatAreNotUTF8AreTheStreamsFault() {
        let server = HTTP2TestEnd.ready(.server)
        let block = HTTP2Wire.block(HTTP2Wire.get) + [0x40, 1, 0x61, 2, 0xc3, 0x28]
        #expect(server.receive(HTTP2Wire.frame(.headers, flags: 5, stream: 1, block)) == nil)
        #expect(server.takeFrames().last?.code == .protocolError)
        // The compression tables still agree: 62 is that field.
        #expect(server.receive(HTTP2Wire.frame(.headers, flags: 5, stream: 3, [0xbe])) == nil)
    }

    @Test func masksSecrets() {
        #expect(HTTP2Header("authorization", "Bearer x", sensitive: true).description == "authorization: <masked>")
    }
}

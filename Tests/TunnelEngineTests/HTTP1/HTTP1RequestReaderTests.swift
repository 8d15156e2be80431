import MeshModel
import Testing

@testable import TunnelEngine

@Suite("Requests of HTTP/1.1")
struct HTTP1RequestReaderTests {
    private func read(_ text: String, limits: HTTPLimits = HTTPLimits()) throws -> HTTP1Reading.Message<HTTP1Request> {
        try #require(try HTTP1Reading.request(Array(text.utf8), limits: limits).get())
    }

    @Test("a request in origin form")
    func origin() throws {
        let message = try self.read("GET /a/b?c=d HTTP/1.1\r\nHost: Shop.example:80\r\nX-Thing:  one two \r\n\r\n")
        #expect(message.head.head.method == "GET")
        #expect(message.head.head.scheme == "http")
        #expect(message.head.head.authority == "Shop.example:80")
        #expect(message.head.head.path == "/a/b?c=d")
        #expect(message.head.head.fields == [HeaderField("x-thing", "one two")])
        #expect(message.head.framing == .none)
        #expect(message.head.keepsAlive)
    }

    @Test(
        "other forms of a target",
        arguments: [
            ("GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n", "http", "a.test", "/x?y"),
            ("GET HTTPS://A.test HTTP/1.1\r\nHost: a.test\r\n\r\n", "https", "a.test", "/"),
            ("GET http://a.test?q HTTP/1.1\r\nHost: a.test\r\n\r\n", "http", "a.test", "/?q"),
            ("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", "http", "a.test", "*"),
            ("OPTIONS http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n", "http", "a.test", "*"),
            ("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", "http", "a.test:443", ""),
            ("\r\nGET /é HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "http", "[2001:db8::1]:80", "/é"),
        ]
    )
    func forms(text: String, scheme: String, authority: String, path: String) throws {
        let head = try self.read(text).head.head
        #expect(head.scheme == scheme)
        #expect(head.authority == authority)
        #expect(head.path == path)
    }

    @Test(
        "what is no request",
        arguments: [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", HTTPRefusal.lineInvalid),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", .lineInvalid),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", .lineInvalid),
            ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", .fieldValueInvalid),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", .fieldFolded),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .fieldFolded),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .fieldNameInvalid),
            ("GET / HTTP/1.1\r\nHost\r\n\r\n", .fieldNameInvalid),
            ("GET / HTTP/1.1\r\n: a\r\n\r\n", .fieldNameInvalid),
            ("GET / HTTP/1.1\r\nHost: a\r\nX\u{0}Y: 1\r\n\r\n", .fieldNameInvalid),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{7f}\r\n\r\n", .fieldValueInvalid),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineInvalid),
            ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", .versionInvalid),
            ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .versionInvalid),
            ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineInvalid),
            (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineInvalid),
            ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineInvalid),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .versionInvalid),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionInvalid),
            ("GET / http/1.1\r\nHost: a\r\n\r\n", .versionInvalid),
            ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .versionInvalid),
            ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineInvalid),
            ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineInvalid),
            ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
            ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
            ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
            ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
            ("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
            ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", .hostMismatch),
            ("CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
            ("CONNECT b:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", .hostMismatch),
            ("GET / HTTP/1.1\r\n\r\n", .hostMissing),
            ("GET / HTTP/1.1\r\nHost:\r\n\r\n", .hostMissing),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .hostInvalid),
            ("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", .hostInvalid),
            ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .hostInvalid),
            ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", .versionTooLow),
        ]
    )
    func refused(text: String, refusal: HTTPRefusal) {
        #expect(HTTP1Reading.refusal(text) == refusal)
    }

    @Test("statuses, flags and details are Envoy's")
    func details() {
        #expect(HTTPRefusal.lineInvalid.status == 400)
        #expect(HTTPRefusal.lineInvalid.flag == "DPE")
        #expect(HTTPRefusal.lineInvalid.detail == "http1.codec_error")
        #expect(HTTPRefusal.lineInvalid.body == "Bad Request")
        #expect(HTTPRefusal.versionTooLow.status == 426)
        #expect(HTTPRefusal.versionTooLow.detail == "low_version")
        #expect(HTTPRefusal.hostMissing.detail == "missing_host_header")
        #expect(HTTPRefusal.headTooLarge.status == 431)
        #expect(HTTPRefusal.headTooLarge.detail == "request_headers_too_large")
        #expect(HTTPRefusal.tooManyFields.detail == "http.too_many_headers")
        #expect(HTTPRefusal.transferEncodingUnknown.status == 501)
        #expect(HTTPRefusal.transferEncodingUnknown.detail == "http1.invalid_transfer_encoding")
        #expect(HTTPRefusal.lengthAndChunked.detail == "http1.content_length_and_chunked_not_allowed")
        #expect(HTTPRefusal.headTimeout.status == 408)
    }

    @Test("HTTP/1.0 is served where it is allowed")
    func version10() throws {
        var limits = HTTPLimits()
        limits.allowsHTTP10 = true
        let plain = try self.read("GET / HTTP/1.0\r\nHost: a\r\n\r\n", limits: limits)
        #expect(plain.head.version == .http10)
        #expect(!plain.head.keepsAlive)
        let kept = try self.read("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", limits: limits)
        #expect(kept.head.keepsAlive)
        #expect(HTTP1Reading.refusal("GET / HTTP/1.0\r\n\r\n", limits: limits) == .hostMissing)
        let chunked = "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(HTTP1Reading.refusal(chunked, limits: limits) == .transferEncodingInHTTP10)
    }

    @Test("what is for one connection only goes no further")
    func hopByHop() throws {
        let message = try self.read(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Private ,te\r\nX-Private: 1\r\nKeep-Alive: 5\r\n"
                + "Proxy-Connection: x\r\nTE: gzip, trailers\r\nUpgrade: websocket\r\nX-Public: 2\r\n\r\n"
        )
        #expect(message.head.head.fields == [HeaderField("te", "trailers"), HeaderField("x-public", "2")])
        #expect(message.head.head.upgrade == nil, "Connection does not say upgrade")
        #expect(!message.head.keepsAlive)
    }

    @Test("nobody has the length or the host taken out")
    func nominatedFraming() throws {
        let message = try self.read(
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length, host\r\nContent-Length: 2\r\n\r\nhi"
        )
        #expect(message.head.head.fields == [HeaderField("content-length", "2")])
        #expect(message.head.head.authority == "a")
        #expect(message.body == Array("hi".utf8))
    }

    @Test("credentials are marked as such")
    func sensitive() throws {
        let head = try self.read("GET / HTTP/1.1\r\nHost: a\r\nCookie: b\r\nAuthorization: c\r\nX: d\r\n\r\n").head.head
        #expect(head.fields.map(\.sensitive) == [true, true, false])
    }

    @Test("an upgrade is asked for by Connection and Upgrade together, and never to HTTP/2")
    func upgrade() throws {
        let start = "GET / HTTP/1.1\r\nHost: a\r\n"
        let socket = try self.read(start + "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n")
        #expect(socket.head.head.upgrade == "WebSocket")
        #expect(socket.head.framing == .raw)
        #expect(socket.head.head.fields.isEmpty)
        let clear = try self.read(
            start + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
        )
        #expect(clear.head.head.upgrade == nil)
        #expect(clear.head.head.fields.isEmpty)
        #expect(clear.head.framing == .none)
        let several = try self.read(start + "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n")
        #expect(several.head.head.upgrade == nil)
        let withBody = try self.read(
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx"
        )
        #expect(withBody.head.head.upgrade == nil)
        #expect(withBody.body == [UInt8(ascii: "x")])
    }

    @Test("limits of a head")
    func limits() throws {
        let start = "GET / HTTP/1.1\r\nHost: a\r\n"
        let field = "x: 1\r\n"
        #expect(HTTP1Reading.refusal(start + String(repeating: field, count: 99) + "\r\n") == nil)
        #expect(HTTP1Reading.refusal(start + String(repeating: field, count: 100) + "\r\n") == .tooManyFields)
        let long = String(repeating: "a", count: 60 * 1024 - start.utf8.count - 7)
        #expect(HTTP1Reading.refusal(start + "x: \(long)\r\n\r\n") == nil)
        #expect(HTTP1Reading.refusal(start + "x: \(long)a\r\n\r\n") == .headTooLarge)
        #expect(
            HTTP1Reading.refusal(String(repeating: "a", count: 61 * 1024)) == .headTooLarge,
            "a line without an end"
        )
        let nominated = "Connection: " + (0..<101).map { "x\($0)" }.joined(separator: ",") + "\r\n\r\n"
        #expect(HTTP1Reading.refusal(start + nominated) == .tooManyFields)
    }

    @Test("bytes one by one read the same as all at once, whatever comes")
    func cuts() throws {
        let texts = [
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET",
            "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST",
            "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nwiki\r\n00\r\nT: u\r\n\r\nrest",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "GET /\nHost: a",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "GET / HTTP/1.1\r\n\r\n",
        ]
        for text in texts {
            let bytes = Array(text.utf8)
            let whole = HTTP1Reading.request(bytes)
            for step in [1, 2, 3, 7] {
                switch (whole, HTTP1Reading.request(bytes, step: step)) {
                case (.failure(let one), .failure(let other)): #expect(one == other)
                case (.success(let one), .success(let other)):
                    #expect(one?.head.head == other?.head.head)
                    #expect(one?.head.framing == other?.head.framing)
                    #expect(one?.body == other?.body)
                    #expect(one?.trailers == other?.trailers)
                    #expect(one?.isWhole == other?.isWhole)
                    #expect(one?.rest == other?.rest)
                default: Issue.record("\(text) is read otherwise in pieces of \(step)")
                }
            }
        }
    }
}

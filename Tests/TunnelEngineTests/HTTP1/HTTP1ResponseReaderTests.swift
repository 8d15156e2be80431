import MeshModel
import Testing

@testable import TunnelEngine

@Suite("Responses of HTTP/1.1")
struct HTTP1ResponseReaderTests {
    private func read(
        _ text: String,
        answering request: HTTP1ResponseReader.Request = .init()
    ) throws -> HTTP1Reading.Message<HTTP1Response> {
        try #require(try HTTP1Reading.response(Array(text.utf8), answering: request).get().message)
    }

    private func refusal(
        _ text: String,
        answering request: HTTP1ResponseReader.Request = .init()
    ) -> HTTPRefusal? {
        if case .failure(let refusal) = HTTP1Reading.response(Array(text.utf8), answering: request) {
            refusal
        } else {
            nil
        }
    }

    @Test("a response with a length")
    func counted() throws {
        let message = try self.read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\nhiHTTP/1.1")
        #expect(message.head.head.status == 200)
        #expect(message.head.head.fields == [HeaderField("content-length", "2"), HeaderField("server", "x")])
        #expect(message.body == Array("hi".utf8))
        #expect(message.isWhole)
        #expect(message.rest == Array("HTTP/1.1".utf8))
        #expect(message.head.keepsAlive)
    }

    @Test("chunks and trailers")
    func chunked() throws {
        let message = try self.read(
            "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\n"
        )
        #expect(message.body == Array("hi0123456789".utf8))
        #expect(message.trailers == [HeaderField("t", "u")])
        #expect(!message.head.keepsAlive)
        #expect(message.head.head.fields.isEmpty)
    }

    @Test("without a length the body goes on to the connection's end, which then carries nothing else")
    func untilClose() throws {
        let message = try self.read("HTTP/1.1 200 OK\r\n\r\nabc")
        #expect(message.head.framing == .untilClose)
        #expect(!message.head.keepsAlive)
        #expect(message.body == Array("abc".utf8))
        #expect(!message.isWhole)
        let old = try self.read("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx")
        #expect(!old.head.keepsAlive)
        #expect(
            try self.read("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx").head.keepsAlive
        )
    }

    @Test("responses without a body, whatever their fields say")
    func bodiless() throws {
        let head = try self.read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", answering: .init(isHead: true))
        #expect(head.isWhole)
        #expect(head.head.head.fields == [HeaderField("content-length", "5")])
        let unchanged = try self.read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")
        #expect(unchanged.isWhole)
        #expect(unchanged.head.head.fields == [HeaderField("content-length", "5")])
        let empty = try self.read("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
        #expect(empty.isWhole)
        #expect(empty.head.head.fields.isEmpty)
        let chunked = try self.read(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            answering: .init(isHead: true)
        )
        #expect(chunked.isWhole)
    }

    @Test("informational responses come before the final one")
    func informational() throws {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        let (message, informational) = try HTTP1Reading.response(Array(text.utf8)).get()
        #expect(informational.map(\.status) == [100, 103])
        #expect(informational.last?.fields == [HeaderField("link", "x")])
        #expect(message?.head.head.status == 200)
    }

    @Test("CVE-2024-23326: only 101 upgrades, and only what asked for it")
    func upgrade() throws {
        let asked = HTTP1ResponseReader.Request(asksForUpgrade: true)
        let text = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX: y\r\n\r\nraw"
        let accepted = try self.read(text, answering: asked)
        #expect(accepted.head.framing == .raw)
        #expect(accepted.head.head.fields == [HeaderField("x", "y")])
        #expect(accepted.body == Array("raw".utf8))
        #expect(self.refusal(text) == .upgradeUnexpected)
        let other = try self.read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", answering: asked)
        #expect(other.head.framing == .length(1))
    }

    @Test(
        "what is no response",
        arguments: [
            ("HTTP/1.1 200 OK\nX: y\r\n\r\n", HTTPRefusal.lineInvalid), ("HTTP/2.0 200 OK\r\n\r\n", .versionInvalid),
            ("HTTP/1.1 20 OK\r\n\r\n", .statusLineInvalid), ("HTTP/1.1 2000\r\n\r\n", .statusLineInvalid),
            ("HTTP/1.1 099 OK\r\n\r\n", .statusLineInvalid), ("HTTP/1.1 600 OK\r\n\r\n", .statusLineInvalid),
            ("HTTP/1.1  200 OK\r\n\r\n", .statusLineInvalid), ("HTTP/1.1 200 O\u{0}K\r\n\r\n", .statusLineInvalid),
            ("HTTP/1.1\r\n\r\n", .statusLineInvalid), ("\r\nHTTP/1.1 200 OK\r\n\r\n", .statusLineInvalid),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthAndChunked),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .transferEncodingUnknown),
            ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", .lengthsDiffer),
            ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: x\r\n\r\n", .transferEncodingUnknown),
            ("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", .fieldFolded),
        ]
    )
    func refused(text: String, refusal: HTTPRefusal) {
        #expect(self.refusal(text) == refusal)
    }

    @Test("bytes one by one read the same as all at once")
    func cuts() throws {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\nx"
        let whole = try #require(try HTTP1Reading.response(Array(text.utf8)).get().message)
        let parts = try #require(try HTTP1Reading.response(Array(text.utf8), step: 1).get().message)
        #expect(whole.head.head == parts.head.head)
        #expect(whole.body == parts.body)
        #expect(whole.trailers == parts.trailers)
        #expect(whole.rest == parts.rest)
    }
}

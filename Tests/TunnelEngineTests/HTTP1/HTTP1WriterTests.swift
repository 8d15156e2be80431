import MeshModel
import Testing

@testable import TunnelEngine

@Suite("Writing HTTP/1.1")
struct HTTP1WriterTests {
    private func text(_ write: (inout ByteQueue) -> Void) -> String {
        var queue = ByteQueue()
        write(&queue)
        return queue.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    private func request(_ head: HTTPRequestHead, endStream: Bool = true) -> (text: String, framing: HTTP1Framing?) {
        var framing: HTTP1Framing?
        let text = self.text { framing = HTTP1Writer.write(head, endStream: endStream, into: &$0) }
        return (text, framing)
    }

    private func response(
        _ head: HTTPResponseHead,
        endStream: Bool = true,
        _ answering: HTTP1Writer.Answering = .init()
    ) -> (text: String, framing: HTTP1Framing?) {
        var framing: HTTP1Framing?
        let text = self.text {
            framing = HTTP1Writer.write(head, endStream: endStream, answering: answering, into: &$0)
        }
        return (text, framing)
    }

    @Test("requests and their framing")
    func requests() {
        var head = HTTPRequestHead(method: "GET", authority: "a:1", path: "/x?y", fields: [HeaderField("b", "c")])
        #expect(self.request(head).text == "GET /x?y HTTP/1.1\r\nhost: a:1\r\nb: c\r\n\r\n")
        #expect(self.request(head).framing == HTTP1Framing.none)
        #expect(self.request(head, endStream: false).framing == .chunked)
        head.method = "POST"
        #expect(self.request(head).text.hasSuffix("\r\ncontent-length: 0\r\n\r\n"))
        #expect(self.request(head, endStream: false).text.hasSuffix("\r\ntransfer-encoding: chunked\r\n\r\n"))
        head.fields.append(HeaderField("content-length", "5"))
        #expect(self.request(head, endStream: false).framing == .length(5))
        #expect(self.request(head, endStream: true).framing == nil, "the length is not what follows")
        let socket = HTTPRequestHead(method: "GET", authority: "a", path: "/", upgrade: "websocket")
        #expect(
            self.request(socket, endStream: false)
                == ("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", .raw)
        )
        let tunnel = HTTPRequestHead(method: "CONNECT", authority: "a:1", path: "")
        #expect(self.request(tunnel, endStream: false) == ("CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n", .raw))
    }

    @Test("what only concerns the former hop is left out, and crumbs of a cookie become one")
    func fields() {
        let head = HTTPRequestHead(
            method: "GET",
            authority: "a",
            path: "/",
            fields: [
                HeaderField("host", "evil"), HeaderField("connection", "x"), HeaderField("cookie", "a=1"),
                HeaderField("transfer-encoding", "chunked"), HeaderField("upgrade", "h2c"), HeaderField("b", "c"),
                HeaderField("cookie", "d=2"), HeaderField("keep-alive", "1"), HeaderField("te", "trailers"),
            ]
        )
        #expect(
            self.request(head).text
                == "GET / HTTP/1.1\r\nhost: a\r\ncookie: a=1; d=2\r\nb: c\r\nte: trailers\r\n\r\n"
        )
    }

    @Test("responses and their framing")
    func responses() {
        var head = HTTPResponseHead(status: 200, fields: [HeaderField("a", "b")])
        #expect(self.response(head).text == "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 0\r\n\r\n")
        #expect(self.response(head, endStream: false).framing == .chunked)
        #expect(self.response(head, endStream: false, .init(version: .http10)).framing == .untilClose)
        #expect(self.response(head, .init(closes: true)).text.hasSuffix("\r\nconnection: close\r\n\r\n"))
        #expect(self.response(head, .init(version: .http10)).text.hasSuffix("\r\nconnection: keep-alive\r\n\r\n"))
        #expect(self.response(head, .init(isHead: true)).text == "HTTP/1.1 200 OK\r\na: b\r\n\r\n")
        head.fields = [HeaderField("content-length", "7")]
        #expect(self.response(head).framing == nil)
        #expect(self.response(head, endStream: false).framing == .length(7))
        #expect(self.response(head, .init(isHead: true)).text == "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n")
        head.status = 304
        #expect(self.response(head).text == "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n")
        head.status = 204
        #expect(self.response(head).text == "HTTP/1.1 204 No Content\r\n\r\n")
        head.status = 100
        #expect(self.response(head).text == "HTTP/1.1 100 Continue\r\n\r\n")
        head.status = 99
        #expect(self.response(head).framing == nil)
    }

    private func response(
        _ head: HTTPResponseHead,
        _ answering: HTTP1Writer.Answering
    ) -> (text: String, framing: HTTP1Framing?) {
        self.response(head, endStream: true, answering)
    }

    @Test("chunks and trailers")
    func chunks() {
        #expect(self.text { HTTP1Writer.writeChunkStart(4096, into: &$0) } == "1000\r\n")
        #expect(self.text { HTTP1Writer.writeChunkStart(.max, into: &$0) } == "7fffffffffffffff\r\n")
        #expect(self.text { HTTP1Writer.writeChunkEnd(into: &$0) } == "\r\n")
        let trailers = [
            HeaderField("grpc-status", "0"), HeaderField("x", "a\r\nb"), HeaderField("content-length", "1"),
        ]
        #expect(self.text { HTTP1Writer.writeEnd(trailers: trailers, into: &$0) } == "0\r\ngrpc-status: 0\r\n\r\n")
    }
}

import MeshModel
import Testing

@testable import TunnelEngine

/// Messages that two parties could read in two ways, by the names under which they became known.
@Suite("Smuggling in HTTP/1.1")
struct HTTP1SmugglingTests {
    private static let start = "POST / HTTP/1.1\r\nHost: a\r\n"

    @Test(
        "CL.TE, TE.CL and TE.TE: what could be framed in two ways is refused",
        arguments: [
            ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", HTTPRefusal.lengthAndChunked),
            ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", .lengthAndChunked),
            ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthAndChunked),
            ("Content-Length: 4\r\nTransfer-Encoding: identity\r\n\r\n", .lengthAndChunked),
            ("Transfer-Encoding: chunked, chunked\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding: gzip, chunked\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding: xchunked\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding: chunked;q=1\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding: \"chunked\"\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding:\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding: identity\r\n\r\n", .transferEncodingUnknown),
            ("Transfer-Encoding : chunked\r\n\r\n", .fieldNameInvalid),
            ("Transfer-Encoding\r\n : chunked\r\n\r\n", .fieldNameInvalid),
            ("X: y\r\n Transfer-Encoding: chunked\r\n\r\n", .fieldFolded),
            ("X: y\nTransfer-Encoding: chunked\r\n\r\n", .lineInvalid),
            ("X: y\rTransfer-Encoding: chunked\r\n\r\n", .fieldValueInvalid),
            ("Transfer-Encoding: \u{b}chunked\r\n\r\n", .fieldValueInvalid),
            ("Transfer-Encoding: chunked\u{0}\r\n\r\n", .fieldValueInvalid),
        ]
    )
    func framing(fields: String, refusal: HTTPRefusal) {
        #expect(HTTP1Reading.refusal(Self.start + fields + "0\r\n\r\n") == refusal)
    }

    @Test(
        "lengths that are none, or not one",
        arguments: [
            ("Content-Length: 1\r\nContent-Length: 2\r\n\r\n", HTTPRefusal.lengthsDiffer),
            ("Content-Length: 1, 1\r\n\r\n", .lengthInvalid), ("Content-Length: +1\r\n\r\n", .lengthInvalid),
            ("Content-Length: -1\r\n\r\n", .lengthInvalid), ("Content-Length: 0x1\r\n\r\n", .lengthInvalid),
            ("Content-Length: 1 1\r\n\r\n", .lengthInvalid), ("Content-Length:\r\n\r\n", .lengthInvalid),
            ("Content-Length: 18446744073709551617\r\n\r\n", .lengthInvalid),
            ("Content-Length: 9223372036854775807\r\n\r\n", .lengthInvalid),
            ("Content-Length: 1_0\r\n\r\n", .lengthInvalid), ("Content-Length: １\r\n\r\n", .lengthInvalid),
            ("Content-Length : 1\r\n\r\n", .fieldNameInvalid),
        ]
    )
    func lengths(fields: String, refusal: HTTPRefusal) {
        #expect(HTTP1Reading.refusal(Self.start + fields + "x") == refusal)
    }

    @Test("the same length twice goes on once")
    func sameLength() throws {
        let text = Self.start + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"
        let message = try #require(try HTTP1Reading.request(Array(text.utf8)).get())
        #expect(message.head.head.fields == [HeaderField("content-length", "1")])
        #expect(message.body == [UInt8(ascii: "x")])
    }

    @Test(
        "chunks that are none",
        arguments: [
            ("x\r\n", HTTPRefusal.chunkInvalid), ("\r\n", .chunkInvalid), ("1\n", .chunkInvalid),
            ("1\rx", .chunkInvalid), ("1\r\nab\r\n", .chunkInvalid), ("1\r\na\n", .chunkInvalid),
            ("1 \r\na", .chunkInvalid), (" 1\r\na", .chunkInvalid), ("0x1\r\na", .chunkInvalid),
            ("-1\r\na", .chunkInvalid), ("+1\r\na", .chunkInvalid), ("1;a\nb\r\n", .chunkInvalid),
            ("1;\u{0}\r\n", .chunkInvalid), ("11111111111111111\r\n", .chunkInvalid),
            ("ffffffffffffffff\r\n", .chunkInvalid), ("00000000000000001\r\n", .chunkInvalid),
            ("0\r\n: x\r\n\r\n", .fieldNameInvalid), ("0\r\nX : y\r\n\r\n", .fieldNameInvalid),
            ("0\r\nX: y\n\r\n", .lineInvalid), ("0\r\n\n", .lineInvalid),
        ]
    )
    func chunks(body: String, refusal: HTTPRefusal) {
        #expect(HTTP1Reading.refusal(Self.start + "Transfer-Encoding: chunked\r\n\r\n" + body) == refusal)
    }

    @Test("chunk extensions are bounded together")
    func extensions() throws {
        let start = Self.start + "Transfer-Encoding: Chunked\r\n\r\n"
        let chunk = "1;" + String(repeating: "e", count: 1023) + "\r\nx\r\n"
        #expect(HTTP1Reading.refusal(start + String(repeating: chunk, count: 4) + "0\r\n\r\n") == nil)
        let more = start + String(repeating: chunk, count: 4) + "0;e\r\n\r\n"
        #expect(HTTP1Reading.refusal(more) == .chunkExtensionTooLong)
    }

    @Test("trailers bring nothing that frames, addresses or allows a message")
    func trailers() throws {
        let text =
            Self.start + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
            + "Host: b\r\nAuthorization: x\r\nConnection: close\r\nGrpc-Status: 0\r\n\r\n"
        let message = try #require(try HTTP1Reading.request(Array(text.utf8)).get())
        #expect(message.isWhole)
        #expect(message.trailers == [HeaderField("grpc-status", "0")])
        let many = Self.start + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + String(repeating: "a: b\r\n", count: 101)
        #expect(HTTP1Reading.refusal(many) == .tooManyFields)
        let long = "0\r\nx: " + String(repeating: "a", count: 61 * 1024)
        #expect(HTTP1Reading.refusal(Self.start + "Transfer-Encoding: chunked\r\n\r\n" + long) == .headTooLarge)
    }

    @Test("CVE-2019-9900: NUL in a value, a name, or the target")
    func nul() {
        #expect(HTTP1Reading.refusal("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n") == .fieldValueInvalid)
        #expect(HTTP1Reading.refusal("GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n") == .requestLineInvalid)
        #expect(HTTP1Reading.refusal("GET / HTTP/1.1\r\nHost: a\u{0}\r\n\r\n") == .fieldValueInvalid)
    }

    @Test("CVE-2023-27488, CVE-2026-73552: bytes that are no UTF-8")
    func notUTF8() {
        let start = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
        #expect(HTTP1Reading.refusal(start + [0xff] + Array("\r\n\r\n".utf8)) == .notUTF8)
        let path = Array("GET /".utf8) + [0xc0, 0xaf] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(HTTP1Reading.refusal(path) == .notUTF8)
    }

    @Test("CVE-2026-73550: more than one host")
    func hosts() {
        #expect(HTTP1Reading.refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == .hostRepeated)
    }

    @Test("GHSA-w44g-8m76-8gc5: a known method in another case", arguments: ["get", "Get", "dELETE", "oPTIONS"])
    func methods(method: String) {
        #expect(HTTP1Reading.refusal("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n") == .methodInvalid)
        #expect(HTTP1Reading.refusal("m-search / HTTP/1.1\r\nHost: a\r\n\r\n") == nil, "an unknown one may be anything")
    }

    @Test("CVE-2023-27493, CVE-2023-27491: nothing we write ends its line")
    func writing() {
        var queue = ByteQueue()
        func fits(_ head: HTTPRequestHead) -> Bool { HTTP1Writer.write(head, endStream: true, into: &queue) != nil }
        let good = HTTPRequestHead(method: "GET", authority: "a", path: "/")
        #expect(fits(good))
        queue.clear()
        var bad: [HTTPRequestHead] = []
        for value in ["x\r\ny: z", "x\ny", "x\u{0}", "x\ry"] {
            var head = good
            head.fields = [HeaderField("x", value)]
            bad.append(head)
            head.fields = [HeaderField("cookie", value)]
            bad.append(head)
            head.fields = [HeaderField(value, "x")]
            bad.append(head)
            bad.append(HTTPRequestHead(method: value, authority: "a", path: "/"))
            bad.append(HTTPRequestHead(method: "GET", authority: value, path: "/"))
            bad.append(HTTPRequestHead(method: "GET", authority: "a", path: "/" + value))
            bad.append(HTTPRequestHead(method: "GET", authority: "a", path: "/", upgrade: value))
        }
        bad.append(HTTPRequestHead(method: "GET", authority: "a", path: "/x HTTP/1.1"))
        bad.append(HTTPRequestHead(method: "GET", authority: "a", path: ""))
        bad.append(HTTPRequestHead(method: "GET", authority: "", path: "/"))
        bad.append(HTTPRequestHead(method: "get", authority: "a", path: "/"))
        var lengths = good
        lengths.fields = [HeaderField("content-length", "0"), HeaderField("content-length", "0")]
        bad.append(lengths)
        lengths.fields = [HeaderField("content-length", "1,1")]
        bad.append(lengths)
        for head in bad { #expect(!fits(head), "\(head)") }
        let left = queue.count
        #expect(left == 0, "half a head was left")
        var response = HTTPResponseHead(status: 200, fields: [HeaderField("a", "b\r\n\r\n")])
        #expect(HTTP1Writer.write(response, endStream: true, answering: .init(), into: &queue) == nil)
        response.fields = [HeaderField("a:b", "c")]
        #expect(HTTP1Writer.write(response, endStream: true, answering: .init(), into: &queue) == nil)
        let leftAfter = queue.count
        #expect(leftAfter == 0)
    }
}

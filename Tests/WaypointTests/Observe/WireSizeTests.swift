import MeshModel
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("What is counted of heads, bodies and messages")
struct WireSizeTests {
    private let fields = [HeaderField("accept", "*/*")]

    @Test("a head of HTTP/1.1 counts as it is written")
    func textHeads() {
        let request = HTTPRequestHead(method: "GET", authority: "echo.demo", path: "/a?b=c", fields: self.fields)
        let text = "GET /a?b=c HTTP/1.1\r\nhost: echo.demo\r\naccept: */*\r\n\r\n"
        #expect(WireSize.head(request, .http11) == UInt64(text.utf8.count))
        let response = HTTPResponseHead(status: 200, fields: self.fields)
        #expect(WireSize.head(response, .http11) == UInt64("HTTP/1.1 200 \r\naccept: */*\r\n\r\n".utf8.count))
    }

    @Test("a head of HTTP/2 counts its frame and its fields before compression")
    func binaryHeads() {
        let request = HTTPRequestHead(method: "GET", authority: "echo.demo", path: "/a", fields: self.fields)
        let text = ":methodGET:schemehttp:authorityecho.demo:path/aaccept*/*"
        #expect(WireSize.head(request, .http2) == UInt64(9 + text.utf8.count + 5 * 3))
        let response = HTTPResponseHead(status: 200, fields: self.fields)
        #expect(WireSize.head(response, .http2) == UInt64(9 + ":status200accept*/*".utf8.count + 2 * 3))
    }

    @Test("trailers, and none")
    func trailers() {
        #expect(WireSize.trailers([], .http11) == 0)
        #expect(WireSize.trailers(self.fields, .http11) == UInt64("accept: */*\r\n\r\n".utf8.count))
        #expect(WireSize.trailers(self.fields, .http2) == UInt64(9 + "accept*/*".utf8.count + 3))
    }

    @Test(
        "framing of a piece",
        arguments: [(0, 0), (1, 5), (15, 5), (16, 6), (255, 6), (256, 7), (65_536, 9)] as [(Int, UInt64)]
    )
    func chunks(_ count: Int, _ expected: UInt64) {
        #expect(WireSize.framing(count, .http11, isChunked: true) == expected)
        #expect(WireSize.framing(count, .http11, isChunked: false) == 0)
        #expect(WireSize.framing(count, .http2, isChunked: false) == 9)
    }

    @Test("messages of gRPC, in pieces of every size", arguments: 1...13)
    func messages(_ size: Int) {
        // Three messages: of 3 bytes, empty, compressed of 260 bytes.
        var bytes: [UInt8] = [0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 1, 0, 0, 1, 4]
        bytes += [UInt8](repeating: 9, count: 260)
        var count = GRPCMessageCount()
        for start in stride(from: 0, to: bytes.count, by: size) {
            let end = min(bytes.count, start + size)
            bytes.withUnsafeBytes { count.take(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
        }
        #expect(count.messages == 3)
    }

    @Test("what goes on is counted once an interval")
    func reporting() {
        var clock = ReportingClock(now: 1_000)
        let asked: [(now: UInt64, interval: UInt64)] = [
            (1_000, 0), (10_999, 10_000), (11_000, 10_000), (20_999, 10_000), (0, 0),
        ]
        // The last one is a clock that went back.
        let due = asked.map { clock.isDue(now: $0.now, interval: $0.interval) }
        #expect(due == [true, false, true, false, false])
    }

    @Test("a message of the greatest length that can be said")
    func longest() {
        var count = GRPCMessageCount()
        let bytes: [UInt8] = [0, 255, 255, 255, 255, 7, 7, 7]
        for _ in 0..<2 { bytes.withUnsafeBytes { count.take($0) } }
        #expect(count.messages == 1)
    }
}

import DataPlane
import Testing

@testable import ZTunnel

struct HTTPRequestBodyTests {
    /// Feeds the text whole, byte by byte, and in two pieces at every place: the count must be the same.
    private func count(_ length: HTTPBodyLength, _ text: String) -> Int? {
        let bytes = Array(text.utf8)
        var whole = HTTPRequestBody(length)
        let count = whole.count(of: bytes)
        var single = HTTPRequestBody(length)
        guard bytes.reduce(0, { $0 + single.count(of: [$1]) }) == count else { return nil }
        for place in 0...bytes.count {
            var body = HTTPRequestBody(length)
            guard body.count(of: bytes[..<place]) + body.count(of: bytes[place...]) == count else { return nil }
        }
        return count
    }

    @Test func endsWhereTheLengthSays() {
        #expect(self.count(.unstated, "GET / HTTP/1.1") == 0)
        #expect(self.count(.bytes(0), "GET") == 0)
        #expect(self.count(.bytes(3), "okGET") == 3)
        #expect(self.count(.bytes(30), "okGET") == 5)
    }

    @Test(arguments: [
        "0\r\n\r\n", "2\r\nok\r\n0\r\n\r\n", "00a;x=y\r\n0123456789\r\n1\r\n\n\r\n0\r\nX: y\r\nZ: w\r\n\r\n",
        "2 \r\n\r\n\r\n0\r\n\r\n",
    ])
    func endsBehindTheLastChunk(_ chunks: String) {
        #expect(self.count(.chunked, chunks) == chunks.utf8.count)
        #expect(self.count(.chunked, chunks + "GET / HTTP/1.1\r\n\r\n") == chunks.utf8.count)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "\r\nGET /", "2\nokGET /", "2\r\nokGET /", "-1\r\nGET /", "0x2\r\nGET /",
        "fffffffffffffffff\r\nGET /", ";\r\nGET /", "2;\nokGET /", "0\r\n\nGET /", "1\r\rGET /", "2 2;\nGET /",
    ])
    func passesNothingBehindWhatIsNoChunk(_ chunks: String) {
        let count = self.count(.chunked, chunks)
        #expect(count.map { !chunks.utf8.prefix($0).contains(UInt8(ascii: "/")) } == true)
    }

    @Test func boundsItsLines() {
        let endless = "1;" + String(repeating: "x", count: 100_000)
        var body = HTTPRequestBody(.chunked)
        #expect(body.count(of: Array(endless.utf8)) < 10_000)
        #expect(body.count(of: Array("\r\n".utf8)) == 0)
    }
}

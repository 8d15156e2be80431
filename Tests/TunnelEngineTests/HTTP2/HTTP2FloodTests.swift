import MeshModel
import Testing

@testable import TunnelEngine

/// The floods that HTTP/2 servers have fallen to: each ends with ENHANCE_YOUR_CALM, and honest traffic never does.
@Suite struct HTTP2FloodTests {
    private typealias Wire = HTTP2Wire

    /// Sends pieces until one is refused; the output is read all the while, as a lively peer would.
    private func flood(_ end: HTTP2TestEnd, _ count: Int, _ piece: (Int) -> [UInt8]) -> (at: Int, error: HTTP2Error)? {
        for index in 0..<count {
            if let error = end.receive(piece(index)) { return (index, error) }
            _ = end.takeOutput()
        }
        return nil
    }

    private func expectCalm(
        _ result: (at: Int, error: HTTP2Error)?,
        _ reason: HTTP2Error.Reason,
        at index: Int
    ) {
        #expect(result?.error == HTTP2Error(.enhanceYourCalm, reason))
        #expect(result?.at == index)
    }

    @Test func rapidReset() {
        let server = HTTP2TestEnd.ready(.server)
        let result = self.flood(server, 2000) {
            let id = UInt32($0 * 2 + 1)
            return Wire.headers(Wire.connect, stream: id) + Wire.frame(.rstStream, stream: id, Wire.word(8))
        }
        self.expectCalm(result, .resetFlood, at: 1000)
    }

    @Test func resetsOfAnsweredTunnelsAreNoFlood() {
        let server = HTTP2TestEnd.ready(.server)
        server.onRequest = { [unowned server] in
            #expect(server.connection.sendHeaders($0, [HTTP2Header(":status", "200")], endStream: false))
        }
        let result = self.flood(server, 20_000) {
            let id = UInt32($0 * 2 + 1)
            return Wire.headers(Wire.connect, stream: id) + Wire.frame(.rstStream, stream: id, Wire.word(8))
        }
        #expect(result == nil)
    }

    @Test func madeYouReset() {
        let server = HTTP2TestEnd.ready(.server)
        let result = self.flood(server, 2000) {
            let id = UInt32($0 * 2 + 1)
            return Wire.headers(Wire.connect, stream: id) + Wire.frame(.windowUpdate, stream: id, Wire.word(0))
        }
        self.expectCalm(result, .streamErrorFlood, at: 200)
        #expect(server.listeners.prefix(200).allSatisfy { $0.resets == ["protocolError"] })
    }

    @Test func malformedRequestsAndRefusedStreamsCountAlike() {
        let bad = [HTTP2Header(":method", "CONNECT")]
        let malformed = self.flood(HTTP2TestEnd.ready(.server), 2000) { Wire.headers(bad, stream: UInt32($0 * 2 + 1)) }
        self.expectCalm(malformed, .streamErrorFlood, at: 200)
        let crowd = self.flood(HTTP2TestEnd.ready(.server), 2000) {
            Wire.headers(Wire.get, stream: UInt32($0 * 2 + 1))
        }
        self.expectCalm(crowd, .streamErrorFlood, at: 400)
    }

    static let controlFrames: [(String, [UInt8])] = [
        ("PING", HTTP2Wire.frame(.ping, Array(repeating: 1, count: 8))),
        ("PING ACK", HTTP2Wire.frame(.ping, flags: 1, Array(repeating: 1, count: 8))),
        ("SETTINGS", HTTP2Wire.frame(.settings)),
        ("SETTINGS with window", HTTP2Wire.frame(.settings, HTTP2Wire.setting(4, 70_000))),
        ("SETTINGS ACK", HTTP2Wire.frame(.settings, flags: 1)),
        ("PRIORITY", HTTP2Wire.frame(.priority, stream: 5, [0, 0, 0, 1, 1])),
        ("GOAWAY", HTTP2Wire.frame(.goAway, HTTP2Wire.word(0) + HTTP2Wire.word(0))),
    ]

    @Test(arguments: controlFrames)
    func controlFrameFlood(_ name: String, _ frame: [UInt8]) throws {
        let result = try #require(self.flood(HTTP2TestEnd.ready(.server), 2000) { _ in frame })
        #expect(result.error == HTTP2Error(.enhanceYourCalm, .controlFlood))
        // The SETTINGS of the start count.
        #expect((399...400).contains(result.at))
    }

    @Test func resetsOfClosedStreamsAreControlFrames() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.get, stream: 1))
        let result = self.flood(server, 2000) { _ in Wire.frame(.rstStream, stream: 1, Wire.word(8)) }
        self.expectCalm(result, .controlFlood, at: 400)
    }

    @Test func informationalResponsesAreControlFrames() {
        let client = HTTP2TestEnd.ready(.client)
        _ = client.open()
        let hint = Wire.headers([HTTP2Header(":status", "103")], stream: 1)
        self.expectCalm(self.flood(client, 2000) { _ in hint }, .controlFlood, at: 399)
    }

    @Test func keepAliveForDaysIsNoFlood() {
        let server = HTTP2TestEnd.ready(.server)
        for second in 0..<20_000 {
            server.now = UInt64(second) * 5_000
            #expect(server.receive(Wire.frame(.ping, Array(repeating: 1, count: 8))) == nil)
            _ = server.takeOutput()
        }
    }

    @Test func budgetsAreRefilledByTime() {
        let server = HTTP2TestEnd.ready(.server)
        let ping = Wire.frame(.ping, Array(repeating: 1, count: 8))
        server.now = 1_000_000
        #expect(self.flood(server, 400) { _ in ping } == nil)
        server.now += 29_999
        #expect(server.receive(ping)?.reason == .controlFlood)
        let other = HTTP2TestEnd.ready(.server)
        other.now = 1_000_000
        #expect(self.flood(other, 400) { _ in ping } == nil)
        other.now += 30_000
        #expect(self.flood(other, 400) { _ in ping } == nil)
    }

    @Test func windowUpdates() {
        let server = HTTP2TestEnd.ready(.server)
        let update = Wire.frame(.windowUpdate, Wire.word(1))
        self.expectCalm(self.flood(server, 200_000) { _ in update }, .windowUpdateFlood, at: 10_000)
    }

    @Test func windowUpdatesThatAnswerDataAreNoFlood() {
        let client = HTTP2TestEnd.ready(.client)
        guard let stream = client.open() else { return }
        client.receive(Wire.headers([HTTP2Header(":status", "200")], stream: 1))
        for _ in 0..<30_000 {
            let sent = client.send(stream, [1]).sent
            #expect(sent == 1)
            let update = Wire.frame(.windowUpdate, Wire.word(1)) + Wire.frame(.windowUpdate, stream: 1, Wire.word(1))
            #expect(client.receive(update) == nil)
        }
    }

    @Test func unknownFrames() {
        let result = self.flood(HTTP2TestEnd.ready(.server), 100_000) { _ in Wire.frame(type: 250, [1, 2, 3]) }
        self.expectCalm(result, .unknownFrameFlood, at: 1000)
    }

    @Test(arguments: [
        HTTP2Wire.frame(.data, stream: 1), HTTP2Wire.frame(.data, flags: 8, stream: 1, [0]),
        HTTP2Wire.frame(.data, flags: 8, stream: 1, [5, 0, 0, 0, 0, 0]),
    ])
    func emptyData(_ frame: [UInt8]) {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.connect, stream: 1))
        self.expectCalm(self.flood(server, 2000) { _ in frame }, .emptyDataFlood, at: 200)
    }

    @Test func oneByteDataInBulk() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.connect, stream: 1) + Wire.headers(Wire.connect, stream: 3))
        let burst = (0..<500).flatMap { Wire.frame(.data, stream: $0 % 2 == 0 ? 1 : 3, [7]) }
        let result = self.flood(server, 120) { _ in burst }
        #expect(result?.error == HTTP2Error(.enhanceYourCalm, .smallDataFlood))
        #expect((20...30).contains(result?.at ?? 0))
    }

    @Test func keystrokesAndRoundTripsAreNoFlood() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.connect, stream: 1) + Wire.headers(Wire.connect, stream: 3))
        // One byte on each of two streams in a read, 100,000 times within one window.
        let keys = Wire.frame(.data, stream: 1, [7]) + Wire.frame(.data, stream: 3, [7])
        #expect(self.flood(server, 100_000) { _ in keys } == nil)
        #expect(server.listeners[0].bytes.count == 100_000)
    }

    @Test func smallMessagesInBulkAreNoFlood() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.connect, stream: 1))
        let burst = (0..<100).flatMap { _ in Wire.frame(.data, stream: 1, [1, 2, 3, 4, 5]) }
        #expect(self.flood(server, 2000) { _ in burst } == nil)
    }

    @Test func smallDataForAStreamThatWeReset() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.connect, stream: 1))
        server.connection.reset(server.streams[0], .cancel)
        let result = self.flood(server, 60_000) { _ in Wire.frame(.data, stream: 1, [7]) }
        #expect(result?.error == HTTP2Error(.enhanceYourCalm, .smallDataFlood))
    }

    @Test(arguments: [[], [0x82] as [UInt8]])
    func continuations(_ fragment: [UInt8]) {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.frame(.headers, stream: 1, Wire.block(Wire.get)))
        let result = self.flood(server, 2000) { _ in Wire.frame(.continuation, stream: 1, fragment) }
        self.expectCalm(result, .continuationFlood, at: 8)
    }

    @Test func continuationsUpToTheLimitAreRead() {
        let server = HTTP2TestEnd.ready(.server)
        let block = Wire.block(HTTP2Wire.get)
        server.receive(Wire.frame(.headers, flags: 1, stream: 1, Array(block.prefix(3))))
        for index in 3..<10 { server.receive(Wire.frame(.continuation, stream: 1, [block[index]])) }
        #expect(server.receive(Wire.frame(.continuation, flags: 4, stream: 1, Array(block.dropFirst(10)))) == nil)
        #expect(server.listeners.first?.headers == [HTTP2Wire.get])
        #expect(server.events.contains("open 1 end"))
    }

    static let largeHeaders: [(String, [UInt8], Bool)] = [
        ("17 kB header", HTTP2Wire.block([HTTP2Header("a", String(repeating: "x", count: 17_000))]), false),
        (
            "3 kB header 1000 times by index",
            [0x40] + HTTP2Wire.string("b") + HTTP2Wire.string(String(repeating: "x", count: 3000))
                + Array(repeating: 0xbe, count: 1000), false
        ),
        ("600 tiny headers", (0..<600).flatMap { _ in [0, 1, 0x61, 1, 0x62] as [UInt8] }, false),
        ("15 kB header", HTTP2Wire.block([HTTP2Header("a", String(repeating: "x", count: 15_000))]), true),
        ("430 tiny headers", (0..<430).flatMap { _ in [0, 1, 0x61, 1, 0x62] as [UInt8] }, true),
    ]

    @Test(arguments: largeHeaders)
    func headerListsAreBounded(_ name: String, _ fields: [UInt8], _ isAccepted: Bool) {
        let server = HTTP2TestEnd.ready(.server)
        let error = server.receive(Wire.frame(.headers, flags: 5, stream: 1, Wire.block(Wire.get) + fields))
        #expect((error == nil) == isAccepted)
        if !isAccepted { #expect(error?.code == .enhanceYourCalm) }
        #expect(server.streams.count == (isAccepted ? 1 : 0))
    }

    @Test func largeHeadersInContinuations() {
        let server = HTTP2TestEnd.ready(.server)
        let fragment = [UInt8](repeating: 0x61, count: 6000)
        server.receive(Wire.frame(.headers, stream: 1, fragment))
        #expect(server.receive(Wire.frame(.continuation, stream: 1, fragment)) == nil)
        #expect(server.receive(Wire.frame(.continuation, stream: 1, fragment))?.reason == .headerBlockTooLarge)
    }

    @Test func answersThatThePeerDoesNotReadAreBounded() {
        var limits = HTTP2Limits()
        limits.controlFramesPerWindow = 1_000_000
        let server = HTTP2TestEnd.ready(.server, limits: limits)
        let ping = Wire.frame(.ping, Array(repeating: 1, count: 8))
        var error: HTTP2Error?
        for _ in 0..<10_000 where error == nil { error = server.receive(ping) }
        #expect(error == HTTP2Error(.enhanceYourCalm, .outputFlood))
        #expect(server.connection.output.count < 65 * 1024)

        // A reader that is always one step behind is no flood.
        let slow = HTTP2TestEnd.ready(.server, limits: limits)
        for _ in 0..<20_000 {
            #expect(slow.receive(ping) == nil)
            if slow.connection.output.count > 40 { slow.connection.output.consume(17) }
        }
    }
}

import MeshModel
import Testing

@testable import TunnelEngine

/// One broken rule and what must come of it.
struct BrokenRule: CustomTestStringConvertible, Sendable {
    var name: String
    var bytes: [UInt8]
    var code: HTTP2ErrorCode
    var reason: HTTP2Error.Reason

    init(_ name: String, _ bytes: [UInt8], _ code: HTTP2ErrorCode, _ reason: HTTP2Error.Reason) {
        self.name = name
        self.bytes = bytes
        self.code = code
        self.reason = reason
    }

    var testDescription: String { self.name }
}

@Suite struct HTTP2FrameRulesTests {
    private typealias Wire = HTTP2Wire

    private static let ended = Wire.headers(Wire.get, stream: 1, flags: 5)
    private static let open = Wire.headers(Wire.get, stream: 1)

    /// Each ends the connection of a server that has read preface and SETTINGS.
    static let connectionErrors: [BrokenRule] = [
        BrokenRule("DATA on stream 0", Wire.frame(.data, [1]), .protocolError, .frameOnStreamZero),
        BrokenRule("DATA on an idle stream", Wire.frame(.data, stream: 1, [1]), .protocolError, .frameOnIdleStream),
        BrokenRule(
            "padded DATA without a length",
            open + Wire.frame(.data, flags: 8, stream: 1),
            .frameSizeError,
            .frameLengthWrong
        ),
        BrokenRule(
            "DATA padding as long as the frame",
            open + Wire.frame(.data, flags: 8, stream: 1, [3, 0, 0]),
            .protocolError,
            .paddingTooLong
        ),
        BrokenRule("HEADERS on stream 0", Wire.headers(Wire.get, stream: 0), .protocolError, .frameOnStreamZero),
        BrokenRule("HEADERS on an even stream", Wire.headers(Wire.get, stream: 2), .protocolError, .streamIDInvalid),
        BrokenRule(
            "HEADERS on a stream passed over",
            Wire.headers(Wire.get, stream: 5) + open,
            .protocolError,
            .streamIDInvalid
        ),
        BrokenRule(
            "HEADERS padding too long",
            Wire.frame(.headers, flags: 12, stream: 1, [9, 0x82]),
            .protocolError,
            .paddingTooLong
        ),
        BrokenRule(
            "HEADERS too short for its priority",
            Wire.frame(.headers, flags: 36, stream: 1, [0, 0]),
            .frameSizeError,
            .frameLengthWrong
        ),
        BrokenRule("PRIORITY on stream 0", Wire.frame(.priority, [0, 0, 0, 0, 0]), .protocolError, .frameOnStreamZero),
        BrokenRule("short PRIORITY", Wire.frame(.priority, stream: 1, [0]), .frameSizeError, .frameLengthWrong),
        BrokenRule("RST_STREAM on stream 0", Wire.frame(.rstStream, [0, 0, 0, 0]), .protocolError, .frameOnStreamZero),
        BrokenRule(
            "RST_STREAM on an idle stream",
            Wire.frame(.rstStream, stream: 1, [0, 0, 0, 0]),
            .protocolError,
            .frameOnIdleStream
        ),
        BrokenRule(
            "short RST_STREAM",
            open + Wire.frame(.rstStream, stream: 1, [0]),
            .frameSizeError,
            .frameLengthWrong
        ),
        BrokenRule("SETTINGS on a stream", Wire.frame(.settings, stream: 1), .protocolError, .frameNotOnStreamZero),
        BrokenRule(
            "SETTINGS of five bytes",
            Wire.frame(.settings, [0, 0, 0, 0, 0]),
            .frameSizeError,
            .frameLengthWrong
        ),
        BrokenRule(
            "SETTINGS ACK with payload",
            Wire.frame(.settings, flags: 1, Wire.setting(4, 1)),
            .frameSizeError,
            .frameLengthWrong
        ),
        BrokenRule("ENABLE_PUSH 2", Wire.frame(.settings, Wire.setting(2, 2)), .protocolError, .settingInvalid),
        BrokenRule(
            "INITIAL_WINDOW_SIZE 2^31",
            Wire.frame(.settings, Wire.setting(4, 1 << 31)),
            .flowControlError,
            .initialWindowInvalid
        ),
        BrokenRule(
            "MAX_FRAME_SIZE 16383",
            Wire.frame(.settings, Wire.setting(5, 16383)),
            .protocolError,
            .settingInvalid
        ),
        BrokenRule(
            "MAX_FRAME_SIZE 2^24",
            Wire.frame(.settings, Wire.setting(5, 1 << 24)),
            .protocolError,
            .settingInvalid
        ),
        BrokenRule(
            "ENABLE_CONNECT_PROTOCOL 2",
            Wire.frame(.settings, Wire.setting(8, 2)),
            .protocolError,
            .settingInvalid
        ),
        BrokenRule(
            "33 settings in a frame",
            Wire.frame(.settings, Array(repeating: Wire.setting(99, 0), count: 33).flatMap { $0 }),
            .enhanceYourCalm,
            .controlFlood
        ),
        BrokenRule(
            "PUSH_PROMISE",
            Wire.frame(.pushPromise, flags: 4, stream: 1, [0, 0, 0, 2]),
            .protocolError,
            .pushPromiseRefused
        ),
        BrokenRule(
            "PING on a stream",
            Wire.frame(.ping, stream: 1, [0, 0, 0, 0, 0, 0, 0, 0]),
            .protocolError,
            .frameNotOnStreamZero
        ),
        BrokenRule("short PING", Wire.frame(.ping, [0]), .frameSizeError, .frameLengthWrong),
        BrokenRule(
            "GOAWAY on a stream",
            Wire.frame(.goAway, stream: 1, Wire.word(0) + Wire.word(0)),
            .protocolError,
            .frameNotOnStreamZero
        ),
        BrokenRule("short GOAWAY", Wire.frame(.goAway, [0, 0, 0, 0]), .frameSizeError, .frameLengthWrong),
        BrokenRule(
            "GOAWAY that raises its stream",
            Wire.frame(.goAway, Wire.word(2) + Wire.word(0)) + Wire.frame(.goAway, Wire.word(4) + Wire.word(0)),
            .protocolError,
            .goAwayRaised
        ),
        BrokenRule("short WINDOW_UPDATE", Wire.frame(.windowUpdate, [0]), .frameSizeError, .frameLengthWrong),
        BrokenRule(
            "WINDOW_UPDATE 0 of the connection",
            Wire.frame(.windowUpdate, Wire.word(0)),
            .protocolError,
            .windowIncrementZero
        ),
        BrokenRule(
            "connection window over 2^31-1",
            Wire.frame(.windowUpdate, Wire.word(0x7fff_ffff)),
            .flowControlError,
            .windowOverflow
        ),
        BrokenRule(
            "stream window over 2^31-1 by SETTINGS",
            open + Wire.frame(.windowUpdate, stream: 1, Wire.word(0x7fff_0000))
                + Wire.frame(.settings, Wire.setting(4, 0x7fff_ffff)),
            .flowControlError,
            .windowOverflow
        ),
        BrokenRule(
            "WINDOW_UPDATE of an idle stream",
            Wire.frame(.windowUpdate, stream: 1, Wire.word(1)),
            .protocolError,
            .frameOnIdleStream
        ),
        BrokenRule(
            "CONTINUATION of nothing",
            Wire.frame(.continuation, flags: 4, stream: 1),
            .protocolError,
            .continuationUnexpected
        ),
        BrokenRule(
            "CONTINUATION of another stream",
            Wire.frame(.headers, stream: 1, [0x82]) + Wire.frame(.continuation, flags: 4, stream: 3),
            .protocolError,
            .continuationExpected
        ),
        BrokenRule(
            "PING amid a header block",
            Wire.frame(.headers, stream: 1, [0x82]) + Wire.frame(.ping, Array(repeating: 0, count: 8)),
            .protocolError,
            .continuationExpected
        ),
        BrokenRule(
            "unknown frame amid a header block",
            Wire.frame(.headers, stream: 1, [0x82]) + Wire.frame(type: 77, stream: 1),
            .protocolError,
            .continuationExpected
        ),
        BrokenRule(
            "DATA amid a header block",
            Wire.frame(.headers, stream: 1, [0x82]) + Wire.frame(.data, stream: 1, [0]),
            .protocolError,
            .continuationExpected
        ),
        BrokenRule(
            "a frame one byte too large",
            [0x10, 0, 1, 0, 0, 0, 0, 0, 1],
            .frameSizeError,
            .frameTooLarge
        ),
        BrokenRule(
            "broken compression",
            Wire.frame(.headers, flags: 4, stream: 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            .compressionError,
            .hpackIntegerTooLarge
        ),
    ]

    @Test(arguments: connectionErrors)
    func connectionErrorEndsTheConnection(_ rule: BrokenRule) throws {
        let server = HTTP2TestEnd.ready(.server)
        let error = try #require(server.receive(rule.bytes))
        #expect(error.code == rule.code)
        #expect(error.reason == rule.reason)
        let last = try #require(server.takeFrames().last)
        #expect(last.type == 7)
        #expect(last.code == rule.code)
        #expect(String(decoding: last.payload.dropFirst(8), as: UTF8.self) == rule.reason.rawValue)
        // Whoever was open has heard of it, once, and nothing works any more.
        #expect(server.listeners.allSatisfy { $0.resets.count == 1 })
        #expect(server.connection.activeStreams == 0)
        #expect(server.receive([0]) == error)
        #expect(server.takeOutput().isEmpty)
    }

    /// Each resets stream 1 and leaves the connection and stream 3 alone.
    static let streamErrors: [BrokenRule] = [
        BrokenRule(
            "DATA after END_STREAM",
            ended + Wire.frame(.data, stream: 1, [1]),
            .streamClosed,
            .frameOnClosedStream
        ),
        BrokenRule("HEADERS after END_STREAM", ended + ended, .streamClosed, .frameOnClosedStream),
        BrokenRule(
            "trailers without END_STREAM",
            open + Wire.headers([HTTP2Header("a", "b")], stream: 1),
            .protocolError,
            .trailersInvalid
        ),
        BrokenRule(
            "pseudo header in trailers",
            open + Wire.headers([HTTP2Header(":path", "/")], stream: 1, flags: 5),
            .protocolError,
            .trailersInvalid
        ),
        BrokenRule(
            "trailers of a tunnel",
            Wire.headers(Wire.connect, stream: 1) + Wire.headers([HTTP2Header("a", "b")], stream: 1, flags: 5),
            .protocolError,
            .trailersInvalid
        ),
        BrokenRule(
            "WINDOW_UPDATE 0",
            open + Wire.frame(.windowUpdate, stream: 1, Wire.word(0)),
            .protocolError,
            .windowIncrementZero
        ),
        BrokenRule(
            "window over 2^31-1",
            open + Wire.frame(.windowUpdate, stream: 1, Wire.word(0x7fff_ffff)),
            .flowControlError,
            .windowOverflow
        ),
    ]

    @Test(arguments: streamErrors)
    func streamErrorEndsOneStream(_ rule: BrokenRule) throws {
        let server = HTTP2TestEnd.ready(.server)
        #expect(server.receive(rule.bytes) == nil)
        let reset = try #require(server.takeFrames().last { $0.type == 3 })
        #expect(reset.streamID == 1)
        #expect(reset.code == rule.code)
        #expect(server.listeners[0].resets == ["\(rule.code)"])
        #expect(server.streams[0].failure == rule.reason)
        #expect(server.receive(Wire.headers(Wire.get, stream: 3, flags: 5)) == nil)
        #expect(server.events.contains("open 3 end"))
    }

    @Test func firstBytesMustBeThePreface() throws {
        let server = HTTP2TestEnd(.server)
        let error = try #require(server.receive(Array("GET / HTTP/1.1\r\n".utf8)))
        #expect(error.reason == .badPreface)
    }

    @Test(arguments: [
        HTTP2Wire.frame(.settings, flags: 1), HTTP2Wire.frame(.ping, Array(repeating: 0, count: 8)),
        HTTP2Wire.frame(type: 200), HTTP2Wire.frame(.data, stream: 1, [1]),
    ])
    func firstFrameMustBeSettings(_ frame: [UInt8]) throws {
        let server = HTTP2TestEnd(.server)
        #expect(try #require(server.receive(HTTP2Wire.preface + frame)).reason == .firstFrameNotSettings)
        let client = HTTP2TestEnd(.client)
        #expect(try #require(client.receive(frame)).reason == .firstFrameNotSettings)
    }

    @Test func unknownFramesSettingsAndFlagsAreIgnored() {
        let server = HTTP2TestEnd.ready(.server)
        #expect(server.receive(Wire.frame(type: 0xee, flags: 0xff, stream: 9, [1, 2, 3])) == nil)
        #expect(server.receive(Wire.frame(.settings, flags: 0xfe, Wire.setting(0xabcd, 7))) == nil)
        // The reserved bit of a stream number, padding, a priority field and an undefined flag.
        let block = Wire.block(Wire.get)
        let payload = [2] + [0x80, 0, 0, 1, 9] + block + [0, 0]
        #expect(server.receive(Wire.frame(.headers, flags: 0xfd, stream: 0x8000_0001, payload)) == nil)
        #expect(server.events.contains("open 1 end"))
        #expect(server.listeners[0].headers == [Wire.get])
    }

    @Test func streamOverTheLimitIsRefusedAndNothingElse() throws {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 2
        let server = HTTP2TestEnd.ready(.server, limits: limits)
        for id in [1, 3, 5] as [UInt32] { #expect(server.receive(Wire.headers(Wire.get, stream: id)) == nil) }
        #expect(server.streams.map(\.id) == [1, 3])
        let frames = server.takeFrames()
        #expect(frames.map(\.streamID) == [5])
        #expect(frames.first?.code == .refusedStream)
        server.connection.reset(server.streams[0], .cancel)
        #expect(server.receive(Wire.headers(Wire.get, stream: 7)) == nil)
        #expect(server.streams.map(\.id) == [1, 3, 7])
    }

    @Test func framesOfStreamsThatWeResetAreIgnored() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.get, stream: 1))
        server.connection.reset(server.streams[0], .cancel)
        _ = server.takeOutput()
        #expect(server.receive(Wire.frame(.data, stream: 1, [1, 2])) == nil)
        #expect(server.receive(Wire.frame(.windowUpdate, stream: 1, Wire.word(5))) == nil)
        #expect(server.receive(Wire.frame(.rstStream, stream: 1, Wire.word(8))) == nil)
        #expect(server.receive(Wire.frame(.priority, stream: 1, [0, 0, 0, 0, 1])) == nil)
        #expect(server.takeOutput().isEmpty)
        #expect(server.listeners[0].bytes.isEmpty && server.listeners[0].resets.isEmpty)
    }

    @Test func dataOfAStreamThatEndedEndsTheConnection() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Self.ended)
        #expect(server.connection.sendHeaders(server.streams[0], [HTTP2Header(":status", "204")], endStream: true))
        #expect(server.streams[0].isClosed)
        #expect(server.receive(Wire.frame(.data, stream: 1, [1]))?.code == .streamClosed)
    }

    @Test func dataOfAStreamThatThePeerResetIsAnsweredByReset() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Self.open + Wire.frame(.rstStream, stream: 1, Wire.word(8)))
        #expect(server.listeners[0].resets == ["cancel by peer"])
        #expect(server.receive(Wire.frame(.data, stream: 1, [1])) == nil)
        #expect(server.takeFrames().last?.code == .streamClosed)
    }

    @Test func clientRefusesWhatOnlyServersMayHear() throws {
        for (bytes, reason) in [
            (Wire.frame(.pushPromise, flags: 4, stream: 1, [0, 0, 0, 2]), HTTP2Error.Reason.pushPromiseRefused),
            (Wire.frame(.settings, Wire.setting(2, 1)), .settingInvalid),
            (Wire.headers([HTTP2Header(":status", "200")], stream: 7), .frameOnIdleStream),
            (Wire.headers([HTTP2Header(":status", "200")], stream: 2), .streamIDInvalid),
        ] {
            let client = HTTP2TestEnd.ready(.client)
            _ = client.open()
            #expect(try #require(client.receive(bytes)).reason == reason)
        }
    }

    @Test func clientRefusesDataBeforeTheAnswer() {
        let client = HTTP2TestEnd.ready(.client)
        _ = client.open()
        #expect(client.receive(Wire.frame(.data, stream: 1, [1])) == nil)
        #expect(client.listeners[0].resets == ["protocolError"])
        #expect(client.streams[0].failure == .dataBeforeHeaders)
    }
}

import MeshModel
import Testing

@testable import TunnelEngine

/// Opening, closing, GOAWAY, PING, and owners that call back from inside events.
@Suite struct HTTP2LifecycleTests {
    private typealias Wire = HTTP2Wire
    private static let ok = [HTTP2Header(":status", "200")]

    @Test func clientAssumesHundredStreamsUntilSettings() {
        let client = HTTP2TestEnd(.client)
        for _ in 0..<100 { #expect(client.open() != nil) }
        #expect(client.open() == nil)
        #expect(client.connection.activeStreams == 100)
        client.receive(Wire.frame(.settings, Wire.setting(3, 101)))
        #expect(client.connection.peerMaxConcurrentStreams == 101)
        #expect(client.events == ["settings", "capacity"])
        #expect(client.open() != nil)
        #expect(client.open() == nil)
        client.connection.reset(client.streams[0], .cancel)
        #expect(client.open()?.id == 203)
    }

    @Test func settingsWithoutALimitMeanNoLimit() {
        let client = HTTP2TestEnd.ready(.client)
        #expect(client.connection.peerMaxConcurrentStreams == Int(UInt32.max))
    }

    @Test func clientDoesNotOpenBeforeStartNorWhenIdentifiersAreUsedUp() {
        let client = HTTP2TestEnd(.client, started: false)
        #expect(client.open() == nil)
        client.connection.start()
        client.connection.nextStreamID = 0x7fff_ffff
        #expect(client.open()?.id == 0x7fff_ffff)
        #expect(!client.connection.canOpenStream)
        #expect(client.open() == nil)
    }

    @Test func listsOverThePeersLimitAreNotSent() {
        let client = HTTP2TestEnd.ready(.client)
        client.receive(Wire.frame(.settings, Wire.setting(6, 98)))
        #expect(client.open() == nil)
        client.receive(Wire.frame(.settings, Wire.setting(6, 99)))
        #expect(client.open() != nil)
    }

    @Test func longHeaderBlocksAreCutByThePeersFrameSize() throws {
        let long = HTTP2Wire.connect + [HTTP2Header("baggage", String(repeating: "\u{1f600}~", count: 3_500))]
        var limits = HTTP2Limits()
        limits.headerListBytes = 1 << 20
        limits.headerBlockBytes = 1 << 20
        let client = HTTP2TestEnd.ready(.client)
        #expect(client.open(long) != nil)
        let bytes = client.takeOutput()
        let frames = Wire.parse(bytes)
        #expect(frames.map(\.type) == [1, 9])
        #expect(frames.map(\.flags) == [0, 4])
        #expect(frames[0].payload.count == 16_384)
        let server = HTTP2TestEnd.ready(.server, limits: limits)
        #expect(server.receive(bytes) == nil)
        #expect(server.listeners.first?.headers == [long])
    }

    @Test func goAwayResetsWhatThePeerNeverSawAndKeepsTheRest() {
        let client = HTTP2TestEnd.ready(.client)
        for _ in 0..<3 { _ = client.open() }
        client.receive(Wire.frame(.goAway, Wire.word(3) + Wire.word(0) + Array("bye".utf8)))
        #expect(client.listeners.map(\.resets) == [[], [], ["refusedStream by peer"]])
        #expect(client.events == ["goaway 3 noError"])
        #expect(client.connection.isClosing && !client.connection.canOpenStream)
        #expect(client.open() == nil)
        #expect(client.receive(Wire.headers(Self.ok, stream: 3)) == nil)
        #expect(client.listeners[1].headers == [Self.ok])
        #expect(client.receive(Wire.frame(.goAway, Wire.word(1) + Wire.word(0))) == nil)
        #expect(client.listeners[1].resets == ["refusedStream by peer"])
    }

    @Test func gracefulShutdownNamesTheLastStreamAfterARoundTrip() throws {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.connect, stream: 1))
        server.connection.shutdownGracefully()
        server.connection.shutdownGracefully()
        var frames = server.takeFrames()
        #expect(frames.map(\.type) == [7, 6])
        #expect(frames[0].word() == 0x7fff_ffff && frames[0].code == .noError)
        // One more that was under way.
        server.receive(Wire.headers(Wire.connect, stream: 3))
        #expect(server.streams.map(\.id) == [1, 3])
        server.receive(Wire.frame(.ping, flags: 1, frames[1].payload))
        frames = server.takeFrames()
        #expect(frames.map(\.type) == [7])
        #expect(frames[0].word() == 3 && frames[0].code == .noError)
        // From here on new streams are passed over in silence, whatever is sent on them.
        let late = Wire.headers(Wire.connect, stream: 5) + Wire.frame(.data, stream: 5, [1, 2])
        #expect(server.receive(late + Wire.frame(.rstStream, stream: 5, Wire.word(8))) == nil)
        #expect(server.takeFrames().isEmpty)
        #expect(server.connection.activeStreams == 2 && server.connection.isClosing)
        #expect(server.receive(Wire.frame(.data, [1]))?.code == .protocolError)
        #expect(server.takeFrames().last?.word() == 3)
    }

    @Test func goAwayWithAnErrorEndsEverythingAtOnce() {
        let client = HTTP2TestEnd.ready(.client)
        _ = client.open()
        client.connection.goAway(.enhanceYourCalm, debug: "too slow")
        #expect(client.listeners[0].resets == ["enhanceYourCalm"])
        #expect(client.connection.failure?.reason == .closedLocally)
        let last = client.takeFrames().last
        #expect(last?.code == .enhanceYourCalm)
        #expect(last.map { String(decoding: $0.payload.dropFirst(8), as: UTF8.self) } == "too slow")
    }

    @Test func lostTransportResetsStreamsAndQueuesNothing() {
        let client = HTTP2TestEnd.ready(.client)
        _ = client.open()
        _ = client.takeOutput()
        client.connection.transportClosed()
        client.connection.transportClosed()
        #expect(client.listeners[0].resets == ["connectError by peer"])
        #expect(client.takeOutput().isEmpty)
        #expect(client.receive([0])?.reason == .transportClosed)
    }

    @Test func pingIsAnsweredAndPongReported() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.frame(.ping, [1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(server.takeOutput() == Wire.frame(.ping, flags: 1, [1, 2, 3, 4, 5, 6, 7, 8]))
        server.connection.ping(0x0102)
        #expect(server.takeOutput() == Wire.frame(.ping, [0, 0, 0, 0, 0, 0, 1, 2]))
        server.receive(Wire.frame(.ping, flags: 1, [0, 0, 0, 0, 0, 0, 1, 2]))
        server.receive(Wire.frame(.ping, flags: 1, [0, 0, 0, 0, 0, 0, 1, 2]))
        #expect(server.events == ["pong 258"])
    }

    @Test func goAwayDebugDataIsSkippedHoweverItIsCut() {
        let server = HTTP2TestEnd.ready(.server)
        let bytes =
            Wire.frame(.goAway, Wire.word(0) + Wire.word(11) + Array(repeating: 0x41, count: 300))
            + Wire.headers(Wire.get, stream: 1)
        for byte in bytes { #expect(server.receive([byte]) == nil) }
        #expect(server.events == ["goaway 0 enhanceYourCalm", "open 1"])
    }

    // MARK: Calls from inside events

    @Test func streamResetFromInsideDataHearsNoMore() {
        let server = HTTP2TestEnd.ready(.server)
        server.onRequest = { [unowned server] _ in
            server.listeners.last?.onData = { server.connection.reset($0, .cancel) }
        }
        let data = Wire.frame(.data, stream: 1, Array(repeating: 0, count: 100))
        server.receive(Wire.headers(Wire.connect, stream: 1))
        #expect(server.receive(Array(data.prefix(50))) == nil)
        #expect(server.receive(Array(data.dropFirst(50)) + Wire.headers(Wire.get, stream: 3)) == nil)
        #expect(server.listeners[0].bytes.count == 41 && server.listeners[0].chunks == 1)
        #expect(server.connection.unclaimedBytes == 100)
        #expect(server.streams.map(\.id) == [1, 3])
    }

    @Test func requestRefusedFromInsideItsEvent() {
        let server = HTTP2TestEnd.ready(.server)
        server.onRequest = { [unowned server] in
            #expect(server.connection.sendHeaders($0, [HTTP2Header(":status", "401")], endStream: true))
            server.connection.reset($0, .noError)
        }
        server.receive(Wire.headers(Wire.connect, stream: 1) + Wire.frame(.data, stream: 1, [1]))
        #expect(server.takeFrames().map(\.type) == [1, 3])
        #expect(server.connection.activeStreams == 0 && server.listeners[0].bytes.isEmpty)
    }

    @Test func connectionEndedFromInsideAnEventReadsNoFurther() {
        let server = HTTP2TestEnd.ready(.server)
        server.onRequest = { [unowned server] _ in server.connection.goAway(.internalError, debug: "stop") }
        let error = server.receive(Wire.headers(Wire.get, stream: 1) + Wire.headers(Wire.get, stream: 3))
        #expect(error == HTTP2Error(.internalError, .closedLocally))
        #expect(server.streams.map(\.id) == [1])
    }

    @Test func ownersMayUseEachOtherWhileTheConnectionFails() {
        let client = HTTP2TestEnd.ready(.client)
        for _ in 0..<3 { _ = client.open() }
        for listener in client.listeners {
            listener.onReset = { [unowned client] _ in
                for stream in client.streams {
                    client.connection.reset(stream, .cancel)
                    client.connection.finish(stream)
                    client.connection.consumed(stream, 5)
                    #expect(client.connection.sendCapacity(stream) == 0)
                    #expect(!client.connection.sendHeaders(stream, [HTTP2Header("a", "b")], endStream: true))
                }
                #expect(client.open() == nil)
                #expect(client.receive([1])?.reason == .badPreface || client.connection.failure != nil)
            }
        }
        #expect(client.receive(Wire.frame(.data, [1]))?.reason == .frameOnStreamZero)
        #expect(client.listeners.allSatisfy { $0.resets.count == 1 })
    }

    @Test func receiveFromInsideAnEventIsRefused() {
        let server = HTTP2TestEnd.ready(.server)
        var inner: HTTP2Error?
        server.onRequest = { [unowned server] _ in inner = server.receive(Wire.frame(.settings)) }
        #expect(server.receive(Wire.headers(Wire.get, stream: 1)) == nil)
        #expect(inner?.reason == .reentrantReceive)
    }

    @Test func streamsOpenedFromInsideAClose() {
        let client = HTTP2TestEnd.ready(.client)
        client.receive(Wire.frame(.settings, Wire.setting(3, 1)))
        _ = client.open()
        client.listeners[0].onReset = { [unowned client] _ in _ = client.open() }
        client.receive(Wire.frame(.rstStream, stream: 1, Wire.word(7)))
        #expect(client.listeners[0].resets == ["refusedStream by peer"])
        #expect(client.streams.map(\.id) == [1, 3])
    }

    @Test func unknownResetCodeCountsAsInternalError() {
        let client = HTTP2TestEnd.ready(.client)
        _ = client.open()
        client.receive(Wire.frame(.rstStream, stream: 1, Wire.word(0xdead)))
        #expect(client.listeners[0].resets == ["internalError by peer"])
    }

    @Test func ownerSetAfterTheCloseIsNotKept() {
        let client = HTTP2TestEnd.ready(.client)
        guard let stream = client.open() else { return }
        client.connection.reset(stream, .cancel)
        stream.owner = client.listeners[0]
        #expect(stream.owner == nil)
    }

    @Test func streamTableFindsWhatItHoldsThroughManyChanges() {
        var random = SeededRandom(seed: 42)
        var table = HTTP2StreamTable()
        var model: [UInt32: HTTP2Stream] = [:]
        for _ in 0..<20_000 {
            // Identifiers a power of two apart collide.
            let id = UInt32.random(in: 0..<64, using: &random) * (Bool.random(using: &random) ? 2 : 64) + 1
            if let stream = model[id] {
                #expect(table.find(id) === stream)
                table.remove(id)
                model[id] = nil
            } else {
                #expect(table.find(id) == nil)
                let stream = HTTP2Stream(id: id, sendWindow: 0, receiveWindow: 0)
                table.insert(stream)
                model[id] = stream
            }
            #expect(table.count == model.count)
        }
        #expect(table.all.map(\.id) == model.keys.sorted())
    }
}

import MeshModel
import Testing

@testable import TunnelEngine

@Suite struct HTTP2FlowControlTests {
    private typealias Wire = HTTP2Wire

    /// A client with `count` open streams, each answered with 200.
    private func client(_ count: Int, settings: [UInt8] = []) throws -> HTTP2TestEnd {
        let client = HTTP2TestEnd.ready(.client)
        client.receive(Wire.frame(.settings, settings))
        for _ in 0..<count {
            let stream = try #require(client.open())
            client.receive(Wire.headers([HTTP2Header(":status", "200")], stream: stream.id))
        }
        _ = client.takeOutput()
        return client
    }

    @Test func startTellsTheSettingsOfTheMesh() {
        let client = HTTP2TestEnd(.client).takeOutput()
        #expect(client.starts(with: Wire.preface))
        let settings =
            Wire.setting(2, 0) + Wire.setting(4, 4 << 20) + Wire.setting(5, 1 << 20) + Wire.setting(6, 16_384)
        let window = Wire.frame(.windowUpdate, Wire.word(16 << 20 - 65_535))
        #expect(Array(client.dropFirst(24)) == Wire.frame(.settings, settings) + window)
        let server = HTTP2TestEnd(.server).takeOutput()
        #expect(server == Wire.frame(.settings, Wire.setting(3, 200) + settings.dropFirst(6)) + window)
    }

    @Test func capacityIsTheSmallestOfWindowsAndFrame() throws {
        let client = try self.client(2, settings: Wire.setting(4, 100_000))
        let (one, two) = (client.streams[0], client.streams[1])
        #expect(client.connection.sendCapacity(one) == 16_384)
        client.receive(Wire.frame(.settings, Wire.setting(5, 1 << 20)))
        #expect(client.connection.sendCapacity(one) == 65_535)
        client.receive(Wire.frame(.windowUpdate, Wire.word(1 << 20)))
        #expect(client.connection.sendCapacity(one) == 100_000)
        #expect(client.send(one, Array(repeating: 0, count: 99_990)).sent == 99_990)
        #expect(client.connection.sendCapacity(one) == 10)
        #expect(client.connection.sendCapacity(two) == 100_000)
    }

    @Test func dataHeaderOverCapacityIsNotWritten() throws {
        let client = try self.client(1)
        var head = [UInt8](repeating: 9, count: 9)
        head.withUnsafeMutableBytes { memory in
            for length in [16_385, -1, Int.max] {
                #expect(
                    !client.connection.writeDataHeader(
                        client.streams[0],
                        length: length,
                        endStream: false,
                        into: memory.baseAddress!
                    )
                )
            }
        }
        #expect(head == Array(repeating: 9, count: 9))
    }

    @Test func streamThatAskedIsToldOfItsWindow() throws {
        let client = try self.client(1, settings: Wire.setting(4, 10))
        let stream = client.streams[0]
        #expect(client.send(stream, Array(repeating: 0, count: 50)).sent == 10)
        client.receive(Wire.frame(.windowUpdate, stream: 1, Wire.word(5)))
        #expect(client.listeners[0].openings == 0)
        #expect(client.send(stream, Array(repeating: 0, count: 5)).sent == 5)
        #expect(client.connection.sendCapacity(stream) == 0)
        client.receive(Wire.frame(.windowUpdate, stream: 1, Wire.word(5)))
        #expect(client.listeners[0].openings == 1)
        client.receive(Wire.frame(.windowUpdate, stream: 1, Wire.word(5)))
        #expect(client.listeners[0].openings == 1)
    }

    @Test func initialWindowMovesOpenStreamsAndMayMakeThemNegative() throws {
        let client = try self.client(1, settings: Wire.setting(4, 1000))
        let stream = client.streams[0]
        #expect(client.send(stream, Array(repeating: 0, count: 1000)).sent == 1000)
        client.receive(Wire.frame(.settings, Wire.setting(4, 400)))
        #expect(stream.sendWindow == -600)
        #expect(client.connection.sendCapacity(stream) == 0)
        client.receive(Wire.frame(.windowUpdate, stream: 1, Wire.word(600)))
        #expect(client.listeners[0].openings == 0)
        client.receive(Wire.frame(.settings, Wire.setting(4, 401)))
        #expect(client.listeners[0].openings == 1)
        #expect(client.connection.sendCapacity(stream) == 1)
    }

    @Test func connectionWindowIsSharedInTurns() throws {
        let client = try self.client(3, settings: Wire.setting(4, 1 << 20) + Wire.setting(5, 1 << 20))
        #expect(client.send(client.streams[0], Array(repeating: 0, count: 70_000)).sent == 65_535)
        var order: [UInt32] = []
        for listener in client.listeners {
            // Each sends at most 10 at a turn and asks again.
            listener.onWindow = { [unowned client] stream in
                order.append(stream.id)
                _ = client.send(stream, Array(repeating: 0, count: 10))
                _ = client.connection.sendCapacity(stream)
            }
        }
        for stream in client.streams { #expect(client.connection.sendCapacity(stream) == 0) }
        for _ in 0..<6 { client.receive(Wire.frame(.windowUpdate, Wire.word(10))) }
        #expect(order == [1, 3, 5, 1, 3, 5])
        // A stream that is reset leaves the queue.
        client.connection.reset(client.streams[1], .cancel)
        for _ in 0..<3 { client.receive(Wire.frame(.windowUpdate, Wire.word(10))) }
        #expect(order.suffix(3) == [1, 5, 1])
        #expect(client.connection.blocked.count == 2)
    }

    @Test func creditIsGivenBackAtHalfOfEachWindow() {
        var limits = HTTP2Limits()
        limits.streamWindow = 100_000
        limits.connectionWindow = 150_000
        let server = HTTP2TestEnd.ready(.server, limits: limits)
        server.receive(Wire.headers(Wire.connect, stream: 1) + Wire.headers(Wire.connect, stream: 3))
        let chunk = Wire.frame(.data, stream: 1, Array(repeating: 0, count: 25_000))
        server.receive(chunk)
        #expect(server.takeFrames().isEmpty)
        server.receive(chunk)
        #expect(server.takeFrames().map { [$0.streamID, $0.word() ?? 0] } == [[1, 50_000]])
        server.receive(chunk)
        #expect(server.takeFrames().map { [$0.streamID, $0.word() ?? 0] } == [[0, 75_000]])
    }

    @Test func bytesNotConsumedAreNotCredited() {
        var limits = HTTP2Limits()
        limits.streamWindow = 70_000
        limits.connectionWindow = 100_000
        let server = HTTP2TestEnd.ready(.server, limits: limits)
        server.consumes = false
        server.receive(Wire.headers(Wire.connect, stream: 1))
        let chunk = Wire.frame(.data, stream: 1, Array(repeating: 0, count: 35_000))
        #expect(server.receive(chunk + chunk) == nil)
        #expect(server.takeFrames().isEmpty)
        #expect(server.receive(Wire.frame(.data, stream: 1, [0])) == nil)
        #expect(server.listeners[0].resets == ["flowControlError"])
        // All of the stream's bytes are the connection's again.
        let frames = server.takeFrames()
        #expect(frames.contains { $0.type == 8 && $0.streamID == 0 && $0.word() == 70_001 })
    }

    @Test func consumedNeverCreditsMoreThanArrived() {
        let server = HTTP2TestEnd.ready(.server)
        server.consumes = false
        server.receive(Wire.headers(Wire.connect, stream: 1) + Wire.frame(.data, stream: 1, [1, 2, 3]))
        server.connection.consumed(server.streams[0], Int.max)
        server.connection.consumed(server.streams[0], -5)
        #expect(server.connection.unclaimedBytes == 3)
        #expect(server.streams[0].unclaimedBytes == 3)
    }

    @Test func bytesHeldAtACleanEndStayOnTheOwnersAccount() {
        let server = HTTP2TestEnd.ready(.server)
        server.consumes = false
        server.receive(Wire.headers(Wire.get, stream: 1) + Wire.frame(.data, flags: 1, stream: 1, [1, 2, 3]))
        let stream = server.streams[0]
        #expect(server.connection.sendHeaders(stream, [HTTP2Header(":status", "200")], endStream: true))
        #expect(stream.isClosed && server.connection.unclaimedBytes == 0)
        server.connection.consumed(stream, 3)
        #expect(server.connection.unclaimedBytes == 3)
    }

    @Test func peerOverTheConnectionWindowEndsTheConnection() {
        var limits = HTTP2Limits()
        limits.connectionWindow = 65_535
        let server = HTTP2TestEnd.ready(.server, limits: limits)
        server.consumes = false
        server.receive(Wire.headers(Wire.connect, stream: 1))
        server.receive(Wire.frame(.data, stream: 1, Array(repeating: 0, count: 65_535)))
        #expect(
            server.receive(Wire.frame(.data, stream: 1, [0])) == HTTP2Error(.flowControlError, .windowExceeded)
        )
    }

    @Test func paddingCountsAndIsCreditedAtOnce() {
        let server = HTTP2TestEnd.ready(.server)
        server.consumes = false
        server.receive(Wire.headers(Wire.connect, stream: 1))
        server.receive(Wire.frame(.data, flags: 9, stream: 1, [4, 1, 2, 0, 0, 0, 0]))
        #expect(server.listeners[0].bytes == [1, 2])
        #expect(server.listeners[0].isEnded)
        #expect(server.streams[0].heldBytes == 2)
        #expect(server.connection.unclaimedBytes == 5)
    }

    @Test func dataOfIgnoredStreamsIsCredited() {
        let server = HTTP2TestEnd.ready(.server)
        server.receive(Wire.headers(Wire.connect, stream: 1))
        server.connection.reset(server.streams[0], .cancel)
        server.receive(Wire.frame(.data, stream: 1, Array(repeating: 0, count: 500)))
        #expect(server.connection.unclaimedBytes == 500)
    }
}

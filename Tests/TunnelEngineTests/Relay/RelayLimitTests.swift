import Foundation
import Testing

@testable import TunnelEngine

/// What ends a relay that nobody else would end.
@Suite("Limits of relays", .serialized)
struct RelayLimitTests {
    @Test("a connection that is closed on one side and silent on the other ends")
    func halfClosed() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        pair.entranceLoop.loop.submit { [loop = pair.entranceLoop.loop] in loop.halfClosedMilliseconds = 400 }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.send([1]))
        let server = try #require(listener.accept())
        #expect(server.receive(exactly: 1) == [1])
        client.finish()
        #expect(server.receive() == [])
        // As long as the other direction moves it goes on.
        for byte in 0..<6 as Range<UInt8> {
            usleep(150_000)
            #expect(server.send([byte]))
            #expect(client.receive(exactly: 1) == [byte])
        }
        #expect(pair.outcomes.value.isEmpty)
        #expect(client.receive() == nil, "it ended as an abort")
        #expect(
            eventually {
                pair.outcomes.value == [.halfClosedTooLong("one side ended, and the other was silent for 0 s")]
            }
        )
        #expect(eventually { server.send([1]) == false })
    }

    @Test("without a limit a half-closed connection stays")
    func halfClosedForEver() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        pair.entranceLoop.loop.submit { [loop = pair.entranceLoop.loop] in loop.halfClosedMilliseconds = 0 }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.send([1]))
        let server = try #require(listener.accept())
        client.finish()
        #expect(server.receiveAll() == [1])
        usleep(300_000)
        #expect(server.send([2]))
        #expect(client.receive(exactly: 1) == [2])
    }

    @Test("what waits for applications that don't read is bounded for all of them together")
    func heldBytes() throws {
        let (listener, port) = BlockingSocket.listen(receiveBuffer: 8_192)
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        pair.exitSendBuffer.value = 8_192
        let exit = pair.exitLoop
        let limit = 1 << 20
        try exit.sync { exit.loop.heldBytesLimit = limit }
        let peak = Box(0)
        var kept: [BlockingSocket] = []
        for _ in 0..<6 {
            let client = try #require(BlockingSocket.connect(pair.boundEntrance))
            // The client's own sending may stop, so another thread does it.
            let writer = Unchecked(client)
            Thread.detachNewThread { _ = writer.value.send([UInt8](repeating: 1, count: 600_000)) }
            kept.append(client)
            kept.append(try #require(listener.accept()))
            for _ in 0..<20 {
                usleep(10_000)
                peak.value = max(peak.value, try exit.sync { exit.loop.heldBytes })
            }
        }
        #expect(peak.value > limit / 2, "the test holds too little")
        #expect(peak.value <= 2 * limit)
        #expect(eventually { !pair.outcomes.value.isEmpty }, "nothing had to give way")
        kept = []
        #expect(eventually { (try? exit.sync { exit.loop.heldBytes }) == 0 })
    }
}

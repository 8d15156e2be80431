import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

/// What the pool does with peers that take no streams, say nothing or go away.
@Suite
struct TunnelPoolTests {
    @Test(arguments: ["streams", "headers"])
    func aPeerThatTakesNoTunnelIsGivenUp(missing: String) throws {
        let (_, port) = BlockingSocket.listen()
        var limits = TunnelPoolLimits()
        if missing == "streams" {
            limits.link.http2.concurrentStreams = 0
        } else {
            limits.link.http2.headerListBytes = 40
        }
        let pair = try TunnelPair(appPort: port, limits: limits)
        defer { pair.stop() }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(eventually(seconds: 5) { pair.errors.value.count == 1 })
        #expect(pair.exitConnections <= 1)
        #expect(client.receive()?.isEmpty != false)
    }

    /// A pool whose peer accepts TCP and says nothing.
    private struct Waiting {
        let thread: LoopThread
        let pool: Unchecked<TunnelPool>
        let listener: BlockingSocket
        let open: () throws -> TunnelDial?
        let errors = Box<[String]>([])

        init(_ limits: TunnelPoolLimits) throws {
            let (listener, port) = BlockingSocket.listen()
            let thread = try LoopThread()
            let context = try TestIdentities().context(TunnelPair.client)
            let pool = Unchecked(try thread.sync { TunnelPool(loop: thread.loop, limits: limits) })
            let key = TunnelKey(
                source: TunnelPair.client,
                generation: 0,
                expected: [TunnelPair.server],
                address: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: port),
                from: nil
            )
            let headers = [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", "127.0.0.1:1")]
            let errors = self.errors
            self.open = {
                try thread.sync {
                    pool.value.open(key, context: context, headers: { headers }) { result in
                        if case .failure(let error) = result { errors.value.append("\(error)") }
                    }
                }
            }
            self.thread = thread
            self.pool = pool
            self.listener = listener
        }

        var links: Int {
            let pool = self.pool
            return (try? self.thread.sync { pool.value.linkCount }) ?? -1
        }
    }

    @Test func connectionsToOnePeerShareOneDialAndAreBounded() throws {
        var limits = TunnelPoolLimits()
        limits.waitingPerPeer = 3
        limits.link.handshakeMilliseconds = 300
        let waiting = try Waiting(limits)
        defer { waiting.thread.stop() }
        for _ in 0..<5 { _ = try waiting.open() }
        #expect(waiting.links == 1)
        #expect(waiting.errors.value == Array(repeating: "too many connections wait for this peer", count: 2))
        #expect(eventually { waiting.errors.value.count == 5 })
        #expect(waiting.errors.value.suffix(3) == Array(repeating: "TLS handshake timed out", count: 3))
        #expect(waiting.links == 0)
    }

    @Test func aCancelledConnectionLeavesItsPlace() throws {
        var limits = TunnelPoolLimits()
        limits.waitingPerPeer = 1
        limits.link.handshakeMilliseconds = 300
        let waiting = try Waiting(limits)
        defer { waiting.thread.stop() }
        weak var first: TunnelDial?
        do {
            let dial = try waiting.open()
            first = dial
            let boxed = Unchecked(dial)
            try waiting.thread.sync { boxed.value?.cancel() }
        }
        #expect(eventually { first == nil })
        _ = try waiting.open()
        #expect(waiting.errors.value.isEmpty)
        #expect(eventually { waiting.errors.value == ["TLS handshake timed out"] })
    }

    @Test func closingThePoolFailsWhoeverWaits() throws {
        let waiting = try Waiting(TunnelPoolLimits())
        defer { waiting.thread.stop() }
        _ = try waiting.open()
        let pool = waiting.pool
        try waiting.thread.sync { pool.value.close() }
        #expect(waiting.errors.value == ["connection closed"])
        #expect(waiting.links == 0)
        _ = try waiting.open()
        #expect(waiting.errors.value.last == "the tunnel pool is closed")
    }

    @Test func aLinkWithoutStreamsIsReleased() throws {
        let (listener, port) = BlockingSocket.listen()
        var limits = TunnelPoolLimits()
        limits.idleMilliseconds = 200
        let pair = try TunnelPair(appPort: port, limits: limits)
        defer { pair.stop() }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.send([1]))
        let server = try #require(listener.accept())
        #expect(server.receive(exactly: 1) == [1])
        usleep(500_000)
        #expect(pair.poolLinks == 1)
        client.finish()
        server.finish()
        #expect(client.receiveAll() == [])
        #expect(eventually(seconds: 3) { pair.poolLinks == 0 && pair.exitConnections == 0 && pair.sourceCount == 2 })
    }
}

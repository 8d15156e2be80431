import BoringTLS
import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

/// Bounds and the end of a tunnel server.
@Suite
struct TunnelServerTests {
    private final class Delegate: TunnelServerDelegate {
        let context: TLSContext
        let failures = Box(0)
        init(_ context: TLSContext) { self.context = context }
        func tlsContext(for server: TunnelServer) -> (context: TLSContext, expecting: PeerExpectation)? {
            (self.context, .anyIdentity(trustDomain: "test"))
        }
        func requested(_ request: TunnelRequest, on server: TunnelServer) {}
        func connectionFailed(
            peer: SocketAddress,
            local: SocketAddress?,
            _ error: LinkError,
            on server: TunnelServer
        ) { self.failures.value += 1 }
    }

    private static let loopback = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)

    @Test func aConnectionOverTheLimitIsClosedAtOnceAndADrainEndsOnce() throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let delegate = try Delegate(TestIdentities().context(TunnelPair.server))
        let server = TunnelServer(loop: thread.loop, connectionLimit: 2, delegate: delegate)
        let boxed = Unchecked(server)
        let port = try thread.sync { try boxed.value.listen(on: Self.loopback).port }
        let first = try #require(BlockingSocket.connect(port))
        let second = try #require(BlockingSocket.connect(port))
        #expect(eventually { (try? thread.sync { boxed.value.connectionCount }) == 2 })
        let third = try #require(BlockingSocket.connect(port))
        #expect(third.receive()?.isEmpty != false)
        let drained = Box([0, 0])
        try thread.sync {
            boxed.value.drain { drained.value[0] += 1 }
            boxed.value.drain { drained.value[1] += 1 }
        }
        #expect(first.receive()?.isEmpty != false)
        #expect(second.receive()?.isEmpty != false)
        #expect(drained.value == [1, 1])
        #expect(delegate.failures.value == 2)
        #expect(BlockingSocket.connect(port) == nil)
    }

    @Test func aListenerWithoutItsDelegateCloses() throws {
        final class Taker: ListenerDelegate {
            func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) { Socket.close(descriptor) }
        }
        let thread = try LoopThread()
        defer { thread.stop() }
        let port = try thread.sync {
            let taker = Taker()
            let listener = try Listener(loop: thread.loop, address: Self.loopback, delegate: taker)
            return withExtendedLifetime(taker) { listener.address.port }
        }
        let client = try #require(BlockingSocket.connect(port))
        #expect(client.receive()?.isEmpty != false)
        #expect(eventually { (try? thread.sync { thread.loop.sourceCount }) == 0 })
    }
}

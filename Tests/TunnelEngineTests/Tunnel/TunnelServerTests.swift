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
        var limits = LinkLimits()
        limits.handshakeMilliseconds = 300
        let server = TunnelServer(loop: thread.loop, limits: limits, connectionLimit: 2, delegate: delegate)
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
        #expect(eventually { drained.value == [1, 1] && delegate.failures.value == 2 })
        usleep(50_000)
        #expect(drained.value == [1, 1])
        #expect(BlockingSocket.connect(port) == nil)
    }

    @Test("a listener that ends takes whoever waits in the kernel's queue, and nobody after")
    func theLastOnesAreServed() throws {
        final class Taker: ListenerDelegate {
            var count = 0
            func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
                self.count += 1
                Socket.close(descriptor)
            }
        }
        let thread = try LoopThread()
        defer { thread.stop() }
        let taker = Unchecked(Taker())
        // All in one turn of the loop, so that the listener hears of nobody before it ends.
        let (clients, isListening) = try thread.sync {
            let listener = try Listener(loop: thread.loop, address: Self.loopback, delegate: taker.value)
            let port = listener.address.port
            let clients = (0..<200).compactMap { _ in BlockingSocket.connect(port) }
            listener.finish()
            return (clients, BlockingSocket.connect(port) != nil)
        }
        #expect(taker.value.count == 200)
        #expect(clients.count == 200)
        #expect(!isListening)
    }

    @Test("a listening socket may come from elsewhere, and its lease ends before it is closed")
    func givenSocket() throws {
        final class Lease {
            let ended: Box<Bool?>
            let descriptor: Int32
            init(_ ended: Box<Bool?>, _ descriptor: Int32) { (self.ended, self.descriptor) = (ended, descriptor) }
            deinit { self.ended.value = Socket.isListening(self.descriptor) }
        }
        final class Taker: ListenerDelegate {
            func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) { Socket.close(descriptor) }
        }
        let thread = try LoopThread()
        defer { thread.stop() }
        let wasListening = Box<Bool?>(nil)
        let taker = Unchecked(Taker())
        let opened = try ListeningSocket(opening: Self.loopback)
        let listener = Unchecked(
            try thread.sync {
                let lease = Lease(wasListening, opened.descriptor)
                let socket = ListeningSocket(opened.descriptor, address: Self.loopback, lease: lease)
                return try Listener(loop: thread.loop, socket: socket, delegate: taker.value)
            }
        )
        let client = try #require(BlockingSocket.connect(opened.address.port))
        #expect(client.receive()?.isEmpty != false)
        #expect(wasListening.value == nil)
        try thread.sync { listener.value.close() }
        #expect(wasListening.value == true)
        #expect(BlockingSocket.connect(opened.address.port) == nil)
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

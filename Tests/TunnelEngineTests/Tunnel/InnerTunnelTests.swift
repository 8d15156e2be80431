import BoringTLS
import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

/// Tunnels inside tunnels: `outer` leads to the exit of `inner`, as a gateway between networks does.
@Suite(.serialized)
struct InnerTunnelTests {
    private let identities: TestIdentities
    private let outer: TunnelPair
    private let inner: TunnelPair
    private let thread: LoopThread
    private let pool: Unchecked<TunnelPool>
    private let context: TLSContext
    private let listener: BlockingSocket
    private let echoPort: UInt16

    private final class Observer: RelayObserver, Sendable {
        let outcomes: Box<[RelayOutcome]>
        init(_ outcomes: Box<[RelayOutcome]>) { self.outcomes = outcomes }
        func relayEnded(_ relay: Relay, outcome: RelayOutcome) { self.outcomes.value.append(outcome) }
    }

    init() throws {
        let (listener, port) = BlockingSocket.listen()
        self.listener = listener
        self.echoPort = port
        let echo = Unchecked(listener)
        Thread.detachNewThread {
            while let accepted = echo.value.accept() {
                let socket = Unchecked(accepted)
                Thread.detachNewThread {
                    while let bytes = socket.value.receive(), !bytes.isEmpty { _ = socket.value.send(bytes) }
                    socket.value.finish()
                }
            }
        }
        self.identities = try TestIdentities()
        self.inner = try TunnelPair(appPort: port, identities: self.identities)
        self.outer = try TunnelPair(appPort: self.inner.exitPort, identities: self.identities)
        let thread = try LoopThread()
        self.thread = thread
        self.context = try self.identities.context(TunnelPair.client, serial: 30)
        self.pool = Unchecked(try thread.sync { TunnelPool(loop: thread.loop) })
    }

    private func stop() {
        let pool = self.pool
        _ = try? self.thread.sync { pool.value.close() }
        self.thread.stop()
        self.outer.stop()
        self.inner.stop()
        shutdown(self.listener.descriptor, Int32(SHUT_RDWR))
    }

    private let outcomes = Box<[RelayOutcome]>([])
    private let errors = Box<[String]>([])
    private let tunnels = Box<[Unchecked<InnerTunnel>]>([])

    /// Begins to open a nested tunnel and to relay `client` through it.
    private func open(_ client: Int32, expecting identity: String = TunnelPair.server) throws {
        let gateway = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: self.outer.exitPort)
        let key = TunnelKey(
            source: TunnelPair.client,
            generation: 1,
            expected: [TunnelPair.server],
            address: gateway,
            from: nil
        )
        func headers(_ port: UInt16) -> [HTTP2Header] {
            [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", "127.0.0.1:\(port)")]
        }
        let (pool, context, errors, outcomes, tunnels) = (
            self.pool, self.context, self.errors, self.outcomes, self.tunnels
        )
        let (outerHeaders, innerHeaders) = (headers(self.inner.exitPort), headers(self.echoPort))
        try self.thread.sync {
            _ = pool.value.open(key, context: context, headers: { outerHeaders }) { result in
                guard case .success(let stream) = result else { return errors.value.append("outer") }
                do {
                    let tunnel = try pool.value.open(
                        through: stream,
                        peer: gateway,
                        context: context,
                        expecting: [identity],
                        headers: innerHeaders
                    ) { result in
                        switch result {
                        case .failure(let error): errors.value.append("\(error)")
                        case .success(let end):
                            _ = try? Relay.join(
                                loop: pool.value.loop,
                                socket: client,
                                stream: end,
                                socketIsDownstream: true,
                                observer: Observer(outcomes)
                            )
                        }
                    }
                    tunnels.value.append(Unchecked(tunnel))
                } catch {
                    errors.value.append("\(error)")
                }
            }
        }
    }

    @Test("bytes pass both tunnels, either way and to the end, and then nothing is left")
    func relaysAndEnds() throws {
        defer { self.stop() }
        let (client, far) = try #require(BlockingSocket.pair())
        try self.open(far.duplicate())
        let message = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let sender = Unchecked(client)
        Thread.detachNewThread {
            for start in stride(from: 0, to: message.count, by: 50_000) {
                _ = sender.value.send(Array(message[start..<start + 50_000]))
            }
            sender.value.finish()
        }
        #expect(client.receive(exactly: message.count) == message)
        #expect(client.receiveAll() == [])
        #expect(eventually { self.outcomes.value == [.complete] })
        #expect(self.inner.identities.value == [TunnelPair.client])
        #expect(eventually { self.inner.exitConnections == 0 }, "an inner tunnel serves one connection")
        #expect(eventually { self.outer.survivors.isEmpty && self.inner.survivors.isEmpty })
    }

    @Test("the inner peer must prove its own identity, whatever the gateway says")
    func verifiesTheInnerPeer() throws {
        defer { self.stop() }
        let (_, far) = try #require(BlockingSocket.pair())
        try self.open(far.duplicate(), expecting: "spiffe://test/ns/a/sa/other")
        #expect(eventually { self.errors.value.count == 1 })
        #expect(self.errors.value.first?.contains("spiffe://test/ns/a/sa/other") == true)
        #expect(self.inner.identities.value.isEmpty)
        #expect(eventually { self.outer.survivors.isEmpty })
    }

    @Test("a refusal of the inner peer is told, and ends the outer stream")
    func innerRefusal() throws {
        defer { self.stop() }
        self.inner.statusToRefuseWith.value = 503
        let (_, far) = try #require(BlockingSocket.pair())
        try self.open(far.duplicate())
        #expect(eventually { self.errors.value == ["http status: 503"] })
        #expect(eventually { self.outer.survivors.isEmpty && self.inner.exitConnections == 0 })
    }

    @Test("the end of the gateway resets the connection")
    func gatewayGone() throws {
        defer { self.stop() }
        let (client, far) = try #require(BlockingSocket.pair())
        try self.open(far.duplicate())
        #expect(client.send([1]))
        #expect(client.receive(exactly: 1) == [1])
        self.outer.stop()
        #expect(eventually { self.outcomes.value.count == 1 })
        guard case .upstreamFailed = self.outcomes.value.first else {
            Issue.record("\(self.outcomes.value)")
            return
        }
    }

    @Test("whoever gives up leaves nothing behind")
    func cancelled() throws {
        defer { self.stop() }
        self.inner.isSilent.value = true
        let (_, far) = try #require(BlockingSocket.pair())
        try self.open(far.duplicate())
        #expect(eventually { self.inner.unanswered.value.count == 1 })
        let tunnels = self.tunnels
        try self.thread.sync { for tunnel in tunnels.value { tunnel.value.cancel() } }
        self.tunnels.value = []
        #expect(eventually { self.inner.exitConnections == 0 })
        self.inner.unanswered.value = []
        #expect(eventually { self.outer.survivors.isEmpty && self.inner.survivors.isEmpty })
        #expect(self.errors.value.isEmpty)
    }

    @Test("a peer that is revoked is cut off inside as well")
    func judgesInnerPeers() throws {
        defer { self.stop() }
        let (client, far) = try #require(BlockingSocket.pair())
        try self.open(far.duplicate())
        #expect(client.send([1]))
        #expect(client.receive(exactly: 1) == [1])
        // Trusts nobody who was accepted so far.
        let strangers = try TestIdentities(name: "another root").context(TunnelPair.client)
        let pool = self.pool
        let tunnel = try #require(self.tunnels.value.first)
        try self.thread.sync { pool.value.judgePeers(with: strangers) }
        #expect(eventually { self.outcomes.value.count == 1 })
        #expect(try self.thread.sync { tunnel.value.link == nil })
    }
}

import BoringTLS
import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

/// Which connections share a link, and what becomes of them when a link goes away.
@Suite("Tunnels that share links", .serialized)
struct TunnelSharingTests {
    private static let loopback = IPAddress(v4: 0x7f00_0001)

    /// An application that sends everything back, on as many connections as there come.
    private static func echo() -> UInt16 {
        let (listener, port) = BlockingSocket.listen()
        let boxed = Unchecked(listener)
        Thread.detachNewThread {
            while let accepted = boxed.value.accept() {
                let socket = Unchecked(accepted)
                Thread.detachNewThread {
                    while let bytes = socket.value.receive(), !bytes.isEmpty { _ = socket.value.send(bytes) }
                    socket.value.finish()
                }
            }
        }
        return port
    }

    private static func works(_ client: BlockingSocket?) -> Bool {
        guard let client, client.send([7]) else { return false }
        return client.receive(exactly: 1) == [7]
    }

    @Test("connections one after the other, with equal keys, share a link")
    func oneAfterTheOther() throws {
        let pair = try TunnelPair(appPort: Self.echo())
        defer { pair.stop() }
        for _ in 0..<5 {
            let client = try #require(BlockingSocket.connect(pair.boundEntrance))
            #expect(Self.works(client))
            client.finish()
            #expect(client.receiveAll() == [])
        }
        #expect(eventually { pair.outcomes.value.count == 5 })
        #expect(pair.poolLinks == 1)
        #expect(pair.exitConnections == 1)
    }

    @Test(
        "another source, generation, expected identity, address or own address means another link",
        arguments: ["source", "generation", "expected", "address", "from"]
    )
    func differentKeys(_ part: String) throws {
        let pair = try TunnelPair(appPort: Self.echo())
        defer { pair.stop() }
        let other = IPAddress(v4: 0x7f00_0002)
        if part == "address" { try pair.listenExit(on: SocketAddress(ip: other, port: pair.exitPort)) }
        pair.changeKey.value = { key, index in
            guard index == 1 else { return }
            switch part {
            case "source": key.source = "spiffe://test/ns/a/sa/another"
            case "generation": key.generation = 1
            case "expected": key.expected.append("spiffe://test/ns/a/sa/another")
            case "address": key.address.ip = other
            default: key.from = other
            }
        }
        let clients = (0..<3).compactMap { _ in
            let client = BlockingSocket.connect(pair.boundEntrance)
            return Self.works(client) ? client : nil
        }
        #expect(clients.count == 3)
        #expect(pair.poolLinks == 2)
    }

    @Test("a link carries as many streams as allowed, and is used again when they have ended")
    func streamLimit() throws {
        var limits = TunnelPoolLimits()
        limits.streamsPerLink = 2
        let pair = try TunnelPair(appPort: Self.echo(), limits: limits)
        defer { pair.stop() }
        var clients = (0..<4).compactMap { _ in BlockingSocket.connect(pair.boundEntrance) }
        #expect(clients.allSatisfy { Self.works($0) })
        #expect(pair.poolLinks == 2)
        for client in clients { client.finish() }
        for client in clients { #expect(client.receiveAll() == []) }
        #expect(eventually { pair.outcomes.value.count == 4 })
        clients = (0..<5).compactMap { _ in BlockingSocket.connect(pair.boundEntrance) }
        #expect(clients.allSatisfy { Self.works($0) })
        #expect(pair.poolLinks == 3, "full links are not thrown away")
    }

    @Test("a hundred connections of a key share one dial; each key has its own", arguments: [1, 3, 100])
    func concurrent(_ keys: Int) throws {
        let pair = try TunnelPair(appPort: Self.echo())
        defer { pair.stop() }
        pair.changeKey.value = { key, index in key.source = "spiffe://test/ns/a/sa/\(index % keys)" }
        // Held up until all are there, so that none finds a link that another one made.
        let gate = DispatchSemaphore(value: 0)
        pair.exitLoop.loop.submit { gate.wait() }
        let clients = (0..<max(100, keys)).compactMap { _ in BlockingSocket.connect(pair.boundEntrance) }
        #expect(eventually { pair.poolLinks == keys })
        usleep(50_000)
        gate.signal()
        #expect(clients.allSatisfy { Self.works($0) })
        #expect(pair.poolLinks == keys)
        #expect(pair.exitConnections == keys)
    }

    @Test("after a GOAWAY streams go on, and the next connection gets a new link")
    func goAway() throws {
        let pair = try TunnelPair(appPort: Self.echo())
        defer { pair.stop() }
        let first = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(Self.works(first))
        try pair.drainExit()
        try pair.listenExit(on: SocketAddress(ip: Self.loopback, port: pair.exitPort))
        #expect(eventually { Self.works(BlockingSocket.connect(pair.boundEntrance)) && pair.poolLinks == 2 })
        #expect(Self.works(first))
        first.finish()
        #expect(first.receiveAll() == [])
        #expect(eventually { pair.poolLinks == 1 && pair.exitConnections == 1 })
    }

    @Test("connections that are made while their peer restarts again and again all succeed")
    func restarts() throws {
        let pair = try TunnelPair(appPort: Self.echo())
        defer { pair.stop() }
        let address = SocketAddress(ip: Self.loopback, port: pair.exitPort)
        let done = Box(0)
        let failed = Box(0)
        let ended = DispatchSemaphore(value: 0)
        let entrance = pair.boundEntrance
        Thread.detachNewThread {
            for _ in 0..<400 {
                let client = BlockingSocket.connect(entrance)
                if Self.works(client) { done.value += 1 } else { failed.value += 1 }
            }
            ended.signal()
        }
        // The listener stays: only the links are told to go away, as their peer sees it in a restart.
        var rounds = 0
        while ended.wait(timeout: .now() + 0.02) == .timedOut, rounds < 2_000 {
            rounds += 1
            let exit = Unchecked(pair)
            try pair.exitLoop.sync { try exit.value.restartExit(on: address) }
        }
        #expect(failed.value == 0)
        #expect(done.value == 400)
        #expect(pair.errors.value.isEmpty)
    }

    /// A server that refuses the first streams without looking at them, as one does that is about to end.
    private final class Refusing: ListenerDelegate, LinkOwner {
        let context: TLSContext
        let refusals: Int
        let seen = Box(0)
        var links: [Link] = []

        init(_ context: TLSContext, refusals: Int) {
            self.context = context
            self.refusals = refusals
        }

        func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
            let link = try? Link.serve(
                loop: listener.loop,
                descriptor: descriptor,
                peer: peer,
                context: self.context,
                expecting: .anyIdentity(trustDomain: "test"),
                limits: LinkLimits(),
                owner: self
            )
            if let link { self.links.append(link) }
        }

        func linkOpened(_ link: Link) {}
        func linkCapacityChanged(_ link: Link) {}
        func linkClosed(_ link: Link, _ error: LinkError) {}

        func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
            self.seen.value += 1
            guard self.seen.value > self.refusals else { return link.reset(stream, .refusedStream) }
            link.sendHeaders(stream, [HTTP2Header(":status", "200")], endStream: false)
        }
    }

    @Test("a stream that the peer refused unseen is tried once more, and not for ever", arguments: [0, 1, 2])
    func refusedStreams(_ refusals: Int) throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let identities = try TestIdentities()
        let server = Unchecked(Refusing(try identities.context(TunnelPair.server), refusals: refusals))
        let context = try identities.context(TunnelPair.client, serial: 5)
        let results = Box<[String]>([])
        let kept = try thread.sync { () -> (Listener, TunnelPool) in
            let listener = try Listener(
                loop: thread.loop,
                address: SocketAddress(ip: Self.loopback, port: 0),
                delegate: server.value
            )
            let pool = TunnelPool(loop: thread.loop)
            let key = TunnelKey(
                source: TunnelPair.client,
                generation: 0,
                expected: [TunnelPair.server],
                address: listener.address,
                from: nil
            )
            let headers = [HTTP2Header(":method", "CONNECT"), HTTP2Header(":authority", "127.0.0.1:1")]
            pool.open(key, context: context, headers: { headers }) { result in
                switch result {
                case .success(let end):
                    results.value.append("open")
                    end.close(isAbortive: true)
                case .failure(let error): results.value.append("\(error)")
                }
            }
            return (listener, pool)
        }
        #expect(eventually { results.value.count == 1 })
        #expect(server.value.seen.value == min(refusals + 1, 2))
        #expect(results.value == [refusals < 2 ? "open" : "stream reset by peer: refusedStream"])
        let boxed = Unchecked(kept)
        try thread.sync { boxed.value.1.close() }
    }
}

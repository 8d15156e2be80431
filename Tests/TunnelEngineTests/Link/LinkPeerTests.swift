import BoringTLS
import Foundation
import Testing

@testable import TunnelEngine

/// Live links whose peer is not accepted any more.
@Suite("Peers of live links")
struct LinkPeerTests {
    /// A tunnel with one open connection through it.
    private final class Open {
        let pair: TunnelPair
        let client: BlockingSocket
        let app: BlockingSocket
        private let listener: BlockingSocket

        init(
            _ identities: TestIdentities,
            limits: TunnelPoolLimits = TunnelPoolLimits(),
            clientSeconds: Int64 = 3600
        ) throws {
            let (listener, port) = BlockingSocket.listen()
            self.listener = listener
            pair = try TunnelPair(
                appPort: port,
                limits: limits,
                identities: identities,
                clientSeconds: clientSeconds
            )
            client = try #require(BlockingSocket.connect(pair.boundEntrance))
            app = try #require(listener.accept())
            #expect(client.send([1]))
            #expect(app.receive() == [1])
        }

        /// Whether a byte still passes.
        var isAlive: Bool { client.send([7]) && app.receive() == [7] }

        /// Whether both ends saw the connection fail.
        func isCut() -> Bool { client.receive()?.isEmpty != false && app.receive()?.isEmpty != false }
    }

    @Test("a revoked server is let go by the client at once, and the connection says why")
    func revokedServer() throws {
        let identities = try TestIdentities()
        let open = try Open(identities)
        defer { open.pair.stop() }
        try identities.revoke([22])
        try open.pair.judge()
        #expect(eventually { !open.pair.outcomes.value.isEmpty })
        guard case .peerDisowned(let error)? = open.pair.outcomes.value.first else {
            Issue.record("outcome \(open.pair.outcomes.value)")
            return
        }
        #expect(error.code == .peerCertificateRevoked)
        #expect(open.isCut())
    }

    @Test("a revoked client is let go by the server")
    func revokedClient() throws {
        let identities = try TestIdentities()
        let open = try Open(identities)
        defer { open.pair.stop() }
        try identities.revoke([21])
        try open.pair.judge()
        #expect(eventually { open.pair.exitConnections == 0 && open.pair.poolLinks == 0 })
        #expect(open.isCut())
        // Nor does it come in again.
        let again = try #require(BlockingSocket.connect(open.pair.boundEntrance))
        #expect(again.receive()?.isEmpty != false)
    }

    @Test("revocations of others, and roots that still vouch, leave a connection alone")
    func unrelated() throws {
        let identities = try TestIdentities()
        let open = try Open(identities)
        defer { open.pair.stop() }
        try identities.revoke([1, 20, 23])
        try open.pair.judge()
        #expect(open.isAlive)
        try open.pair.judge(with: try identities.context(TunnelPair.client, serial: 40))
        #expect(open.isAlive)
        #expect(open.pair.outcomes.value.isEmpty)
        #expect(open.pair.poolLinks == 1)
    }

    @Test("a link ends when its peer's root is taken out of the bundle")
    func rootsChange() throws {
        let open = try Open(try TestIdentities())
        defer { open.pair.stop() }
        try open.pair.judge(with: try TestIdentities(name: "other root").context(TunnelPair.client))
        #expect(eventually { open.pair.outcomes.value.count == 1 })
        if case .peerDisowned(let error)? = open.pair.outcomes.value.first {
            #expect(error.code == .peerCertificateUntrusted)
        } else {
            // The server may have been quicker to let go.
            #expect(open.pair.exitConnections == 0)
        }
        #expect(open.isCut())
    }

    @Test("a link whose peer's certificate ended carries its streams on, and takes no new ones")
    func expiry() throws {
        let open = try Open(try TestIdentities(), clientSeconds: 3)
        defer { open.pair.stop() }
        Thread.sleep(forTimeInterval: 4)
        #expect(open.isAlive)
        let late = try #require(BlockingSocket.connect(open.pair.boundEntrance))
        #expect(late.receive()?.isEmpty != false)
        #expect(eventually { open.pair.errors.value.count == 1 })
        #expect("\(open.pair.errors.value)".contains("expired"))
        #expect(open.isAlive)
    }

    @Test("streams of a peer whose certificate ended are cut when their time is over")
    func expiryOfStreams() throws {
        var limits = TunnelPoolLimits()
        limits.link.expiredPeerSeconds = 1
        limits.link.pingAfterMilliseconds = 300
        // The answer to a PING is looked at when its time is over, and the peer's certificate then as well.
        limits.link.pongMilliseconds = 2_000
        let open = try Open(try TestIdentities(), limits: limits, clientSeconds: 2)
        defer { open.pair.stop() }
        #expect(open.isAlive)
        #expect(eventually(seconds: 10) { open.pair.exitConnections == 0 })
        #expect(open.isCut())
    }
}

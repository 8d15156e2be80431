import BoringTLS
import Testing

/// Handshakes and judging again, with revocation lists.
@Suite("Revoked peers")
struct RevokedPeerTests {
    let root: TestAuthority
    let register = RevocationRegister()

    init() throws {
        root = try TestAuthority()
    }

    private func context(_ identity: TLSIdentity, trusts: TrustAnchors? = nil) throws -> TLSContext {
        try TLSContext(identity: identity, trust: try trusts ?? root.trust, revocations: register)
    }

    private func revoke(_ text: String) throws { register.replace(try RevocationSet(file: Array(text.utf8))) }

    /// A pair whose client has serial 21 and whose server has serial 22.
    private func pair() throws -> LoopbackPair {
        try LoopbackPair(
            client: try context(try root.identity([TestAuthority.clientURI], serial: 21)),
            server: try context(try root.identity([TestAuthority.serverURI], serial: 22))
        )
    }

    /// Runs the handshake to the last verdict.
    private func settle(_ pair: LoopbackPair) -> (client: TLSError?, server: TLSError?) {
        pair.handshake()
        _ = pair.transfer(from: pair.server, to: pair.client)
        _ = pair.transfer(from: pair.client, to: pair.server)
        return (pair.client.failure, pair.server.failure)
    }

    @Test("a revoked client is refused by the server, and counted")
    func client() throws {
        try revoke(try root.revoking([21]))
        let failures = settle(try pair())
        #expect(failures.server?.code == .peerCertificateRevoked)
        #expect(failures.client?.code == .rejectedByPeer)
        #expect(failures.client?.message.contains("revoked") == true)
        #expect(register.rejections(as: .server) == 1)
        #expect(register.rejections(as: .client) == 0)
    }

    @Test("a revoked server is refused by the client, and counted")
    func server() throws {
        try revoke(try root.revoking([22]))
        let failures = settle(try pair())
        #expect(failures.client?.code == .peerCertificateRevoked)
        #expect(failures.client?.message.contains(TestAuthority.serverURI) == true)
        #expect(register.rejections(as: .client) == 1)
        #expect(register.rejections(as: .server) == 0)
    }

    @Test("who isn't listed is good, also by a list that is out of date")
    func others() throws {
        try revoke(try root.revoking([1, 20, 23, 2_100], nextUpdate: TestAuthority.now - 60))
        let failures = settle(try pair())
        #expect(failures.client == nil)
        #expect(failures.server == nil)
        try revoke(try root.revoking([22], nextUpdate: TestAuthority.now - 60))
        #expect(settle(try pair()).client?.code == .peerCertificateRevoked)
    }

    @Test("a revoked intermediate takes all below it along")
    func intermediate() throws {
        let middle = try root.intermediate("middle", serial: 31)
        let leaf = try middle.identity([TestAuthority.serverURI], serial: 32)
        let identity = try TLSIdentity(chain: leaf.chain + [middle.root], key: leaf.key)
        func pair() throws -> LoopbackPair {
            try LoopbackPair(
                client: try context(try root.identity([TestAuthority.clientURI])),
                server: try context(identity)
            )
        }
        #expect(settle(try pair()).client == nil)
        try revoke(try root.revoking([31]))
        let failures = settle(try pair())
        #expect(failures.client?.code == .peerCertificateRevoked)
        #expect(failures.client?.message.contains("certificate 1 of the chain") == true)
        // The intermediate's own serial in its own list says nothing about it.
        try revoke(try middle.revoking([31]))
        #expect(settle(try pair()).client == nil)
        try revoke(try middle.revoking([32]))
        #expect(settle(try pair()).client?.code == .peerCertificateRevoked)
    }

    @Test("of two authorities with one name, a list counts for the key that signed it")
    func equalNames() throws {
        let twin = try TestAuthority(root.name)
        let both = try TrustAnchors([root.root, twin.root])
        let ofRoot = try root.identity([TestAuthority.serverURI], serial: 22)
        let ofTwin = try twin.identity([TestAuthority.serverURI], serial: 22)
        func failure(of identity: TLSIdentity) throws -> TLSError? {
            let pair = try LoopbackPair(
                client: try context(try root.identity([TestAuthority.clientURI]), trusts: both),
                server: try context(identity, trusts: both)
            )
            return settle(pair).client
        }
        try revoke(try twin.revoking([22]))
        #expect(try failure(of: ofRoot) == nil)
        #expect(try failure(of: ofTwin)?.code == .peerCertificateRevoked)
        // Both lists in one file: the first match by name must not hide the second.
        try revoke(try twin.revoking([]) + root.revoking([22]))
        #expect(try failure(of: ofRoot)?.code == .peerCertificateRevoked)
        #expect(try failure(of: ofTwin) == nil)
    }

    @Test("a list that somebody else signed in the authority's name counts for nothing")
    func forged() throws {
        let forger = try TestAuthority(root.name)
        try revoke(try forger.revoking([21, 22]))
        let failures = settle(try pair())
        #expect(failures.client == nil)
        #expect(failures.server == nil)
    }

    @Test("junk that a peer presents besides its path changes nothing")
    func junk() throws {
        let middle = try root.intermediate("middle", serial: 31)
        let leaf = try root.identity([TestAuthority.serverURI], serial: 32)
        let identity = try TLSIdentity(chain: leaf.chain + [middle.root], key: leaf.key)
        try revoke(try root.revoking([31]))
        let pair = try LoopbackPair(
            client: try context(try root.identity([TestAuthority.clientURI])),
            server: try context(identity)
        )
        #expect(settle(pair).client == nil)
        #expect(pair.client.judgeAgain(with: try context(identity)) == nil)
    }

    @Test("an open session is found out when a list comes, in both roles, and goes on until it is ended")
    func later() throws {
        let client = try context(try root.identity([TestAuthority.clientURI], serial: 21))
        let server = try context(try root.identity([TestAuthority.serverURI], serial: 22))
        let pair = try LoopbackPair(client: client, server: server)
        #expect(settle(pair) == (nil, nil))
        #expect(pair.client.judgeAgain(with: client) == nil)
        #expect(pair.server.judgeAgain(with: server) == nil)
        try revoke(try root.revoking([21]))
        #expect(pair.client.judgeAgain(with: client) == nil)
        #expect(pair.server.judgeAgain(with: server)?.code == .peerCertificateRevoked)
        try revoke(try root.revoking([22]))
        #expect(pair.client.judgeAgain(with: client)?.code == .peerCertificateRevoked)
        #expect(pair.server.judgeAgain(with: server) == nil)
        #expect(pair.client.isOpen)
        try revoke("")
        #expect(pair.client.judgeAgain(with: client) == nil)
        // Judging live sessions is not a refused handshake.
        #expect(register.rejections(as: .client) == 0)
    }

    @Test("an open session is judged by the roots of a later context")
    func rootsChange() throws {
        let other = try TestAuthority("other")
        let client = try context(try root.identity([TestAuthority.clientURI]))
        let server = try context(try root.identity([TestAuthority.serverURI]))
        let pair = try LoopbackPair(client: client, server: server)
        #expect(settle(pair) == (nil, nil))
        let bothRoots = try TrustAnchors([root.root, other.root])
        let both = try context(try root.identity([TestAuthority.clientURI]), trusts: bothRoots)
        #expect(pair.client.judgeAgain(with: both) == nil)
        let moved = try context(try other.identity([TestAuthority.clientURI]), trusts: try other.trust)
        #expect(pair.client.judgeAgain(with: moved)?.code == .peerCertificateUntrusted)
        #expect(pair.server.judgeAgain(with: moved)?.code == .peerCertificateUntrusted)
    }

    @Test("the path ends with the first of its certificates")
    func expiryOfThePath() throws {
        let middle = try root.intermediate("middle", serial: 31)
        let leaf = try middle.identity([TestAuthority.serverURI]) { $0.notAfter = TestAuthority.now + 900_000 }
        let identity = try TLSIdentity(chain: leaf.chain + [middle.root], key: leaf.key)
        let pair = try LoopbackPair(
            client: try context(try root.identity([TestAuthority.clientURI])),
            server: try context(identity)
        )
        #expect(settle(pair) == (nil, nil))
        #expect(pair.client.peerCertificateExpiry == min(middle.root.notAfter, root.root.notAfter))
    }
}

private func == (left: (TLSError?, TLSError?), right: (TLSError?, TLSError?)) -> Bool {
    left.0 == right.0 && left.1 == right.1
}

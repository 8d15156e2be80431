import BoringTLS
import Testing

/// Sessions with applications, which are no part of the mesh: names of any kind, protocols to choose from, and servers
/// that ask nobody who they are.
struct ApplicationSessionTests {
    private let authority: TestAuthority

    init() throws { self.authority = try TestAuthority("applications") }

    private func pair(
        _ expectation: PeerExpectation,
        client offers: TLSProtocols = .http11,
        server takes: TLSProtocols = TLSProtocols(["h2", "http/1.1"], isRequired: false),
        policy: TLSPolicy = TLSPolicy(allowsTLS12: true),
        names: (inout CertificateBuilder) -> Void = { $0.dnsNames = ["shop.example"] }
    ) throws -> LoopbackPair {
        let server = try TLSContext(
            identity: self.authority.identity([], adjust: names),
            trust: self.authority.trust,
            policy: policy
        )
        let client = try TLSContext(identity: nil, trust: self.authority.trust, policy: TLSPolicy(allowsTLS12: true))
        return try LoopbackPair(
            client: client,
            server: server,
            clientExpects: expectation,
            serverExpects: .unchecked(serverName: nil),
            clientOffers: offers,
            serverTakes: takes
        )
    }

    private func shake(_ pair: LoopbackPair) -> TLSError? {
        pair.handshake()
        _ = pair.transfer(from: pair.server, to: pair.client)
        _ = pair.transfer(from: pair.client, to: pair.server)
        return pair.client.failure ?? pair.server.failure
    }

    @Test("a client without a certificate is taken where nobody asks for one")
    func oneSided() throws {
        let pair = try self.pair(.anyName(["shop.example"], serverName: "shop.example"))
        #expect(self.shake(pair) == nil)
        #expect(pair.client.isOpen)
        #expect(pair.server.peerIdentity == nil)
        _ = pair.client.write(Array("hello".utf8))
        #expect(pair.transfer(from: pair.client, to: pair.server).bytes == Array("hello".utf8))
    }

    @Test(
        "one name of any kind is enough",
        arguments: [
            "shop.example", "a.shops.example", "spiffe://other/x", "https://shop.example/", "127.0.0.1",
        ]
    )
    func aNameOfAnyKind(_ name: String) throws {
        let pair = try self.pair(.anyName(["elsewhere.example", name], serverName: nil)) {
            $0.dnsNames = ["shop.example", "*.shops.example"]
            $0.uris = ["spiffe://other/x", "https://shop.example/"]
            $0.addresses = [[127, 0, 0, 1]]
        }
        #expect(self.shake(pair) == nil)
    }

    @Test(
        "a name of another kind is none",
        arguments: [
            "example", "x.shop.example", "a.b.shops.example", "spiffe://other/", "127.0.0.2", "SPIFFE://other/x",
            "common.example", "*.example",
        ]
    )
    func noName(_ name: String) throws {
        let pair = try self.pair(.anyName([name], serverName: "shop.example")) {
            $0.commonName = "common.example"
            $0.dnsNames = ["shop.example", "*.shops.example"]
            $0.uris = ["spiffe://other/x"]
            $0.addresses = [[127, 0, 0, 1]]
        }
        #expect(self.shake(pair)?.code == .peerIdentityMismatch)
    }

    @Test("a name does not help a chain to another root, one that has expired, or a client's")
    func chainFirst() throws {
        let foreign = try TestAuthority("foreign")
        let server = try TLSContext(
            identity: foreign.identity([]) { $0.dnsNames = ["shop.example"] },
            trust: foreign.trust
        )
        let client = try TLSContext(identity: nil, trust: self.authority.trust)
        let pair = try LoopbackPair(
            client: client,
            server: server,
            clientExpects: .anyName(["shop.example"], serverName: nil),
            serverExpects: .unchecked(serverName: nil)
        )
        #expect(self.shake(pair)?.code == .peerCertificateUntrusted)
        let expired = try self.pair(.anyName(["shop.example"], serverName: nil)) {
            $0.dnsNames = ["shop.example"]
            $0.notAfter = TestAuthority.now - 1
        }
        #expect(self.shake(expired)?.code == .peerCertificateExpired)
        let ofClient = try self.pair(.anyName(["shop.example"], serverName: nil)) {
            $0.dnsNames = ["shop.example"]
            $0.usages = [.client]
        }
        #expect(self.shake(ofClient)?.code == .peerCertificateUntrusted)
    }

    @Test("who is not checked may be anybody")
    func unchecked() throws {
        let foreign = try TestAuthority("foreign")
        let server = try TLSContext(identity: foreign.identity([]), trust: foreign.trust)
        let client = try TLSContext(identity: nil, trust: self.authority.trust)
        let pair = try LoopbackPair(
            client: client,
            server: server,
            clientExpects: .unchecked(serverName: "any.example"),
            serverExpects: .unchecked(serverName: nil)
        )
        #expect(self.shake(pair) == nil)
        #expect(pair.client.peerIdentity == nil)
    }

    @Test("expectations that nobody could meet, or that can't be sent, are refused")
    func malformed() throws {
        for expectation in [
            PeerExpectation.anyName([], serverName: nil), .anyName(["a b"], serverName: nil),
            .anyName(["a"], serverName: "b\u{e4}"), .unchecked(serverName: ""),
        ] {
            #expect(throws: TLSError.self) { _ = try self.pair(expectation) }
        }
    }

    @Test(
        "protocols: the server's preferred one of the client's offer, or none",
        arguments: [
            (TLSProtocols.http2, "h2"), (.http11, "http/1.1"), (.none, nil),
            (TLSProtocols(["http/1.1", "h2"], isRequired: true), "h2"),
        ] as [(TLSProtocols, String?)]
    )
    func protocols(_ offer: TLSProtocols, _ agreed: String?) throws {
        let pair = try self.pair(.unchecked(serverName: nil), client: offer)
        #expect(self.shake(pair) == nil)
        #expect(pair.client.negotiatedALPN == agreed)
        #expect(pair.server.negotiatedALPN == agreed)
    }

    @Test("HTTP/2 needs the peer's word, HTTP/1.1 does not")
    func agreement() throws {
        let silent = try self.pair(.unchecked(serverName: nil), client: .http2, server: .none)
        #expect(self.shake(silent)?.code == .alpnMismatch)
        let old = try self.pair(.unchecked(serverName: nil), client: .http11, server: .none)
        #expect(self.shake(old) == nil)
        #expect(old.client.negotiatedALPN == nil)
        let strict = try self.pair(.unchecked(serverName: nil), client: .http11, server: .http2)
        #expect(self.shake(strict) != nil)
    }
}

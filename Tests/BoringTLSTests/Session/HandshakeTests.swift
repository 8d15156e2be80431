import BoringTLS
import Testing

struct HandshakeTests {
    @Test func bothSidesLearnTheOthersIdentity() throws {
        let authority = try TestAuthority()
        let pair = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]) { $0.serial = 4242 },
            server: try authority.context([TestAuthority.serverURI])
        )
        #expect(pair.client.peerIdentity == nil)
        #expect(pair.handshake() == (.complete, .complete))
        #expect(pair.client.peerIdentity == TestAuthority.serverURI)
        #expect(pair.server.peerIdentity == TestAuthority.clientURI)
        #expect(pair.server.peerCertificateSerial == "4242")
        #expect(try #require(pair.server.peerCertificateExpiry) > TestAuthority.now)
        #expect(pair.client.negotiatedALPN == "h2")
        #expect(pair.server.negotiatedALPN == "h2")
        #expect(pair.client.negotiatedSuite == "TLS_AES_256_GCM_SHA384")
        #expect(pair.server.negotiatedGroup == "X25519MLKEM768")
    }

    @Test func handshakeSurvivesBytesArrivingOneByOne() throws {
        let authority = try TestAuthority()
        let pair = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]),
            server: try authority.context([TestAuthority.serverURI])
        )
        pair.hopBytes = { 1 }
        #expect(pair.handshake() == (.complete, .complete))
    }

    @Test func chainsWithIntermediatesLeadToTheRoot() throws {
        let root = try TestAuthority()
        let middleKey = try PrivateKey()
        var builder = CertificateBuilder(
            commonName: "middle",
            serial: 2,
            notBefore: TestAuthority.now - 60,
            notAfter: TestAuthority.now + 600
        )
        builder.isAuthority = true
        let middle = try builder.issue(subjectKey: middleKey, issuer: root.name, issuerKey: root.key)
        let leafKey = try PrivateKey()
        builder.isAuthority = false
        builder.commonName = ""
        builder.uris = [TestAuthority.serverURI]
        let leaf = try builder.issue(subjectKey: leafKey, issuer: "middle", issuerKey: middleKey)
        let server = try TLSContext(
            identity: try TLSIdentity(chain: [leaf, middle], key: leafKey),
            trust: try root.trust
        )
        let pair = try LoopbackPair(client: try root.context([TestAuthority.clientURI]), server: server)
        #expect(pair.handshake() == (.complete, .complete))

        let without = try TLSContext(identity: try TLSIdentity(chain: [leaf], key: leafKey), trust: try root.trust)
        let broken = try LoopbackPair(client: try root.context([TestAuthority.clientURI]), server: without)
        broken.handshake()
        #expect(broken.client.failure?.code == .peerCertificateUntrusted)
    }

    @Test func anyOfSeveralRootsWillDo() throws {
        let old = try TestAuthority("old root")
        let new = try TestAuthority("new root")
        let both = try TrustAnchors([old.root, new.root])
        let pair = try LoopbackPair(
            client: try TLSContext(identity: try old.identity([TestAuthority.clientURI]), trust: both),
            server: try TLSContext(identity: try new.identity([TestAuthority.serverURI]), trust: both)
        )
        #expect(pair.handshake() == (.complete, .complete))
    }

    @Test(arguments: ["tulled.internal", "10.1.2.3", "2001:db8::7"])
    func aNamedServerIsKnownByItsNameOrAddress(_ host: String) throws {
        let authority = try TestAuthority()
        let server = try authority.context([]) {
            $0.dnsNames = ["tulled.internal"]
            $0.addresses = [[10, 1, 2, 3], [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]]
        }
        let pair = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]),
            server: server,
            clientExpects: .host(host)
        )
        #expect(pair.handshake() == (.complete, .complete))
    }

    @Test(arguments: ["other.internal", "10.1.2.4"])
    func anAlternativeNameDoesWhenTheHostIsNotThere(_ host: String) throws {
        let authority = try TestAuthority()
        for (alternatives, isGood) in [(["none.internal", "tulled.internal"], true), (["none.internal"], false)] {
            let pair = try LoopbackPair(
                client: try authority.context([TestAuthority.clientURI]),
                server: try authority.context([]) { $0.dnsNames = ["tulled.internal"] },
                clientExpects: .host(host, alternatives: alternatives)
            )
            pair.handshake()
            #expect(pair.client.failure?.code == (isGood ? nil : .peerIdentityMismatch))
            #expect(pair.client.isOpen == isGood)
        }
    }

    @Test(arguments: ["other.internal", "10.1.2.4", "2001:db8::8", "internal", "xtulled.internal"])
    func anotherHostIsRefused(_ host: String) throws {
        let authority = try TestAuthority()
        let server = try authority.context([]) {
            // The common name must not count.
            $0.commonName = host
            $0.dnsNames = ["tulled.internal"]
            $0.addresses = [[10, 1, 2, 3], [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]]
        }
        let pair = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]),
            server: server,
            clientExpects: .host(host)
        )
        pair.handshake()
        #expect(pair.client.failure?.code == .peerIdentityMismatch)
        #expect(pair.client.failure?.message.contains(host) == true)
        #expect(pair.client.failure?.message.contains("tulled.internal") == true)
    }
}

import BoringTLS
import Testing

/// Each way a peer can be wrong, with the code that both sides give.
struct RefusalTests {
    private func run(
        client: TLSContext,
        server: TLSContext,
        clientExpects: PeerExpectation = .oneOf([TestAuthority.serverURI]),
        serverExpects: PeerExpectation = .anyIdentity(trustDomain: "cluster.local")
    ) throws -> (client: TLSError?, server: TLSError?) {
        let pair = try LoopbackPair(
            client: client,
            server: server,
            clientExpects: clientExpects,
            serverExpects: serverExpects
        )
        pair.handshake()
        // A client's handshake ends before the server has judged it: the verdict comes with the first read.
        _ = pair.transfer(from: pair.server, to: pair.client)
        _ = pair.transfer(from: pair.client, to: pair.server)
        return (pair.client.failure, pair.server.failure)
    }

    @Test func foreignRootOfTheServer() throws {
        let ours = try TestAuthority()
        let foreign = try TestAuthority()
        let server = try TLSContext(identity: try foreign.identity([TestAuthority.serverURI]), trust: try ours.trust)
        let failures = try run(client: try ours.context([TestAuthority.clientURI]), server: server)
        #expect(failures.client?.code == .peerCertificateUntrusted)
        #expect(failures.server?.code == .rejectedByPeer)
        #expect(failures.server?.message.contains("unknown CA") == true)
    }

    @Test func foreignRootOfTheClient() throws {
        let ours = try TestAuthority()
        let foreign = try TestAuthority()
        let client = try TLSContext(identity: try foreign.identity([TestAuthority.clientURI]), trust: try ours.trust)
        let failures = try run(client: client, server: try ours.context([TestAuthority.serverURI]))
        #expect(failures.server?.code == .peerCertificateUntrusted)
        #expect(failures.client?.code == .rejectedByPeer)
    }

    @Test(arguments: [-7_200, 3_600])
    func outsideOfItsValidity(_ offset: Int64) throws {
        let authority = try TestAuthority()
        let server = try authority.context([TestAuthority.serverURI]) {
            $0.notBefore = TestAuthority.now + offset
            $0.notAfter = TestAuthority.now + offset + 3_599
        }
        let failures = try run(client: try authority.context([TestAuthority.clientURI]), server: server)
        #expect(failures.client?.code == .peerCertificateExpired)
        #expect(failures.server?.code == .rejectedByPeer)
    }

    @Test func expiredClient() throws {
        let authority = try TestAuthority()
        let client = try authority.context([TestAuthority.clientURI]) { $0.notAfter = TestAuthority.now - 1 }
        let failures = try run(client: client, server: try authority.context([TestAuthority.serverURI]))
        #expect(failures.server?.code == .peerCertificateExpired)
        #expect(failures.client?.message.contains("expired") == true)
    }

    @Test func clientOfAnotherTrustDomain() throws {
        let authority = try TestAuthority()
        let client = try authority.context(["spiffe://cluster.local.evil/ns/default/sa/client"])
        let failures = try run(client: client, server: try authority.context([TestAuthority.serverURI]))
        #expect(failures.server?.code == .peerIdentityMismatch)
        #expect(failures.server?.message.contains("cluster.local.evil") == true)
        #expect(failures.client?.code == .rejectedByPeer)
    }

    @Test(arguments: [
        "spiffe://cluster.local/ns/default/sa/server2",
        "spiffe://cluster.local/ns/default/sa/serve",
        "spiffe://cluster.local/ns/default/sa/server/",
        "spiffe://cluster.local/ns/default/sa/server?x=1",
        "spiffe://Cluster.local/ns/default/sa/server",
        "spiffe://cluster.local:80/ns/default/sa/server",
        "SPIFFE://cluster.local/ns/default/sa/server",
        "https://cluster.local/ns/default/sa/server",
        "spiffe://cluster.local/ns/default/sa/%73erver",
    ])
    func serverWithAnotherIdentity(_ uri: String) throws {
        let authority = try TestAuthority()
        let failures = try run(
            client: try authority.context([TestAuthority.clientURI]),
            server: try authority.context([uri])
        )
        #expect(failures.client?.code == .peerIdentityMismatch)
        #expect(failures.client?.message.contains(TestAuthority.serverURI) == true)
        #expect(failures.client?.message.contains(uri) == true)
        #expect(failures.server?.code == .rejectedByPeer)
    }

    @Test func noNameAtAll() throws {
        let authority = try TestAuthority()
        let failures = try run(
            client: try authority.context([]) { $0.dnsNames = ["client.internal"] },
            server: try authority.context([TestAuthority.serverURI])
        )
        #expect(failures.server?.code == .peerIdentityMismatch)
    }

    @Test func clientWithoutCertificate() throws {
        let authority = try TestAuthority()
        let failures = try run(
            client: try TLSContext(identity: nil, trust: try authority.trust),
            server: try authority.context([TestAuthority.serverURI])
        )
        #expect(failures.server?.code == .peerCertificateMissing)
        #expect(failures.client?.code == .rejectedByPeer)
    }

    @Test func certificateForTheOtherPurpose() throws {
        let authority = try TestAuthority()
        let failures = try run(
            client: try authority.context([TestAuthority.clientURI]) { $0.usages = [.server] },
            server: try authority.context([TestAuthority.serverURI])
        )
        #expect(failures.server?.code == .peerCertificateUntrusted)
        let others = try run(
            client: try authority.context([TestAuthority.clientURI]),
            server: try authority.context([TestAuthority.serverURI]) { $0.usages = [.client] }
        )
        #expect(others.client?.code == .peerCertificateUntrusted)
    }

    @Test func leafMustNotIssueCertificates() throws {
        // Whoever holds a leaf's key could otherwise name itself as it likes.
        let authority = try TestAuthority()
        let stolen = try authority.identity([TestAuthority.clientURI])
        let key = try PrivateKey()
        var builder = CertificateBuilder(
            commonName: "",
            serial: 9,
            notBefore: TestAuthority.now - 60,
            notAfter: TestAuthority.now + 60
        )
        builder.uris = ["spiffe://cluster.local/ns/kube-system/sa/admin"]
        let forged = try builder.issue(subjectKey: key, issuer: "", issuerKey: stolen.key)
        let client = try TLSContext(
            identity: try TLSIdentity(chain: [forged] + stolen.chain, key: key),
            trust: try authority.trust
        )
        let failures = try run(client: client, server: try authority.context([TestAuthority.serverURI]))
        #expect(failures.server?.code == .peerCertificateUntrusted)
    }

    @Test func authorityIsNoPeer() throws {
        let authority = try TestAuthority()
        let client = try authority.context([TestAuthority.clientURI]) {
            $0.commonName = "middle"
            $0.isAuthority = true
        }
        let failures = try run(client: client, server: try authority.context([TestAuthority.serverURI]))
        #expect(failures.server?.code == .peerCertificateUntrusted)
    }

    @Test func messagesStayBoundedWhateverThePeerPresents() throws {
        let authority = try TestAuthority()
        let many = (0..<32).map { "spiffe://other/ns/default/sa/\(String(repeating: "a", count: 500))\($0)" }
        let failures = try run(
            client: try authority.context(many),
            server: try authority.context([TestAuthority.serverURI])
        )
        #expect(failures.server?.code == .peerIdentityMismatch)
        #expect(try #require(failures.server).message.utf8.count <= TLSError.messageBytes)
    }

    @Test func contextsAndExpectationsThatCanNotWorkAreRefusedAtOnce() throws {
        let authority = try TestAuthority()
        let anonymous = try TLSContext(identity: nil, trust: try authority.trust)
        let known = try authority.context([TestAuthority.clientURI])
        let cases: [(TLSContext, TLSRole, PeerExpectation)] = [
            (anonymous, .server, .anyIdentity(trustDomain: "cluster.local")),
            (known, .server, .anyIdentity(trustDomain: "")),
            (known, .server, .anyIdentity(trustDomain: "Cluster.Local")),
            (known, .client, .oneOf([])),
            (known, .client, .oneOf([TestAuthority.serverURI, "spiffe://x/y"])),
            (known, .client, .host("")),
            (known, .client, .host("a b")),
        ]
        for (context, role, expectation) in cases {
            let error = #expect(throws: TLSError.self) {
                _ = try TLSSession(context: context, role: role, expectation: expectation, buffers: TLSBufferPool())
            }
            #expect(error?.code == .invalidConfiguration, "\(role) \(expectation)")
        }
    }
}

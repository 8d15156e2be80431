import BoringTLS
import MeshIdentity
import MeshModel
import Synchronization
import Testing

struct IdentityStoreTests {
    let identity: SPIFFEID
    let issuer: TestIssuer

    init() throws {
        identity = try SPIFFEID(trustDomain: "cluster.local", namespace: "default", serviceAccount: "shell")
        issuer = try TestIssuer()
    }

    @Test func withoutAnIdentityNothingIsGiven() {
        let store = IdentityStore()
        let error = #expect(throws: IdentityError.self) { try store.snapshot(now: 0) }
        #expect(error?.code == .missing)
        #expect(store.generation == 0)
        #expect(store.latest == nil)
    }

    @Test func whoeverKeepsItHearsOnceThatAConnectionFoundNone() throws {
        let store = IdentityStore()
        let calls = Mutex(0)
        store.whenMissing { calls.withLock { $0 += 1 } }
        #expect(calls.withLock { $0 } == 0)
        for _ in 0..<3 { _ = try? store.snapshot(now: 0) }
        #expect(calls.withLock { $0 } == 1)
        let installed = try store.install(try issuer.issued(identity))
        store.whenMissing { calls.withLock { $0 += 10 } }
        _ = try store.snapshot(now: TestIssuer.now)
        #expect(calls.withLock { $0 } == 1)
        _ = try? store.snapshot(now: installed.svid.notAfter)
        #expect(calls.withLock { $0 } == 11)
    }

    @Test func theNewestIsGivenAndEarlierOnesStayWhole() throws {
        let store = IdentityStore()
        let first = try store.install(try issuer.issued(identity, serial: 1))
        #expect(try store.snapshot(now: TestIssuer.now) === first)
        let second = try store.install(try issuer.issued(identity, serial: 2))
        #expect(try store.snapshot(now: TestIssuer.now) === second)
        #expect([first.generation, second.generation] == [1, 2])
        #expect(first.svid.serial == "1")
    }

    @Test func failsClosedFromTheSecondOfExpiryOn() throws {
        let store = IdentityStore()
        let installed = try store.install(try issuer.issued(identity))
        let end = installed.svid.notAfter
        #expect(try store.snapshot(now: end - 1) === installed)
        for now in [end, end + 1, .max] {
            let error = #expect(throws: IdentityError.self) { try store.snapshot(now: now) }
            #expect(error?.code == .expired)
            #expect(error?.message.contains(identity.uri) == true)
        }
        #expect(store.latest === installed)
    }

    @Test func itsContextServesBothRoles() throws {
        let store = IdentityStore()
        let snapshot = try store.install(try issuer.issued(identity))
        let buffers = TLSBufferPool()
        let client = try TLSSession(
            context: snapshot.context,
            role: .client,
            expectation: .oneOf([identity.uri]),
            buffers: buffers
        )
        let server = try TLSSession(
            context: snapshot.context,
            role: .server,
            expectation: .anyIdentity(trustDomain: snapshot.bundle.trustDomain),
            buffers: buffers
        )
        var progress = (client.handshake(), TLSProgress.needsInput)
        for _ in 0..<4 {
            progress.1 = carry(client, server)
            progress.0 = carry(server, client)
        }
        #expect(progress == (.complete, .complete))
        #expect(server.peerIdentity == identity.uri)
    }

    /// MeshModel's identities and those that TLS verifies must be the same language.
    @Test(arguments: [
        "spiffe://cluster.local/ns/default/sa/shell", "spiffe://a-b_c.d/ns/A.b-c_d/sa/0",
        "spiffe://Cluster.local/ns/default/sa/shell", "spiffe://cluster.local/ns/default/sa/shell/",
        "spiffe://cluster.local/ns//sa/shell", "spiffe://cluster.local/ns/../sa/shell", "spiffe:///ns/a/sa/b",
        "spiffe://cluster.local/ns/default/sa/sh%65ll", "spiffe://cluster.local/NS/default/sa/shell",
        "SPIFFE://cluster.local/ns/default/sa/shell", "spiffe://cluster.local/ns/default", "spiffe://",
        "spiffe://cluster.local/ns/default/sa/é", "spiffe://cluster.local/ns/default/sa/a\u{301}", "",
        "spiffe://cluster.local:1/ns/default/sa/shell", "spiffe://cluster.local/ns/default/sa/shell?a",
    ])
    func sameTextsAreIdentitiesHereAndInTLS(_ uri: String) throws {
        let snapshot = try IdentityStore().install(try issuer.issued(identity))
        let isIdentity = (try? SPIFFEID(parsing: uri)) != nil
        let isExpected =
            (try? TLSSession(
                context: snapshot.context,
                role: .client,
                expectation: .oneOf([uri]),
                buffers: TLSBufferPool()
            )) != nil
        #expect(isIdentity == isExpected)
    }

    private func carry(_ sender: TLSSession, _ receiver: TLSSession) -> TLSProgress {
        let bytes = [UInt8](sender.output)
        sender.consumeOutput(bytes.count)
        return bytes.withUnsafeBytes {
            receiver.provideCiphertext($0)
            defer { receiver.endCiphertext() }
            return receiver.handshake()
        }
    }
}

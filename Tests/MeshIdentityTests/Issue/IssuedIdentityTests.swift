import BoringTLS
import MeshIdentity
import MeshModel
import Testing

struct IssuedIdentityTests {
    let identity: SPIFFEID
    let issuer: TestIssuer
    let key: PrivateKey

    init() throws {
        identity = try SPIFFEID(trustDomain: "cluster.local", namespace: "default", serviceAccount: "shell")
        issuer = try TestIssuer()
        key = try PrivateKey()
    }

    private func code(of certChain: [String], now: Int64 = TestIssuer.now) -> IdentityError.Code? {
        do {
            _ = try IssuedIdentity(certChain: certChain, key: key, requested: identity, now: now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func anAnswerAsAskedForIsTaken() throws {
        let leaf = try issuer.leaf([identity.uri], for: key, serial: 99)
        let other = try TestIssuer("second root")
        let issued = try IssuedIdentity(
            certChain: [leaf.pem, issuer.root.pem + other.root.pem],
            key: key,
            requested: identity,
            now: TestIssuer.now
        )
        #expect(issued.svid.identity == identity)
        #expect(issued.svid.serial == "99")
        #expect(issued.svid.notBefore == leaf.notBefore)
        #expect(issued.svid.notAfter == leaf.notAfter)
        #expect(issued.svid.credentials.chain == [leaf])
        #expect(issued.bundle.trustDomain == "cluster.local")
        #expect(issued.bundle.anchors.certificates == [issuer.root, other.root])
    }

    @Test func intermediatesMayComeAsElementsOrInOne() throws {
        let middleKey = try PrivateKey()
        var builder = CertificateBuilder(
            commonName: "middle",
            serial: 2,
            notBefore: TestIssuer.now - 60,
            notAfter: TestIssuer.now + 600
        )
        builder.isAuthority = true
        let middle = try builder.issue(subjectKey: middleKey, issuer: issuer.name, issuerKey: issuer.key)
        builder.isAuthority = false
        builder.commonName = ""
        builder.uris = [identity.uri]
        builder.notAfter = TestIssuer.now + 6_000
        let leaf = try builder.issue(subjectKey: key, issuer: "middle", issuerKey: middleKey)
        for certChain in [[leaf.pem, middle.pem, issuer.root.pem], [leaf.pem + middle.pem, issuer.root.pem]] {
            let issued = try IssuedIdentity(
                certChain: certChain,
                key: key,
                requested: identity,
                now: TestIssuer.now
            )
            #expect(issued.svid.credentials.chain == [leaf, middle])
            #expect(issued.svid.notAfter == middle.notAfter, "the chain is good for as long as its shortest link")
        }
        #expect(code(of: [leaf.pem, issuer.root.pem]) == .untrusted)
    }

    @Test(arguments: [
        ["spiffe://cluster.local/ns/default/sa/other"],
        ["spiffe://other/ns/default/sa/shell"],
        ["https://cluster.local/ns/default/sa/shell"],
        ["spiffe://cluster.local/ns/default/sa/shell", "spiffe://cluster.local/ns/default/sa/other"],
        [],
    ])
    func anotherNameIsRefused(_ uris: [String]) throws {
        #expect(code(of: [try issuer.leaf(uris, for: key).pem, issuer.root.pem]) == .identityMismatch)
    }

    @Test func anotherKeyIsRefused() throws {
        let leaf = try issuer.leaf([identity.uri], for: try PrivateKey())
        #expect(code(of: [leaf.pem, issuer.root.pem]) == .keyMismatch)
    }

    @Test func whatIsNotValidNowIsRefused() throws {
        let leaf = try issuer.leaf([identity.uri], for: key)
        #expect(code(of: [leaf.pem, issuer.root.pem], now: leaf.notAfter) == .outsideValidity)
        #expect(
            code(of: [leaf.pem, issuer.root.pem], now: leaf.notBefore - SVID.clockTolerance - 1) == .outsideValidity
        )
        #expect(code(of: [leaf.pem, issuer.root.pem], now: leaf.notBefore - SVID.clockTolerance) == nil)
    }

    @Test func aChainThatDoesNotLeadToItsRootsIsRefused() throws {
        let leaf = try issuer.leaf([identity.uri], for: key)
        #expect(code(of: [leaf.pem, try TestIssuer().root.pem]) == .untrusted)
    }

    @Test func answersThatCanNotBeReadAreRefused() throws {
        let leaf = try issuer.leaf([identity.uri], for: key).pem
        let root = issuer.root.pem
        let answers = [
            [], [leaf], [leaf, ""], [leaf, "garbage"], ["", root], ["garbage", root],
            ["-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n", root],
            [String](repeating: leaf, count: 16) + [root],
        ]
        for answer in answers { #expect(code(of: answer) == .malformedAnswer, "\(answer.count) elements") }
        #expect(code(of: [String](repeating: leaf, count: 9) + [root]) == .unusable)
    }
}

import BoringTLS
import Testing

struct TrustAnchorsTests {
    @Test func brokenRootsAreLeftOutAndReported() throws {
        let first = try TestAuthority("first").root
        let second = try TestAuthority("second").root
        let broken = PEMBlock(label: "CERTIFICATE", bytes: [1, 2, 3]).text
        let other = PEMBlock(label: "X509 CRL", bytes: [1]).text
        let anchors = try TrustAnchors(pem: "# ours\n" + first.pem + broken + other + second.pem + first.pem)
        #expect(anchors.certificates == [first, second])
        #expect(anchors.problems == ["trust bundle, block 2: not a DER-encoded X.509 certificate"])
    }

    @Test(arguments: ["", "hello", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"])
    func bundleWithoutAnyRootIsAnError(_ text: String) {
        let error = #expect(throws: TLSError.self) { try TrustAnchors(pem: text) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func identityNeedsItsOwnKey() throws {
        let identity = try TestAuthority().identity([TestAuthority.clientURI])
        let error = #expect(throws: TLSError.self) { try TLSIdentity(chain: identity.chain, key: try PrivateKey()) }
        #expect(error?.code == .invalidConfiguration)
        #expect(throws: TLSError.self) { try TLSIdentity(chain: [], key: identity.key) }
    }
}

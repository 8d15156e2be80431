import BoringTLS
import Testing

struct CertificateRequestTests {
    @Test func openSSLAcceptsIt() throws {
        let key = try PrivateKey()
        let request = try CertificateRequest(uri: TestAuthority.clientURI, key: key)
        let outcome = try OpenSSLCommand.run(["req", "-verify", "-noout", "-text"], input: request.pem)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("verify OK"))
        #expect(outcome.output.contains("Subject: \n") || outcome.output.contains("Subject:\n"))
        #expect(outcome.output.contains("X509v3 Subject Alternative Name: critical"))
        #expect(outcome.output.contains("URI:\(TestAuthority.clientURI)"))
        #expect(outcome.output.contains("Signature Algorithm: ecdsa-with-SHA256"))
        #expect(outcome.output.contains("NIST CURVE: P-256"))
    }

    @Test(arguments: ["", "spiffe://a b", "spiffe://é", "spiffe://a\n", String(repeating: "a", count: 2049)])
    func unfitNamesAreRefused(_ uri: String) throws {
        let key = try PrivateKey()
        #expect(throws: TLSError.self) { try CertificateRequest(uri: uri, key: key) }
    }
}

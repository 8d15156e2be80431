import BoringTLS
import Testing

struct CertificateTests {
    @Test func fieldsComeOutAsIssued() throws {
        let authority = try TestAuthority()
        let key = try PrivateKey()
        var builder = CertificateBuilder(
            commonName: "leaf",
            serial: 18_446_744_073_709_551_615,
            notBefore: 1_700_000_000,
            notAfter: 2_600_000_000
        )
        builder.uris = ["spiffe://a/ns/b/sa/c", "https://example.org/x"]
        builder.dnsNames = ["a.example"]
        let certificate = try builder.issue(subjectKey: key, issuer: authority.name, issuerKey: authority.key)
        #expect(certificate.notBefore == 1_700_000_000)
        #expect(certificate.notAfter == 2_600_000_000, "after 2050, so written as GeneralizedTime")
        #expect(certificate.serial == "18446744073709551615")
        #expect(certificate.uris == builder.uris)
        #expect(certificate.dnsNames == ["a.example"])
        #expect(!certificate.isAuthority)
        #expect(certificate.subjectPublicKeyInfo == key.subjectPublicKeyInfo)
        #expect(authority.root.isAuthority)
        #expect(try Certificate.parse(pem: authority.root.pem + certificate.pem) == [authority.root, certificate])
    }

    @Test func openSSLReadsTheSame() throws {
        let authority = try TestAuthority()
        let leaf = try #require(try authority.identity([TestAuthority.clientURI], serial: 77).chain.first)
        let outcome = try OpenSSLCommand.run(["x509", "-noout", "-text"], input: leaf.pem)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("Serial Number: 77 (0x4d)"))
        #expect(outcome.output.contains("URI:\(TestAuthority.clientURI)"))
        #expect(outcome.output.contains("TLS Web Server Authentication, TLS Web Client Authentication"))
        #expect(outcome.output.contains("X509v3 Subject Alternative Name: critical"))
    }

    @Test(
        arguments: [
            (0, "700101000000Z"), (951_782_400, "000229000000Z"), (1_893_455_999, "291231235959Z"),
            (2_524_608_000, "20500101000000Z"), (4_107_542_400, "21000301000000Z"),
        ] as [(Int64, String)]
    )
    func timesAreWrittenAsRFC5280Wants(_ seconds: Int64, _ text: String) throws {
        let authority = try TestAuthority()
        let builder = CertificateBuilder(commonName: "t", serial: 1, notBefore: seconds, notAfter: seconds)
        let key = try PrivateKey()
        let certificate = try builder.issue(subjectKey: key, issuer: authority.name, issuerKey: authority.key)
        #expect(certificate.notAfter == seconds)
        #expect(certificate.der.hexadecimal.contains(Array(text.utf8).hexadecimal))
    }

    @Test func brokenOnesAreErrors() throws {
        let der = try TestAuthority().root.der
        #expect(throws: CertificateError.malformed) { try Certificate(der: []) }
        #expect(throws: CertificateError.malformed) { try Certificate(der: Array(der.dropLast())) }
        #expect(throws: CertificateError.malformed) { try Certificate(der: der + [0]) }
        #expect(throws: CertificateError.tooLarge(bytes: 70_000)) {
            try Certificate(der: [UInt8](repeating: 0x30, count: 70_000))
        }
    }

    @Test func changedBytesNeverTrap() throws {
        let der = try #require(try TestAuthority().identity([TestAuthority.clientURI]).chain.first).der
        for index in der.indices {
            for change in [0x01, 0x80, 0xFF] as [UInt8] {
                var changed = der
                changed[index] ^= change
                _ = try? Certificate(der: changed)
            }
        }
    }

    @Test func nameWithAHiddenEndIsNoName() throws {
        let authority = try TestAuthority()
        let leaf = try #require(
            try authority.identity(["spiffe://a/ns/b/sa/c\u{0}.evil", "spiffe://ok/ns/b/sa/c"]).chain.first
        )
        #expect(leaf.uris == ["spiffe://ok/ns/b/sa/c"])
    }
}

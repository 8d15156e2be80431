import MeshModel
import Testing

@Suite struct SPIFFEIDTests {
    @Test(
        "reads what it writes",
        arguments: [
            "spiffe://cluster.local/ns/shop/sa/orders",
            "spiffe://a/ns/b/sa/c",
            "spiffe://a_b-c.d9/ns/A.b_-9/sa/Z",
        ]
    )
    func roundTrip(_ text: String) throws {
        let id = try SPIFFEID(parsing: text)
        #expect(id.uri == text)
        #expect("\(id)" == text)
        #expect("spiffe://\(id.principal)" == text)
    }

    @Test(
        "refuses",
        arguments: [
            ("", SPIFFEIDError.wrongScheme),
            ("https://a/ns/b/sa/c", .wrongScheme),
            ("SPIFFE://a/ns/b/sa/c", .wrongScheme),
            (" spiffe://a/ns/b/sa/c", .wrongScheme),
            ("spiffe://", .invalidTrustDomain),
            ("spiffe:///ns/b/sa/c", .invalidTrustDomain),
            ("spiffe://A/ns/b/sa/c", .invalidTrustDomain),
            ("spiffe://a:1/ns/b/sa/c", .invalidTrustDomain),
            ("spiffe://u@a/ns/b/sa/c", .invalidTrustDomain),
            ("spiffe://a%2e/ns/b/sa/c", .invalidTrustDomain),
            ("spiffe://é/ns/b/sa/c", .invalidTrustDomain),
            ("spiffe://a", .invalidPath),
            ("spiffe://a/", .invalidPath),
            ("spiffe://a/ns/b", .invalidPath),
            ("spiffe://a/ns/b/sa", .invalidPath),
            ("spiffe://a/ns/b/sa/c/", .invalidPath),
            ("spiffe://a/ns/b/sa/c/d", .invalidPath),
            ("spiffe://a/sa/b/ns/c", .invalidPath),
            ("spiffe://a//ns/b/sa/c", .invalidPath),
            ("spiffe://a/NS/b/sa/c", .invalidPath),
            ("spiffe://a/ns//sa/c", .invalidNamespace),
            ("spiffe://a/ns/../sa/c", .invalidNamespace),
            ("spiffe://a/ns/b%2f/sa/c", .invalidNamespace),
            ("spiffe://a/ns/b/sa/", .invalidServiceAccount),
            ("spiffe://a/ns/b/sa/.", .invalidServiceAccount),
            ("spiffe://a/ns/b/sa/c?x", .invalidServiceAccount),
            ("spiffe://a/ns/b/sa/c#x", .invalidServiceAccount),
            ("spiffe://a/ns/b/sa/c\u{0}", .invalidServiceAccount),
        ]
    )
    func refuses(_ text: String, _ expected: SPIFFEIDError) {
        #expect(throws: expected) { try SPIFFEID(parsing: text) }
    }

    @Test func lengthsAreBounded() throws {
        let longest = String(repeating: "a", count: 255)
        #expect(throws: Never.self) { try SPIFFEID(trustDomain: longest, namespace: "b", serviceAccount: "c") }
        #expect(throws: SPIFFEIDError.invalidTrustDomain) {
            try SPIFFEID(trustDomain: longest + "a", namespace: "b", serviceAccount: "c")
        }
        let prefix = "spiffe://a/ns/b/sa/"
        let rest = String(repeating: "c", count: SPIFFEID.maximumBytes - prefix.utf8.count)
        #expect(try SPIFFEID(parsing: prefix + rest).serviceAccount == rest)
        #expect(throws: SPIFFEIDError.tooLong(2049)) { try SPIFFEID(parsing: prefix + rest + "c") }
        #expect(throws: SPIFFEIDError.tooLong(2049)) {
            try SPIFFEID(trustDomain: "a", namespace: "b", serviceAccount: rest + "c")
        }
    }
}

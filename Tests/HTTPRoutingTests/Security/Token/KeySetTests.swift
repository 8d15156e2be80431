import Testing

@testable import HTTPRouting

struct KeySetTests {
    @Test func readsEveryKind() throws {
        let keys: [VerificationKey] = [
            TokenMint.rsa, TokenMint.ec, .p384(x: Array(repeating: 1, count: 48), y: Array(repeating: 2, count: 48)),
            .p521(x: Array(repeating: 1, count: 66), y: Array(repeating: 2, count: 66)),
            .ed25519(Array(repeating: 9, count: 32)),
        ]
        let set = try KeySet(parsing: "{\"keys\":[\(keys.map { TokenMint.jwk($0) }.joined(separator: ","))],\"x\":1}")
        #expect(set.keys.map(\.key) == keys)
        for algorithm in SignatureAlgorithm.allCases {
            #expect(set.candidates(algorithm: algorithm, id: nil).count == 1, "\(algorithm)")
        }
    }

    @Test(arguments: [
        ",\"use\":\"enc\"", ",\"key_ops\":[\"sign\"]", ",\"key_ops\":\"verify\"", ",\"alg\":\"HS256\"",
        ",\"alg\":\"none\"",
    ])
    func passesOverKeysForOtherUses(_ more: String) {
        #expect(throws: KeySet.Fault.noUsableKey) {
            try KeySet(parsing: TokenMint.keys(TokenMint.jwk(TokenMint.ec, more)))
        }
    }

    @Test(arguments: [
        "{\"kty\":\"RSA\",\"n\":\"\(Base64URL.encode(Array(repeating: 0xFF, count: 255)))\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"\(Base64URL.encode(Array(repeating: 0x7F, count: 256)))\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"\(Base64URL.encode(Array(repeating: 0xFF, count: 256)))\",\"e\":\"AQ\"}",
        "{\"kty\":\"RSA\",\"n\":\"\(Base64URL.encode(Array(repeating: 0xFF, count: 256)))\",\"e\":\"Ag\"}",
        "{\"kty\":\"RSA\",\"n\":\"\(Base64URL.encode(Array(repeating: 0xFF, count: 256)))\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}", "{\"kty\":\"EC\",\"crv\":\"secp256k1\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAA\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}", "{}", "5",
    ])
    func passesOverWeakAndBrokenKeys(_ key: String) throws {
        #expect(throws: KeySet.Fault.noUsableKey) { try KeySet(parsing: TokenMint.keys(key)) }
        #expect(try KeySet(parsing: TokenMint.keys(key, TokenMint.jwk(TokenMint.ec))).keys.count == 1)
    }

    @Test func bounds() {
        let many = Array(repeating: TokenMint.jwk(TokenMint.ec), count: 65).joined(separator: ",")
        #expect(throws: KeySet.Fault.tooManyKeys(65)) { try KeySet(parsing: "{\"keys\":[\(many)]}") }
        #expect(throws: KeySet.Fault.json(.tooLong)) {
            try KeySet(parsing: "{\"keys\":[\"\(String(repeating: "a", count: 1 << 20))\"]}")
        }
        #expect(throws: KeySet.Fault.noKeys) { try KeySet(parsing: "{\"keys\":{}}") }
        #expect(throws: KeySet.Fault.json(.repeatedName)) { try KeySet(parsing: "{\"keys\":[],\"keys\":[]}") }
    }

    @Test func keysAreChosenByIdAndAlgorithm() throws {
        let set = try KeySet(
            parsing: TokenMint.keys(
                TokenMint.jwk(TokenMint.ec, ",\"kid\":\"a\""),
                TokenMint.jwk(TokenMint.other, ",\"kid\":\"b\",\"alg\":\"ES256\""),
                TokenMint.jwk(TokenMint.rsa, ",\"alg\":\"PS256\"")
            )
        )
        #expect(set.candidates(algorithm: .es256, id: "a") == [TokenMint.ec])
        #expect(set.candidates(algorithm: .es256, id: "b") == [TokenMint.other])
        #expect(set.candidates(algorithm: .es256, id: nil) == [TokenMint.ec, TokenMint.other])
        #expect(set.candidates(algorithm: .es256, id: "c").isEmpty)
        #expect(set.candidates(algorithm: .ps256, id: "any") == [TokenMint.rsa])
        #expect(set.candidates(algorithm: .rs256, id: nil).isEmpty)
    }
}

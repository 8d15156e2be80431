import BoringTLS
import Testing

struct PrivateKeyTests {
    @Test func survivesTheWayThroughPKCS8() throws {
        let key = try PrivateKey()
        let again = try PrivateKey(pkcs8PEM: try key.pkcs8PEM())
        #expect(again.subjectPublicKeyInfo == key.subjectPublicKeyInfo)
        #expect(try PrivateKey().subjectPublicKeyInfo != key.subjectPublicKeyInfo)
    }

    @Test func publicKeyIsWhatOpenSSLDerives() throws {
        let key = try PrivateKey()
        let outcome = try OpenSSLCommand.run(["pkey", "-pubout"], input: try key.pkcs8PEM())
        #expect(outcome.output == PEMBlock(label: "PUBLIC KEY", bytes: key.subjectPublicKeyInfo).text)
        #expect(key.publicKeyHash == SHA256.hash(key.subjectPublicKeyInfo))
    }

    @Test func neverShowsItsSecret() throws {
        let key = try PrivateKey()
        let pem = try key.pkcs8PEM()
        let block = try #require(try PEMBlock.parse(pem).first)
        var dumped = ""
        dump(key, to: &dumped)
        for text in [key.description, String(describing: key), String(reflecting: key), dumped] {
            #expect(!text.contains(Base64.encode(block.bytes).prefix(40)))
            #expect(!text.contains(block.bytes.hexadecimal))
        }
        #expect(dumped.utf8.count < 200)
    }

    @Test func otherKeysAreRefused() throws {
        let rsa = try OpenSSLCommand.run(
            ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            input: ""
        )
        let p384 = try OpenSSLCommand.run(
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
            input: ""
        )
        let certificate = try TestAuthority().root.pem
        let broken = PEMBlock(label: "PRIVATE KEY", bytes: [0x30, 3, 1, 2]).text
        for text in [rsa.output, p384.output, certificate, broken, "", "-----BEGIN PRIVATE KEY-----\n"] {
            let error = #expect(throws: TLSError.self) { try PrivateKey(pkcs8PEM: text) }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    @Test("keys of others: elliptic and RSA, in each form that OpenSSL writes")
    func foreignKeys() throws {
        let rsa = try OpenSSLCommand.run(
            ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            input: ""
        ).output
        let p384 = try OpenSSLCommand.run(
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
            input: ""
        ).output
        let own = try PrivateKey().pkcs8PEM()
        for text in [rsa, p384, own] {
            let old = try OpenSSLCommand.run(["pkey", "-traditional"], input: text).output
            let found = try PrivateKey(foreignPEM: text)
            #expect(try PrivateKey(foreignPEM: old).subjectPublicKeyInfo == found.subjectPublicKeyInfo)
            let block = PEMBlock(label: "PUBLIC KEY", bytes: found.subjectPublicKeyInfo).text
            #expect(try OpenSSLCommand.run(["pkey", "-pubout"], input: text).output == block)
        }
    }

    @Test("keys of others that are weak, of another kind, or none")
    func foreignRefused() throws {
        let small = try OpenSSLCommand.run(
            ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
            input: ""
        ).output
        let edwards = try OpenSSLCommand.run(["genpkey", "-algorithm", "ED25519"], input: "").output
        let broken = PEMBlock(label: "EC PRIVATE KEY", bytes: [0x30, 3, 1, 2]).text
        let brokenRSA = PEMBlock(label: "RSA PRIVATE KEY", bytes: [0x30, 3, 1, 2]).text
        for text in [small, edwards, broken, brokenRSA, "", try TestAuthority().root.pem] {
            let error = #expect(throws: TLSError.self) { try PrivateKey(foreignPEM: text) }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}

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
}

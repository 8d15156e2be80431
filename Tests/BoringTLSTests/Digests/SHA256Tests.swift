import BoringTLS
import Testing

struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func vectorsOfFIPS180(_ text: String, _ digest: String) {
        #expect(SHA256.hash(text.utf8).hexadecimal == digest)
    }

    @Test func vectorsOfRFC4231() {
        let first = SHA256.authenticationCode("Hi There".utf8, key: [UInt8](repeating: 0x0B, count: 20))
        #expect(first.hexadecimal == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let second = SHA256.authenticationCode("what do ya want for nothing?".utf8, key: "Jefe".utf8)
        #expect(second.hexadecimal == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let long = SHA256.authenticationCode(
            "Test Using Larger Than Block-Size Key - Hash Key First".utf8,
            key: [UInt8](repeating: 0xAA, count: 131)
        )
        #expect(long.hexadecimal == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func emptyKeyAndMessageHaveACodeToo() {
        // From Python: hmac.new(b"", b"", "sha256").
        #expect(
            SHA256.authenticationCode([], key: []).hexadecimal
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
        )
    }
}

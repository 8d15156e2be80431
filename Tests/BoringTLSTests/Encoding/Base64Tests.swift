import BoringTLS
import Testing

struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func vectorsOfRFC4648(_ plain: String, _ text: String) {
        #expect(Base64.encode(plain.utf8) == text)
        #expect(Base64.decode(text.utf8) == Array(plain.utf8))
        let url = String(text.prefix { $0 != "=" })
        #expect(Base64.encode(plain.utf8, .url) == url)
        #expect(Base64.decode(url.utf8, .url) == Array(plain.utf8))
    }

    @Test func alphabetsDiffer() {
        #expect(Base64.encode([0xFB, 0xFF, 0xBF]) == "+/+/")
        #expect(Base64.encode([0xFB, 0xFF, 0xBF], .url) == "-_-_")
        #expect(Base64.decode("-_-_".utf8) == nil)
        #expect(Base64.decode("+/+/".utf8, .url) == nil)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z=g=", "=", "Zm9v\n", " Zm9v", "Zm9v=", "Zm9vYg==Zg==",
    ])
    func anythingButTheOneFormIsRefused(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test func everyLengthComesBack() {
        for count in 0..<200 {
            let bytes = RandomBytes.make(count)
            #expect(bytes.count == count)
            #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
            #expect(Base64.decode(Base64.encode(bytes, .url).utf8, .url) == bytes)
        }
    }
}

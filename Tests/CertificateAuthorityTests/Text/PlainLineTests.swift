import CertificateAuthority
import Testing

@Suite struct PlainLineTests {
    @Test(arguments: [
        ("plain text", "plain text"), ("a\r\nb", "a??b"), ("\u{1b}[31m", "?[31m"), ("é", "??"), ("", ""),
        ("abcdefghijklmnop", "abcdefghijkl"),
    ])
    func isPrintableAndBounded(_ text: String, _ expected: String) {
        #expect(PlainLine.of(text, bytes: 12) == expected)
    }

    @Test func oneCharacterCannotBeThousandsOfBytes() {
        let text = "a" + String(repeating: "\u{301}", count: 9_999)
        #expect(text.count == 1)
        #expect(PlainLine.of(text, bytes: 64).utf8.count == 64)
    }
}

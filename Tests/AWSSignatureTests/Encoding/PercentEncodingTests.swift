import AWSSignature
import Testing

struct PercentEncodingTests {
    @Test(arguments: [
        ("", ""), ("aZ09-._~", "aZ09-._~"), ("a b", "a%20b"), ("/", "%2F"), ("%", "%25"), ("+", "%2B"),
        ("ሴ", "%E1%88%B4"), ("\u{0}", "%00"),
    ])
    func encodesAllButTheUnreservedSet(_ text: String, _ expected: String) {
        #expect(PercentEncoding.encode(text) == expected)
        #expect(PercentEncoding.decode(expected) == text)
    }

    @Test(arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("a%41%", "aA%"), ("%4%41", "%4A")])
    func leavesABrokenEscapeAsItIs(_ text: String, _ expected: String) {
        #expect(PercentEncoding.decode(text) == expected)
    }

    @Test
    func writesLowerCaseHexadecimal() {
        #expect(Hexadecimal.encode([0x00, 0x0f, 0xa5, 0xff]) == "000fa5ff")
    }
}

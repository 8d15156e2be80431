import Testing

@testable import MeshDNS

@Suite struct DNSNameTests {
    @Test(
        "reads names",
        arguments: [
            ("a", "a"), ("A.b.", "a.b"), ("_srv._tcp.Example.COM", "_srv._tcp.example.com"), (".", "."), ("*.x", "*.x"),
        ]
    )
    func reads(_ text: String, _ expected: String) throws {
        #expect(try #require(DNSName(parsing: text)).description == expected)
    }

    @Test(
        "refuses names",
        arguments: [
            "", "..", ".a", "a..b", "a b", "a\u{0}b", "é", "a\\b", "a\n", String(repeating: "a", count: 64),
            Array(repeating: "abcdefghi", count: 26).joined(separator: "."),
        ]
    )
    func refuses(_ text: String) {
        #expect(DNSName(parsing: text) == nil)
    }

    @Test func theLongestNameFits() {
        let longest =
            Array(repeating: String(repeating: "a", count: 63), count: 3).joined(separator: ".") + "."
            + String(repeating: "b", count: 61)
        #expect(DNSName(parsing: longest) != nil)
        #expect(DNSName(parsing: longest + "b") == nil)
        #expect(DNSName(parsing: longest)?.appending(.root) != nil)
        #expect(DNSName(parsing: "x")?.appending(DNSName(parsing: longest) ?? .root) == nil)
    }

    @Test func strangeBytesAreShownEscaped() throws {
        #expect(try DNSName(labels: [[0x2e, 0x00, 0x41], [0x5c]]).description == "\\046\\000a.\\092")
    }
}

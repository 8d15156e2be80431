import Testing

@testable import Lab

@Suite struct DNSMessageTests {
    private static func query(_ name: String, type: UInt16 = 1, flags: UInt16 = 0x0100, extra: [UInt8] = []) -> [UInt8]
    {
        [0x12, 0x34, UInt8(flags >> 8), UInt8(flags & 255), 0, 1, 0, 0, 0, 0, 0, extra.isEmpty ? 0 : 1]
            + (DNSName.wire(name) ?? []) + [UInt8(type >> 8), UInt8(type & 255), 0, 1] + extra
    }

    @Test func `reads a question in lower case`() throws {
        let query = try #require(DNSQuery(parsing: Self.query("Echo.DEMO.mesh.internal")))
        #expect(query.name == "echo.demo.mesh.internal")
        #expect((query.id, query.type, query.answerLimit) == (0x1234, 1, 512))
    }

    @Test func `EDNS raises the size of UDP answers up to what passes unfragmented`() throws {
        let record: [UInt8] = [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]
        #expect(try #require(DNSQuery(parsing: Self.query("a", extra: record))).answerLimit == 1232)
    }

    @Test func `refuses answers, other operations, torn and odd messages`() {
        let whole = Self.query("echo.demo")
        for count in 0..<whole.count { #expect(DNSQuery(parsing: Array(whole.prefix(count))) == nil) }
        #expect(DNSQuery(parsing: Self.query("a", flags: 0x8100)) == nil)
        #expect(DNSQuery(parsing: Self.query("a", flags: 0x2800)) == nil)
        var pointer = whole
        pointer[12] = 0xC0
        #expect(DNSQuery(parsing: pointer) == nil)
        var two = whole
        two[5] = 2
        #expect(DNSQuery(parsing: two) == nil)
        #expect(DNSQuery(parsing: [UInt8](repeating: 63, count: 5000)) == nil)
    }

    @Test func `random bytes never trap`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0..<64)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if bytes.count > 6, Bool.random() { bytes.replaceSubrange(2..<6, with: [1, 0, 0, 1]) }
            if let query = DNSQuery(parsing: bytes) {
                _ = DNSAnswer(.nameError).bytes(for: query, limit: 512)
            }
        }
    }

    @Test func `an answer repeats the question and carries its records`() throws {
        let query = try #require(DNSQuery(parsing: Self.query("a.b")))
        var answer = DNSAnswer(.noError)
        answer.isAuthoritative = true
        answer.answers = [DNSRecord(name: "a.b", type: 1, ttl: 5, data: [1, 2, 3, 4])]
        let bytes = answer.bytes(for: query, limit: 512)
        #expect(
            bytes == [0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 97, 1, 98, 0, 0, 1, 0, 1]
                + [1, 97, 1, 98, 0, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 1, 2, 3, 4]
        )
    }

    @Test func `an answer that is too long is cut and says so`() throws {
        let query = try #require(DNSQuery(parsing: Self.query("a.b")))
        var answer = DNSAnswer(.noError)
        answer.answers = Array(repeating: DNSRecord(name: "a.b", type: 1, ttl: 5, data: [1, 2, 3, 4]), count: 100)
        let bytes = answer.bytes(for: query, limit: 512)
        #expect(bytes.count <= 512 && bytes[2] & 0x02 != 0 && bytes[7] == 0)
        #expect(answer.bytes(for: query, limit: 65535).count > 512)
    }
}

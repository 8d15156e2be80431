import MeshModel
import Testing

@testable import TunnelEngine

@Suite struct HPACKTests {
    private func decode(_ decoder: inout HPACKDecoder, _ bytes: [UInt8]) throws -> [HTTP2Header] {
        var result: Result<[HTTP2Header], HTTP2Error> = .success([])
        bytes.withUnsafeBytes { block in
            do throws(HTTP2Error) { result = .success(try decoder.decode(block)) } catch { result = .failure(error) }
        }
        return try result.get()
    }

    private func encode(_ encoder: inout HPACKEncoder, _ headers: [HTTP2Header]) -> [UInt8] {
        let output = HTTP2Output()
        encoder.encode(headers, into: output)
        return output.withBytes { Array($0) }
    }

    private static let firstRequest = "GET http / www.example.com"

    private static let cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"

    /// RFC 7541 appendix C: blocks of one connection each, and what they say.
    static let vectors: [(name: String, blocks: [String], last: [HTTP2Header])] = [
        (
            "C.2.1", ["400a637573746f6d2d6b65790d637573746f6d2d686561646572"],
            [HTTP2Header("custom-key", "custom-header")]
        ),
        ("C.2.2", ["040c2f73616d706c652f70617468"], [HTTP2Header(":path", "/sample/path")]),
        (
            "C.2.3", ["100870617373776f726406736563726574"],
            [HTTP2Header("password", "secret", sensitive: true)]
        ),
        ("C.2.4", ["82"], [HTTP2Header(":method", "GET")]),
        (
            "C.3",
            [
                "828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ], thirdRequest
        ),
        (
            "C.4",
            [
                "828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ], thirdRequest
        ),
        // The examples have a table of 256 bytes, which the first three bytes set here.
        (
            "C.5",
            [
                """
                3fe1014803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54
                6e1768747470733a2f2f7777772e6578616d706c652e636f6d
                """,
                "4803333037c1c0bf",
                """
                88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153
                444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31
                """,
            ], thirdResponse
        ),
        (
            "C.6",
            [
                """
                3fe101488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f
                0b97c8e9ae82ae43d3
                """,
                "4883640effc1c0bf",
                """
                88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b
                3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007
                """,
            ], thirdResponse
        ),
    ]

    private static let thirdRequest = [
        HTTP2Header(":method", "GET"), HTTP2Header(":scheme", "https"), HTTP2Header(":path", "/index.html"),
        HTTP2Header(":authority", "www.example.com"), HTTP2Header("custom-key", "custom-value"),
    ]

    private static let thirdResponse = [
        HTTP2Header(":status", "200"), HTTP2Header("cache-control", "private"),
        HTTP2Header("date", "Mon, 21 Oct 2013 20:13:22 GMT"), HTTP2Header("location", "https://www.example.com"),
        HTTP2Header("content-encoding", "gzip"), HTTP2Header("set-cookie", cookie),
    ]

    @Test(arguments: vectors)
    func decodesTheExamplesOfTheStandard(_ name: String, _ blocks: [String], _ last: [HTTP2Header]) throws {
        var decoder = HPACKDecoder(listLimit: 16_384)
        var headers: [HTTP2Header] = []
        for block in blocks { headers = try self.decode(&decoder, HTTP2Wire.hex(block)) }
        #expect(headers == last)
    }

    @Test func encodesTheRequestsOfTheStandardAsItDoes() {
        var encoder = HPACKEncoder()
        var request = [
            HTTP2Header(":method", "GET"), HTTP2Header(":scheme", "http"), HTTP2Header(":path", "/"),
            HTTP2Header(":authority", "www.example.com"),
        ]
        #expect(self.encode(&encoder, request) == HTTP2Wire.hex("828684418cf1e3c2e5f23a6ba0ab90f4ff"))
        request.append(HTTP2Header("cache-control", "no-cache"))
        #expect(self.encode(&encoder, request) == HTTP2Wire.hex("828684be5886a8eb10649cbf"))
        #expect(
            self.encode(&encoder, Self.thirdRequest)
                == HTTP2Wire.hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf")
        )
    }

    static let brokenBlocks: [(String, HTTP2Error.Reason)] = [
        ("80", .hpackIndexInvalid), ("be", .hpackIndexInvalid), ("ffffffff07", .hpackIndexInvalid),
        ("ff8080808001", .hpackIntegerTooLarge), ("ffffffffff0f", .hpackIntegerTooLarge), ("ff", .hpackTruncated),
        ("40", .hpackTruncated), ("400a6162", .hpackTruncated), ("4001617f", .hpackTruncated),
        ("7e", .hpackIndexInvalid), ("7f00", .hpackIndexInvalid),
        // A size update after a field, and one above our setting.
        ("8220", .hpackTableSizeInvalid), ("3fe21f", .hpackTableSizeInvalid),
        // Huffman: padding of eight bits, padding with zeros, the end-of-string symbol.
        ("00016181ff", .hpackHuffmanInvalid), ("00016182fdff", .hpackHuffmanInvalid),
        ("0001618100", .hpackHuffmanInvalid), ("00016184ffffffff", .hpackHuffmanInvalid),
    ]

    @Test(arguments: brokenBlocks)
    func refusesBrokenBlock(_ hex: String, _ reason: HTTP2Error.Reason) {
        var decoder = HPACKDecoder(listLimit: 16_384)
        #expect(throws: HTTP2Error(.compressionError, reason)) { try self.decode(&decoder, HTTP2Wire.hex(hex)) }
    }

    @Test func listLimitIsExact() throws {
        var decoder = HPACKDecoder(listLimit: 34 * 3)
        let field = HTTP2Wire.hex("0001610162")
        #expect(try self.decode(&decoder, field + field + field).count == 3)
        #expect(throws: HTTP2Error(.enhanceYourCalm, .headerListTooLarge)) {
            try self.decode(&decoder, field + field + field + [0x82])
        }
        #expect(throws: HTTP2Error(.enhanceYourCalm, .headerListTooLarge)) {
            try self.decode(&decoder, [0, 1, 0x61] + HTTP2Wire.string(String(repeating: "x", count: 103)))
        }
        // Huffman: 0x18c6 is "aaa"; 70 bytes of it are 112 letters.
        let letters = Array(repeating: [0x18, 0xc6, 0x31, 0x8c, 0x63] as [UInt8], count: 14).flatMap { $0 }
        #expect(throws: HTTP2Error(.enhanceYourCalm, .headerListTooLarge)) {
            try self.decode(&decoder, [0, 1, 0x61, 0x80 | 70] + letters)
        }
    }

    @Test func everyByteSurvivesHuffman() {
        for byte in UInt8.min...UInt8.max {
            let text = [byte, 0x61, byte]
            let output = HTTP2Output()
            text.withUnsafeBufferPointer { HPACKHuffman.encode($0, into: output) }
            #expect(output.count == text.withUnsafeBufferPointer { HPACKHuffman.encodedCount($0) })
            var space = [UInt8](repeating: 0, count: 3)
            let count = output.withBytes { code in
                space.withUnsafeMutableBufferPointer { HPACKHuffman.decode(code, into: $0) }
            }
            #expect(count == 3 && space == text)
        }
    }

    @Test func secretsAndVolatileFieldsStayOutOfTheTable() {
        var encoder = HPACKEncoder()
        let headers = [
            HTTP2Header("authorization", "Bearer x", sensitive: true), HTTP2Header("traceparent", "00-1-1-00"),
            HTTP2Header("forwarded", "for=\"10.0.0.1:5\""), HTTP2Header("large", String(repeating: "x", count: 3000)),
        ]
        let first = self.encode(&encoder, headers)
        #expect(self.encode(&encoder, headers) == first)
        // authorization is static entry 23: never indexed, four-bit prefix.
        #expect(first.starts(with: [0x1f, 0x08]))
    }

    @Test func tableSizeChangesAreAnnouncedSmallestFirst() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder(listLimit: 16_384)
        let headers = [HTTP2Header("a", "b"), HTTP2Header("c", "d")]
        for sizes in [[], [0], [], [4096], [0, 4096], [100, 50, 200], [1 << 20]] as [[UInt32]] {
            for size in sizes { encoder.setPeerTableSize(size) }
            #expect(try self.decode(&decoder, self.encode(&encoder, headers)) == headers)
        }
        encoder.setPeerTableSize(0)
        encoder.setPeerTableSize(4096)
        #expect(self.encode(&encoder, []) == HTTP2Wire.hex("203fe11f"))
    }

    @Test func encoderAndDecoderAgreeOnRandomLists() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder(listLimit: 1 << 20)
        let names = HPACKStaticTable.entries.map(\.name) + ["x-a", "x-b", "baggage", "grpc-status"]
        for round in 0..<2_000 {
            if round % 50 == 0 { encoder.setPeerTableSize(UInt32.random(in: 0...5000, using: &random)) }
            let headers = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                let length = Int.random(in: 0...(round % 9 == 0 ? 3000 : 9), using: &random)
                let scalars = (0..<length).map { _ in UnicodeScalar(UInt8.random(in: 1...255, using: &random)) }
                return HTTP2Header(
                    names.randomElement(using: &random) ?? "x",
                    length < 3 ? String(length) : String(String.UnicodeScalarView(scalars)),
                    sensitive: Bool.random(using: &random)
                )
            }
            let decoded = try self.decode(&decoder, self.encode(&encoder, headers))
            #expect(decoded.map { [$0.name, $0.value] } == headers.map { [$0.name, $0.value] }, "seed \(seed)")
        }
    }

    @Test func tableEvictsTheOldestByStandardSizes() {
        var table = HPACKTable()
        table.setMaximumSize(100)
        for name in ["a", "b", "c", "d"] { table.insert(HTTP2Header(name, "1")) }
        #expect(table.count == 2 && table.size == 68)
        #expect(table[0]?.name == "d" && table[1]?.name == "c" && table[2] == nil && table[-1] == nil)
        table.insert(HTTP2Header("e", String(repeating: "x", count: 68)))
        #expect(table.count == 0 && table.size == 0)
        table.insert(HTTP2Header("e", String(repeating: "x", count: 67)))
        #expect(table.count == 1 && table.size == 100)
    }
}

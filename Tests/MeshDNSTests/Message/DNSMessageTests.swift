import MeshModel
import Testing

@testable import MeshDNS

@Suite struct DNSMessageTests {
    static func name(_ text: String) -> DNSName { DNSName(parsing: text) ?? .root }

    static let sample: DNSMessage = {
        var message = DNSMessage(id: 0xbeef)
        message.isResponse = true
        message.isAuthoritative = true
        message.wantsRecursion = true
        message.offersRecursion = true
        message.operation = 2
        message.code = .noSuchName
        message.questions = [DNSQuestion(name: name("www.example.com"), type: .a)]
        message.answers = [
            DNSRecord(name: name("www.example.com"), timeToLive: 300, content: .alias(name("web.example.com"))),
            DNSRecord(name: name("web.example.com"), timeToLive: 30, content: .address(IPAddress(v4: 0x0102_0304))),
            DNSRecord(
                name: name("web.example.com"),
                timeToLive: 30,
                content: .address(IPAddress(v6High: 0x2001_0db8_0000_0000, v6Low: 1))
            ),
        ]
        message.authorities = [
            DNSRecord(name: name("example.com"), timeToLive: 1, content: .other(DNSType(rawValue: 6), [1, 2, 3]))
        ]
        message.additionals = [
            DNSRecord(name: .root, timeToLive: 0, content: .other(DNSType(rawValue: 16), []), classCode: 3)
        ]
        message.edns = DNSMessage.EDNS(payloadBytes: 4096, version: 0, wantsDNSSEC: true)
        return message
    }()

    @Test("reads what it writes", arguments: [true, false])
    func roundTrip(_ compressing: Bool) throws {
        let bytes = Self.sample.encoded(compressing: compressing)
        #expect(try DNSMessage(decoding: bytes) == Self.sample)
        if compressing { #expect(bytes.count < Self.sample.encoded(compressing: false).count) }
    }

    @Test func aQueryByteByByte() {
        var query = DNSMessage(id: 0x1234)
        query.wantsRecursion = true
        query.questions = [DNSQuestion(name: Self.name("a.bc"), type: .aaaa)]
        query.edns = DNSMessage.EDNS()
        #expect(
            query.encoded() == [
                0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0x61, 2, 0x62, 0x63, 0, 0, 28, 0, 1,
                0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0,
            ]
        )
    }

    @Test func answersThatDoNotFitAreLeftOutAndMarked() throws {
        var message = DNSMessage(id: 1)
        message.questions = [DNSQuestion(name: Self.name("many.example.com"), type: .a)]
        message.answers = (0..<256).map {
            DNSRecord(name: Self.name("many.example.com"), timeToLive: 30, content: .address(IPAddress(v4: $0)))
        }
        message.edns = DNSMessage.EDNS()
        let bytes = message.encoded(limit: 1232)
        #expect(bytes.count <= 1232)
        let read = try DNSMessage(decoding: bytes)
        #expect(read.isTruncated)
        // 12 header, 22 question, 11 EDNS, 16 a record.
        #expect(read.answers.count == (1232 - 12 - 22 - 11) / 16)
        #expect(read.edns != nil)
        let whole = try DNSMessage(decoding: message.encoded())
        #expect(!whole.isTruncated)
        #expect(whole.answers.count == 256)
    }

    /// A response with one question for the root, and then `bytes` as one answer.
    private static func answer(_ bytes: [UInt8]) -> [UInt8] {
        [0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0] + bytes
    }

    @Test(
        "refuses malformed bytes",
        arguments: [
            ([], DNSError.truncated),
            ([0, 1, 2], .truncated),
            (answer([]), .truncated),
            (answer([1, 0x61]), .truncated),
            (answer([5, 0x61]), .truncated),
            (answer([0xc0]), .truncated),
            (answer([0xc0, 12]), .invalidPointer),  // to itself
            (answer([0xc0, 200]), .invalidPointer),  // forward
            (answer([1, 0x61, 0xc0, 12]), .invalidPointer),  // a loop
            (answer([0x40, 0]), .invalidName),
            (answer([0x80, 0]), .invalidName),
            (answer([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 1, 2, 3]), .invalidRecord),
            (answer([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3]), .truncated),
            (answer([0, 0, 28, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]), .invalidRecord),
            (answer([0, 0, 5, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0x61, 0]), .invalidRecord),
            (
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] + [
                    0, 0, 41, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41, 0, 0, 0, 0, 0, 0, 0, 0,
                ],
                .repeatedEDNS
            ),
            (Array(repeating: 0, count: 65536), .tooLong),
        ] as [([UInt8], DNSError)]
    )
    func refuses(_ bytes: [UInt8], _ expected: DNSError) {
        #expect(throws: expected) { try DNSMessage(decoding: bytes) }
    }

    @Test func aNameMadeTooLongByPointersIsRefused() {
        // Five names of one label of 59 bytes, each going on where the one before begins.
        var bytes: [UInt8] = [0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0]
        var previous: Int?
        for _ in 0..<5 {
            let place = bytes.count
            bytes += [59] + Array(repeating: 0x61, count: 59)
            bytes += previous.map { [0xc0 | UInt8($0 >> 8), UInt8($0 & 255)] } ?? [0]
            bytes += [0, 1, 0, 1]
            previous = place
        }
        #expect(throws: DNSError.invalidName) { try DNSMessage(decoding: bytes) }
    }

    @Test("cut or damaged messages never trap", arguments: 0..<6)
    func garbage(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let bytes = Self.sample.encoded()
        for count in 0..<bytes.count { _ = try? DNSMessage(decoding: Array(bytes.prefix(count))) }
        for round in 0..<3000 {
            var damaged = bytes
            if round % 4 == 0 {
                damaged = (0..<Int.random(in: 0...80, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            } else {
                for _ in 0...Int.random(in: 0...4, using: &random) {
                    damaged[Int.random(in: 0..<damaged.count, using: &random)] = .random(in: 0...255, using: &random)
                }
            }
            guard let message = try? DNSMessage(decoding: damaged) else { continue }
            let again = try? DNSMessage(decoding: message.encoded())
            #expect(again == message)
        }
    }
}

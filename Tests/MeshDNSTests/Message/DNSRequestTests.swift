import MeshModel
import Testing

@testable import MeshDNS

/// Messages that clients send.
enum Sent {
    static func name(_ text: String) -> DNSName { DNSName(parsing: text) ?? .root }

    /// A query in the bytes of its sender, upper-case letters included.
    static func query(
        _ host: String,
        _ type: DNSType = .a,
        id: UInt16 = 7,
        flags: UInt16 = 0x0100,
        payload: UInt16? = nil,
        ednsFlags: UInt32 = 0
    ) -> [UInt8] {
        var bytes = self.bytes([id, flags, 1, 0, 0, payload == nil ? 0 : 1])
        for label in host.split(separator: ".") { bytes += [UInt8(label.utf8.count)] + Array(label.utf8) }
        bytes += [0] + self.bytes([type.rawValue, 1])
        if let payload {
            bytes += [0] + self.bytes([41, payload, UInt16(ednsFlags >> 16), UInt16(ednsFlags & 0xffff), 0])
        }
        return bytes
    }

    static func bytes(_ fields: [UInt16]) -> [UInt8] { fields.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } }

    /// The same as a resolver reads it.
    static func read(
        _ host: String,
        _ type: DNSType = .a,
        id: UInt16 = 7,
        flags: UInt16 = 0x0100,
        payload: UInt16? = nil,
        ednsFlags: UInt32 = 0
    ) throws -> DNSQuery {
        let bytes = self.query(host, type, id: id, flags: flags, payload: payload, ednsFlags: ednsFlags)
        guard case .question(let query) = DNSRequest(reading: bytes, overStream: false) else { throw NoQuestion() }
        return query
    }

    struct NoQuestion: Error {}
}

@Suite struct DNSRequestTests {
    private func judge(_ bytes: [UInt8], overStream: Bool = false) -> DNSRequest {
        DNSRequest(reading: bytes, overStream: overStream)
    }

    private func code(_ request: DNSRequest) -> DNSMessage.ResponseCode? {
        guard case .refuse(let bytes) = request else { return nil }
        return (try? DNSMessage(decoding: bytes))?.code
    }

    @Test func readsAQuestionWithAllThatMattersForItsAnswer() throws {
        let query = try Sent.read("Echo.Demo", .aaaa, id: 0xbeef, flags: 0x0130, payload: 1_400, ednsFlags: 0x8000)
        #expect(query.id == 0xbeef)
        #expect(query.question == DNSQuestion(name: Sent.name("echo.demo"), type: .aaaa))
        #expect(query.questionBytes.prefix(5) == [4, 0x45, 0x63, 0x68, 0x6f])
        #expect(query.wantsRecursion && query.acceptsUnchecked && query.wantsValidationMark)
        #expect(query.edns == DNSMessage.EDNS(payloadBytes: 1_400, version: 0, wantsDNSSEC: true))
    }

    @Test(
        "the answer's size is what the client takes, within 512 and 4096",
        arguments: [(nil, 512), (0, 512), (511, 512), (1_232, 1_232), (4_096, 4_096), (65_535, 4_096)]
            as [(UInt16?, Int)]
    )
    func size(_ payload: UInt16?, _ expected: Int) throws {
        let query = try Sent.read("a.b", payload: payload)
        #expect(query.answerLimit(overStream: false) == expected)
        #expect(query.answerLimit(overStream: true) == 65_535)
        #expect(query.answerEDNS?.payloadBytes == payload.map { _ in UInt16(expected) })
    }

    @Test func aLocalAnswerRepeatsTheQuestionAsItWasWritten() throws {
        let query = try Sent.read("eChO.dEmO", id: 9, payload: 1_232, ednsFlags: 0x8000)
        let record = DNSRecord(name: query.question.name, timeToLive: 30, content: .address(IPAddress(v4: 1)))
        let bytes = query.answer([record], isAuthoritative: true, overStream: false)
        #expect(Array(bytes[12..<12 + query.questionBytes.count]) == query.questionBytes)
        let message = try DNSMessage(decoding: bytes)
        #expect(message.id == 9 && message.isResponse && message.isAuthoritative)
        #expect(message.wantsRecursion && message.offersRecursion)
        #expect(message.answers == [record])
        #expect(message.edns == DNSMessage.EDNS(payloadBytes: 1_232, wantsDNSSEC: true))
    }

    @Test func aMessageWithoutAHeaderIsIgnored() {
        #expect(self.judge([]) == .ignore)
        #expect(self.judge(Array(repeating: 0, count: 11), overStream: true) == .ignore)
    }

    @Test func aResponseIsIgnoredByUDPAndRefusedOnAStream() {
        let response = Sent.query("a.b", flags: 0x8100)
        #expect(self.judge(response) == .ignore)
        #expect(self.code(self.judge(response, overStream: true)) == .formatError)
    }

    @Test func whatCannotBeReadIsRefusedWithItsId() throws {
        let cut = Array(Sent.query("echo.demo", id: 0x1234).dropLast(3))
        guard case .refuse(let bytes) = self.judge(cut) else { throw Sent.NoQuestion() }
        #expect(bytes == [0x12, 0x34, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func onlyOneQuestionIsTaken() {
        var none = Sent.query("a.b")
        none[5] = 0
        #expect(self.code(self.judge(none)) == .formatError)
        var two = Sent.query("a.b")
        two[5] = 2
        two += two.dropFirst(12)
        #expect(self.code(self.judge(two)) == .formatError)
    }

    @Test func aQuestionWhosePointersLeadIntoTheHeaderIsRefused() {
        let bytes = Sent.bytes([0, 0x0100, 1, 0, 0, 0]) + [0xc0, 4] + Sent.bytes([1, 1])
        #expect(self.code(self.judge(bytes)) == .formatError)
    }

    @Test("operations that no resolver has", arguments: [1, 2, 3, 6, 15] as [UInt16])
    func operations(_ operation: UInt16) {
        #expect(self.code(self.judge(Sent.query("a.b", flags: operation << 11))) == .notImplemented)
    }

    @Test("UPDATE and NOTIFY are handed on whole", arguments: [4, 5] as [UInt16])
    func relays(_ operation: UInt16) {
        let bytes = Sent.query("example.com", .soa, flags: operation << 11)
        #expect(self.judge(bytes) == .relay(bytes))
    }

    @Test func aSignedQueryIsHandedOnWhole() {
        var bytes = Sent.query("example.com")
        bytes[11] = 1
        bytes += [0] + Sent.bytes([250, 255, 0, 0, 2]) + [1, 2]
        #expect(self.judge(bytes) == .relay(bytes))
    }

    @Test func aLaterVersionOfEDNSIsToldOurs() throws {
        let bytes = Sent.query("a.b", payload: 1_232, ednsFlags: 0x0001_0000)
        guard case .refuse(let answer) = self.judge(bytes) else { throw Sent.NoQuestion() }
        let edns = Array(answer.suffix(11))
        #expect(edns[1...2] == [0, 41])
        #expect(edns[5] == 1)  // with the lower half 0: 16, BADVERS
        #expect(edns[6] == 0)
        #expect(try DNSMessage(decoding: answer).code == .noError)
    }

    @Test("zone transfers are refused", arguments: [DNSType.axfr, .ixfr])
    func transfers(_ type: DNSType) {
        #expect(self.code(self.judge(Sent.query("example.com", type), overStream: true)) == .refused)
    }

    @Test("damaged messages are answered or dropped, never more", arguments: 0..<6)
    func garbage(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let samples = [
            Sent.query("echo.demo", payload: 1_232), Sent.query("a.b.c", flags: 0x2800),
            DNSMessageTests.sample.encoded(),
        ]
        for _ in 0..<3_000 {
            var bytes = samples.randomElement(using: &random) ?? []
            for _ in 0...Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
            switch self.judge(bytes, overStream: Bool.random(using: &random)) {
            case .question(let query):
                let answer = query.answer(overStream: false)
                #expect(Array(answer.prefix(2)) == Array(bytes.prefix(2)))
                #expect((try? DNSMessage(decoding: answer))?.questions == [query.question])
            case .refuse(let answer):
                #expect(Array(answer.prefix(2)) == Array(bytes.prefix(2)))
                #expect(answer[2] & 0x80 != 0)
            case .relay(let relayed):
                #expect(relayed == bytes)
            case .ignore:
                #expect(bytes.count < 12 || bytes[2] & 0x80 != 0)
            }
        }
    }
}

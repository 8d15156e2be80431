import MeshModel
import Testing

@testable import MeshDNS

@Suite struct DNSResponseTests {
    static func record(_ name: String, _ seconds: UInt32, _ last: UInt8 = 1) -> DNSRecord {
        DNSRecord(
            name: Sent.name(name),
            timeToLive: seconds,
            content: .address(IPAddress(v4: 0x0a00_0000 | UInt32(last)))
        )
    }

    /// A SOA record with root names.
    static func soa(_ name: String, _ seconds: UInt32, minimum: UInt32) -> DNSRecord {
        let numbers = [1, 2, 3, 4, minimum].flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
        }
        return DNSRecord(name: Sent.name(name), timeToLive: seconds, content: .other(.soa, [0, 0] + numbers))
    }

    /// A response to `query` after `change` had its way.
    static func response(
        to query: DNSQuery,
        _ change: (inout DNSMessage) -> Void
    ) throws -> DNSResponse {
        var message = DNSMessage(id: 0x5555)
        message.isResponse = true
        message.isAuthoritative = true
        message.questions = [query.question]
        message.edns = DNSMessage.EDNS(payloadBytes: 9_999)
        change(&message)
        return try DNSResponse(reading: message.encoded())
    }

    @Test func everythingOfAResponseReachesTheClient() throws {
        let query = try Sent.read("Www.Example.com", id: 3, payload: 1_232)
        let response = try Self.response(to: query) {
            $0.answers = [Self.record("www.example.com", 60)]
            $0.authorities = [Self.soa("example.com", 300, minimum: 10)]
            $0.additionals = [Self.record("ns.example.com", 90, 2)]
        }
        let bytes = response.answer(to: query, overStream: false)
        #expect(Array(bytes[12..<12 + query.questionBytes.count]) == query.questionBytes)
        let message = try DNSMessage(decoding: bytes)
        #expect(message.id == 3)
        #expect(!message.isAuthoritative && !message.isTruncated && message.offersRecursion)
        #expect(message.answers == [Self.record("www.example.com", 60)])
        #expect(message.authorities == [Self.soa("example.com", 300, minimum: 10)])
        #expect(message.additionals == [Self.record("ns.example.com", 90, 2)])
        #expect(message.edns == DNSMessage.EDNS(payloadBytes: 1_232))
    }

    @Test func aClientWithoutEDNSGetsNone() throws {
        let query = try Sent.read("a.b")
        let response = try Self.response(to: query) { $0.answers = [Self.record("a.b", 60)] }
        let message = try DNSMessage(decoding: response.answer(to: query, overStream: false))
        #expect(message.edns == nil)
        #expect(message.answers.count == 1)
    }

    @Test func aClientWithEDNSGetsItFromAServerWithout() throws {
        let query = try Sent.read("a.b", payload: 800, ednsFlags: 0x8000)
        let response = try Self.response(to: query) {
            $0.answers = [Self.record("a.b", 60)]
            $0.edns = nil
        }
        let message = try DNSMessage(decoding: response.answer(to: query, overStream: false))
        #expect(message.edns == DNSMessage.EDNS(payloadBytes: 800, wantsDNSSEC: true))
    }

    @Test func theTimeInTheCacheIsTakenOff() throws {
        let query = try Sent.read("a.b", payload: 1_232)
        let response = try Self.response(to: query) {
            $0.answers = [Self.record("a.b", 60), Self.record("a.b", 5, 2)]
        }
        let message = try DNSMessage(decoding: response.answer(to: query, age: 20, overStream: false))
        #expect(message.answers.map(\.timeToLive) == [40, 0])
        #expect(message.edns?.wantsDNSSEC == false)
    }

    @Test func whatDoesNotFitIsCutAtARecordAndTold() throws {
        let query = try Sent.read("large.com", payload: 1_232)
        let response = try Self.response(to: query) {
            $0.answers = (0...255).map { Self.record("large.com", 60, $0) }
        }
        let bytes = response.answer(to: query, overStream: false)
        #expect(bytes.count <= 1_232)
        let message = try DNSMessage(decoding: bytes)
        #expect(message.isTruncated)
        // 12 header, 15 question, 11 EDNS, 16 a record.
        #expect(message.answers.count == 74)
        #expect(message.edns != nil)
        let whole = try DNSMessage(decoding: response.answer(to: query, overStream: true))
        #expect(!whole.isTruncated)
        #expect(whole.answers.count == 256)
        let small = try DNSMessage(decoding: response.answer(to: Sent.read("large.com"), overStream: false))
        #expect(small.answers.count == (512 - 12 - 15) / 16)
    }

    @Test func leavingOutAdditionalRecordsIsNoTruncation() throws {
        let query = try Sent.read("large.com")
        let response = try Self.response(to: query) {
            $0.answers = [Self.record("large.com", 60)]
            $0.additionals = (0...99).map { Self.record("large.com", 60, $0) }
        }
        let message = try DNSMessage(decoding: response.answer(to: query, overStream: false))
        #expect(!message.isTruncated)
        #expect(message.answers.count == 1)
        #expect((1..<100).contains(message.additionals.count))
    }

    /// A response whose EDNS record is not the last.
    private func withEDNSFirst(_ query: DNSQuery) throws -> DNSResponse {
        var bytes = Sent.bytes([1, 0x8180, 1, 1, 0, 2]) + query.questionBytes
        let address: [UInt8] = [0xc0, 12] + Sent.bytes([1, 1, 0, 60, 4]) + [10, 0, 0, 1]
        bytes += address + [0] + Sent.bytes([41, 4_096, 0, 0, 4]) + Sent.bytes([15, 0]) + address
        return try DNSResponse(reading: bytes)
    }

    @Test func anEDNSRecordInTheMiddleStaysInPlaceOrTakesTheRestAlong() throws {
        let modern = try Sent.read("a.b", payload: 1_000)
        let both = try DNSMessage(decoding: self.withEDNSFirst(modern).answer(to: modern, overStream: false))
        #expect(both.edns?.payloadBytes == 1_000)
        #expect(both.additionals.count == 1)
        let old = try Sent.read("a.b")
        let less = try DNSMessage(decoding: self.withEDNSFirst(old).answer(to: old, overStream: false))
        #expect(less.edns == nil && less.additionals.isEmpty && !less.isTruncated)
        #expect(less.answers.count == 1)
    }

    @Test func aCodeThatNeedsEDNSIsAFailureToOthers() throws {
        let query = try Sent.read("a.b")
        var bytes = Sent.bytes([1, 0x8180, 1, 0, 0, 1]) + query.questionBytes
        bytes += [0] + Sent.bytes([41, 4_096, 0x0100, 0, 0])
        let response = try DNSResponse(reading: bytes)
        #expect(try DNSMessage(decoding: response.answer(to: query, overStream: false)).code == .serverFailure)
        #expect(response.lifetime == nil)
        let modern = try Sent.read("a.b", payload: 512)
        #expect(response.answer(to: modern, overStream: false).suffix(6).first == 1)
    }

    @Test func aResponseWithoutQuestionBecomesAnAnswerWithOne() throws {
        let response = try DNSResponse(reading: Sent.bytes([1, 0x8185, 0, 0, 0, 0]))
        let query = try Sent.read("a.b", id: 77)
        let message = try DNSMessage(decoding: response.answer(to: query, overStream: false))
        #expect(message.id == 77 && message.code == .refused)
        #expect(message.questions == [query.question])
    }

    @Test("how long a response may be kept")
    func lifetimes() throws {
        let query = try Sent.read("a.b")
        func lifetime(_ change: (inout DNSMessage) -> Void) throws -> UInt32? {
            try Self.response(to: query, change).lifetime
        }
        #expect(try lifetime { $0.answers = [Self.record("a.b", 60), Self.record("a.b", 20)] } == 20)
        #expect(try lifetime { $0.answers = [Self.record("a.b", 0x8000_0000)] } == 0)
        #expect(try lifetime { $0.authorities = [Self.soa("b", 300, minimum: 10)] } == 10)
        #expect(try lifetime { $0.authorities = [Self.soa("b", 5, minimum: 10)] } == 5)
        #expect(try lifetime { _ in } == nil)
        let lack = try lifetime {
            $0.code = .noSuchName
            $0.authorities = [Self.soa("b", 300, minimum: 30)]
        }
        #expect(lack == 30)
        let alias = DNSRecord(name: query.question.name, timeToLive: 60, content: .alias(Sent.name("c")))
        #expect(try lifetime { $0.answers = [alias] } == nil)
        #expect(
            try lifetime {
                $0.answers = [alias]
                $0.authorities = [Self.soa("c", 300, minimum: 9)]
            } == 9
        )
        let truncated = try lifetime {
            $0.answers = [Self.record("a.b", 60)]
            $0.isTruncated = true
        }
        #expect(truncated == nil)
        let failure = try lifetime {
            $0.answers = [Self.record("a.b", 60)]
            $0.code = .serverFailure
        }
        #expect(failure == nil)
    }

    @Test("damaged responses are refused or make whole answers", arguments: 0..<6)
    func garbage(_ seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let query = try Sent.read("www.example.com", payload: 700)
        let old = try Sent.read("www.example.com")
        let sample = DNSMessageTests.sample.encoded()
        for _ in 0..<3_000 {
            var bytes = sample
            for _ in 0...Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            guard let response = try? DNSResponse(reading: bytes) else { continue }
            _ = response.lifetime
            for client in [query, old] {
                _ = response.answer(to: client, age: 7, overStream: true)
                let answer = response.answer(to: client, overStream: false)
                #expect(answer.count <= client.answerLimit(overStream: false))
                let again = try DNSResponse(reading: answer)
                #expect(again.id == client.id && again.question == client.question)
                #expect(again.count == answer.count)
            }
        }
    }
}

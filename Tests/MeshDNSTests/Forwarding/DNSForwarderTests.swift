import MeshModel
import Testing

@testable import MeshDNS

/// A forwarder, its clock, what it has sent and what came of it.
private final class Bench {
    var forwarder: DNSForwarder
    var random = SeededGenerator(state: 3)
    var now = Duration.seconds(50)
    var sent: [DNSForwarder.Transmission] = []
    var open: Set<UInt64> = []
    var results: [UInt64: Result<DNSForwarder.Reply, DNSForwardingError>] = [:]
    let query: DNSQuery

    init(servers: Int = 2, _ change: (inout ForwarderLimits) -> Void = { _ in }) throws {
        var limits = ForwarderLimits()
        change(&limits)
        let addresses = (0..<servers).map { SocketAddress(ip: IPAddress(v4: UInt32($0) + 1), port: 53) }
        self.forwarder = DNSForwarder(configuration: ResolverConfiguration(servers: addresses), limits: limits)
        self.query = try Sent.read("Www.Example.com", payload: 1_232)
    }

    func follow(_ steps: [DNSForwarder.Step]) {
        for step in steps {
            switch step {
            case .send(let transmission):
                self.sent.append(transmission)
                self.open.insert(transmission.attempt)
            case .close(let attempt):
                self.open.remove(attempt)
            case .finish(let waiters, let result):
                for waiter in waiters { self.results[waiter] = result }
            }
        }
    }

    func ask(_ waiter: UInt64, _ query: DNSQuery? = nil) {
        self.follow(self.forwarder.ask(query ?? self.query, waiter: waiter, now: self.now, random: &self.random))
    }

    func timeOut(_ index: Int) {
        self.now += self.sent[index].wait
        self.follow(self.forwarder.timeOut(self.sent[index].attempt, now: self.now, random: &self.random))
    }

    func fail(_ index: Int) {
        self.follow(self.forwarder.fail(self.sent[index].attempt, now: self.now, random: &self.random))
    }

    /// Answers what was sent as number `index`.
    func answer(_ index: Int, _ change: (inout DNSMessage) -> Void = { _ in }) throws {
        var message = try DNSMessage(decoding: self.sent[index].bytes)
        message.isResponse = true
        change(&message)
        self.hear(index, message.encoded())
    }

    func hear(_ index: Int, _ bytes: [UInt8]) {
        self.follow(
            self.forwarder.receive(bytes, on: self.sent[index].attempt, now: self.now, random: &self.random)
        )
    }

    func code(_ waiter: UInt64) -> DNSMessage.ResponseCode? {
        guard case .success(.response(let response, _)) = self.results[waiter] else { return nil }
        return response.code
    }
}

private func address(_ message: inout DNSMessage) {
    message.answers = [DNSResponseTests.record("www.example.com", 60)]
}

@Suite struct DNSForwarderTests {
    @Test func asksTheFirstServerByUDPAsTheClientWroteIt() throws {
        let bench = try Bench()
        bench.ask(1)
        try #require(bench.sent.count == 1)
        let sent = bench.sent[0]
        #expect(sent.server == SocketAddress(ip: IPAddress(v4: 1), port: 53))
        #expect(!sent.usesTCP && sent.wait == .seconds(2))
        #expect(Array(sent.bytes[12..<12 + bench.query.questionBytes.count]) == bench.query.questionBytes)
        let message = try DNSMessage(decoding: sent.bytes)
        #expect(message.wantsRecursion && message.edns == DNSMessage.EDNS())
        try bench.answer(0, address)
        #expect(bench.code(1) == .noError)
        #expect(bench.open.isEmpty && bench.forwarder.questionCount == 0)
    }

    @Test func idsAreRandom() throws {
        let bench = try Bench { $0.cachedAnswers = 0 }
        for index in 0..<200 {
            bench.ask(UInt64(index))
            try bench.answer(index, address)
        }
        #expect(Set(bench.sent.map { UInt16($0.bytes[0]) << 8 | UInt16($0.bytes[1]) }).count > 190)
    }

    @Test func equalQuestionsShareOneQuery() throws {
        let bench = try Bench()
        bench.ask(1)
        bench.ask(2, try Sent.read("wWW.example.COM", id: 5, payload: 700))
        #expect(bench.sent.count == 1)
        try bench.answer(0, address)
        #expect(bench.code(1) == .noError && bench.code(2) == .noError)
    }

    @Test func answersAreKeptForTheirTime() throws {
        let bench = try Bench()
        bench.ask(1)
        try bench.answer(0, address)
        bench.now += .seconds(59)
        bench.ask(2)
        #expect(bench.sent.count == 1)
        guard case .success(.response(_, let age)) = bench.results[2] else { throw Sent.NoQuestion() }
        #expect(age == 59)
        bench.now += .seconds(1)
        bench.ask(3)
        #expect(bench.sent.count == 2 && bench.results[3] == nil)
    }

    @Test func goesOnToTheNextServerAndStillTakesALateAnswer() throws {
        let bench = try Bench()
        bench.ask(1)
        bench.timeOut(0)
        try #require(bench.sent.count == 2)
        #expect(bench.sent[1].server.ip == IPAddress(v4: 2))
        #expect(bench.open.count == 2)
        try bench.answer(0, address)
        #expect(bench.code(1) == .noError && bench.open.isEmpty)
    }

    @Test func asksASilentServerLastForAWhile() throws {
        let bench = try Bench { $0.cachedAnswers = 0 }
        bench.ask(1)
        bench.timeOut(0)
        try bench.answer(1, address)
        bench.ask(2)
        #expect(bench.sent[2].server.ip == IPAddress(v4: 2))
        try bench.answer(2, address)
        bench.now += .seconds(30)
        bench.ask(3)
        #expect(bench.sent[3].server.ip == IPAddress(v4: 1))
    }

    @Test func givesUpWhenAllServersAreSilent() throws {
        let bench = try Bench()
        bench.ask(1)
        for index in 0..<10 where index < bench.sent.count { bench.timeOut(index) }
        #expect(bench.sent.map(\.server.ip) == [1, 2, 1, 2].map { IPAddress(v4: $0) })
        #expect(bench.results[1] == .failure(.timedOut))
        #expect(bench.now <= .seconds(60) && bench.open.isEmpty)
    }

    @Test func anUnreachableServerCostsNoTime() throws {
        let bench = try Bench()
        bench.ask(1)
        for index in 0..<4 { bench.fail(index) }
        #expect(bench.results[1] == .failure(.unreachable))
    }

    @Test func withoutServersThereIsNoAnswer() throws {
        let bench = try Bench(servers: 0)
        bench.ask(1)
        #expect(bench.results[1] == .failure(.noServer))
    }

    @Test func aTruncatedAnswerIsFetchedByTCP() throws {
        let bench = try Bench()
        bench.ask(1)
        try bench.answer(0) { $0.isTruncated = true }
        try #require(bench.sent.count == 2)
        #expect(bench.sent[1].usesTCP && bench.sent[1].server == bench.sent[0].server)
        try bench.answer(1, address)
        guard case .success(.response(let response, _)) = bench.results[1] else { throw Sent.NoQuestion() }
        #expect(!response.isTruncated && response.answerCount == 1)
    }

    @Test func aTruncatedAnswerIsBetterThanNone() throws {
        let bench = try Bench(servers: 1)
        bench.ask(1)
        try bench.answer(0) { $0.isTruncated = true }
        for index in 1..<10 where index < bench.sent.count { bench.fail(index) }
        guard case .success(.response(let response, _)) = bench.results[1] else { throw Sent.NoQuestion() }
        #expect(response.isTruncated)
        #expect(bench.forwarder.cachedCount == 0)
    }

    @Test func aServerThatFailsIsPassedOverAndItsCodeKept() throws {
        let bench = try Bench()
        bench.ask(1)
        try bench.answer(0) { $0.code = .serverFailure }
        try bench.answer(1) { $0.code = .refused }
        try bench.answer(2) { $0.code = .refused }
        try bench.answer(3) { $0.code = .refused }
        #expect(bench.code(1) == .serverFailure)
        #expect(bench.forwarder.cachedCount == 0)
    }

    @Test func thatANameDoesNotExistIsAnAnswer() throws {
        let bench = try Bench()
        bench.ask(1)
        try bench.answer(0) {
            $0.code = .noSuchName
            $0.authorities = [DNSResponseTests.soa("example.com", 60, minimum: 20)]
        }
        #expect(bench.code(1) == .noSuchName)
        bench.now += .seconds(19)
        bench.ask(2)
        #expect(bench.code(2) == .noSuchName && bench.sent.count == 1)
        bench.now += .seconds(1)
        bench.ask(3)
        #expect(bench.sent.count == 2)
    }

    @Test("a server that does not know EDNS is asked without", arguments: [1, 4] as [UInt8])
    func oldServer(_ code: UInt8) throws {
        let bench = try Bench()
        bench.ask(1)
        try bench.answer(0) {
            $0.code = DNSMessage.ResponseCode(rawValue: code)
            $0.edns = nil
            if code == 1 { $0.questions = [] }
        }
        try #require(bench.sent.count == 2)
        #expect(bench.sent[1].server == bench.sent[0].server)
        #expect(try DNSMessage(decoding: bench.sent[1].bytes).edns == nil)
        try bench.answer(1, address)
        #expect(bench.code(1) == .noError)
    }

    @Test func onlyTheAnswerToTheQuestionCounts() throws {
        let bench = try Bench()
        bench.ask(1)
        try bench.answer(0) { $0.id &+= 1 }
        try bench.answer(0) { $0.questions = [DNSQuestion(name: Sent.name("other.example"), type: .a)] }
        try bench.answer(0) { $0.questions[0].type = .aaaa }
        try bench.answer(0) { $0.isResponse = false }
        try bench.answer(0) { $0.operation = 2 }
        try bench.answer(0) { $0.questions = [] }
        bench.hear(0, [1, 2, 3])
        #expect(bench.results[1] == nil && bench.sent.count == 1)
        try bench.answer(0, address)
        #expect(bench.code(1) == .noError)
    }

    @Test func guessingDrivesTheQuestionToTCP() throws {
        let bench = try Bench()
        bench.ask(1)
        for _ in 0..<8 { try bench.answer(0) { $0.id &+= 1 } }
        try #require(bench.sent.count == 2)
        #expect(bench.sent[1].usesTCP)
        // By now even the right id is nothing to go by.
        try bench.answer(0, address)
        #expect(bench.results[1] == nil)
        try bench.answer(1, address)
        #expect(bench.code(1) == .noError)
    }

    @Test func aStreamThatAnswersSomethingElseIsOver() throws {
        let bench = try Bench(servers: 2)
        bench.ask(1)
        try bench.answer(0) { $0.isTruncated = true }
        try bench.answer(1) { $0.id &+= 1 }
        try #require(bench.sent.count == 3)
        #expect(bench.sent[2].server.ip == IPAddress(v4: 2))
    }

    @Test func questionsAndWaitersAreBounded() throws {
        let bench = try Bench {
            $0.questions = 2
            $0.waiters = 4
        }
        for index in 0..<3 { bench.ask(UInt64(index), try Sent.read("n\(index).example")) }
        #expect(bench.sent.count == 2)
        #expect(bench.results == [2: .failure(.overloaded)])
        for index in 3..<6 { bench.ask(UInt64(index), try Sent.read("n0.example")) }
        #expect(bench.results[5] == .failure(.overloaded) && bench.results.count == 2)
        try bench.answer(0)
        bench.ask(9, try Sent.read("n3.example"))
        #expect(bench.results[9] == nil && bench.sent.count == 3)
    }

    @Test func aQuestionThatComesBackToUsWaitsForItself() throws {
        let bench = try Bench(servers: 1)
        bench.ask(1)
        var back = 0
        while back < bench.sent.count, bench.sent.count < 20 {
            // The server sends our own query to us, as a client of its own.
            let sent = bench.sent[back].bytes
            guard case .question(let query) = DNSRequest(reading: sent, overStream: false) else { break }
            back += 1
            bench.ask(UInt64(100 + back), query)
            bench.timeOut(back - 1)
        }
        #expect(bench.sent.count == 2)
        #expect(bench.results[1] == .failure(.timedOut))
        #expect(bench.forwarder.questionCount == 0)
    }

    @Test func aMessageIsHandedOnOnceAndItsAnswerBack() throws {
        let bench = try Bench()
        let update = Sent.query("example.com", .soa, id: 0x4321, flags: 0x2800)
        bench.follow(
            bench.forwarder.relay(update, to: nil, usesTCP: true, waiter: 1, now: bench.now, random: &bench.random)
        )
        try #require(bench.sent.count == 1)
        #expect(bench.sent[0].usesTCP)
        #expect(Array(bench.sent[0].bytes.dropFirst(2)) == Array(update.dropFirst(2)))
        var answer = Array(bench.sent[0].bytes.prefix(12))
        answer[2] |= 0x80
        answer[3] = 9
        bench.hear(0, answer)
        #expect(bench.results[1] == .success(.message([0x43, 0x21] + answer.dropFirst(2))))
        #expect(bench.open.isEmpty)
    }

    @Test func aMessageIsNotSentTwice() throws {
        let bench = try Bench()
        let update = Sent.query("example.com", .soa, flags: 0x2800)
        let elsewhere = SocketAddress(ip: IPAddress(v4: 0x0909_0909), port: 53)
        bench.follow(
            bench.forwarder.relay(
                update,
                to: elsewhere,
                usesTCP: false,
                waiter: 1,
                now: bench.now,
                random: &bench.random
            )
        )
        #expect(bench.sent.first?.server == elsewhere)
        bench.timeOut(0)
        #expect(bench.sent.count == 1)
        #expect(bench.results[1] == .failure(.timedOut))
    }

    @Test("whatever comes, every waiter hears once and nothing stays open", arguments: 0..<8)
    func storm(_ seed: UInt64) throws {
        let bench = try Bench { $0.questions = 20 }
        bench.random.state = seed
        var waiter: UInt64 = 0
        for _ in 0..<3_000 {
            bench.now += .milliseconds(Int.random(in: 0...100, using: &bench.random))
            let index = bench.sent.isEmpty ? nil : Int.random(in: max(0, bench.sent.count - 30)..<bench.sent.count)
            switch (Int.random(in: 0..<8, using: &bench.random), index) {
            case (0, _), (_, nil):
                waiter += 1
                bench.ask(waiter, try Sent.read("n\(Int.random(in: 0..<40, using: &bench.random)).example"))
            case (1, let index?): bench.timeOut(index)
            case (2, let index?): bench.fail(index)
            case (3, let index?): try bench.answer(index) { $0.isTruncated = true }
            case (4, let index?): try bench.answer(index) { $0.code = .serverFailure }
            case (5, let index?): try bench.answer(index) { $0.id &+= 1 }
            case (6, let index?): bench.hear(index, [0x80])
            case (_, let index?): try bench.answer(index, address)
            }
        }
        for index in 0..<100_000 where index < bench.sent.count && bench.open.contains(bench.sent[index].attempt) {
            bench.timeOut(index)
        }
        #expect(bench.results.count == Int(waiter))
        #expect(bench.open.isEmpty && bench.forwarder.questionCount == 0)
    }
}

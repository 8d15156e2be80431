import MeshModel
import Testing

@testable import MeshDNS

/// A look-up, the clock and what it last sent; a class, as a macro's argument cannot change a value.
private final class Bench {
    var lookup: DNSLookup
    var random = SeededGenerator(state: 11)
    var now = Duration.seconds(100)
    var sent: [DNSLookup.Query] = []
    var result: Result<DNSAnswer, DNSLookupError>?

    init(_ host: String, types: [DNSType] = [.a], servers: Int = 2, search: String = "") {
        var configuration = ResolverConfiguration(parsing: "search \(search)")
        configuration.servers = (1...servers).map { SocketAddress(ip: IPAddress(v4: UInt32($0)), port: 53) }
        self.lookup = DNSLookup(host: host, types: types, configuration: configuration, now: self.now)
        self.note(self.lookup.start(now: self.now, random: &self.random))
    }

    func note(_ action: DNSLookup.Action?) {
        self.sent = []
        switch action {
        case .send(let queries): self.sent = queries
        case .finish(let result): self.result = result
        case nil: break
        }
    }

    func question(_ query: DNSLookup.Query) -> DNSQuestion? {
        (try? DNSMessage(decoding: query.bytes))?.questions.first
    }

    /// Answers a query after `change` had its way with an answer that has no records.
    func answer(_ query: DNSLookup.Query, _ change: (inout DNSMessage) -> Void) {
        guard var message = try? DNSMessage(decoding: query.bytes) else { return }
        message.isResponse = true
        change(&message)
        self.note(
            self.lookup.receive(
                message.encoded(),
                from: query.server,
                usesTCP: query.usesTCP,
                now: self.now,
                random: &self.random
            )
        )
    }

    func waitForTheDeadline() {
        self.now = self.lookup.deadline
        self.note(self.lookup.timeOut(now: self.now, random: &self.random))
    }
}

@Suite struct DNSLookupTests {
    private static let ip = IPAddress(v4: 0x0102_0304)

    private func record(
        _ name: String,
        _ content: DNSRecord.Content = .address(ip),
        seconds: UInt32 = 60
    ) -> DNSRecord {
        DNSRecord(name: DNSName(parsing: name) ?? .root, timeToLive: seconds, content: content)
    }

    @Test func asksForBothFamiliesAtOnce() throws {
        let bench = Bench("Echo.Example", types: [.a, .aaaa])
        try #require(bench.sent.count == 2)
        #expect(bench.sent.map { bench.question($0)?.type } == [.a, .aaaa])
        #expect(bench.question(bench.sent[0])?.name.description == "echo.example")
        let both = bench.sent
        let v6 = IPAddress(v6High: 1, v6Low: 2)
        bench.answer(both[1]) { $0.answers = [self.record("echo.example", .address(v6), seconds: 20)] }
        #expect(bench.result == nil)
        bench.answer(both[0]) { $0.answers = [self.record("echo.example")] }
        #expect(bench.result == .success(DNSAnswer(addresses: [Self.ip, v6], timeToLive: .seconds(20))))
    }

    @Test func followsAliasesWithinTheAnswer() {
        let bench = Bench("a.x")
        bench.answer(bench.sent[0]) {
            $0.answers = [
                self.record("c.x"), self.record("b.x", .alias(DNSName(parsing: "C.x") ?? .root), seconds: 5),
                self.record("a.x", .alias(DNSName(parsing: "b.x") ?? .root)), self.record("other.x"),
            ]
        }
        #expect(bench.result == .success(DNSAnswer(addresses: [Self.ip], timeToLive: .seconds(5))))
    }

    @Test func aLoopOfAliasesEnds() {
        let bench = Bench("a.x")
        bench.answer(bench.sent[0]) {
            $0.answers = [
                self.record("a.x", .alias(DNSName(parsing: "b.x") ?? .root)),
                self.record("b.x", .alias(DNSName(parsing: "a.x") ?? .root)),
            ]
        }
        #expect(bench.result == .failure(.notFound))
    }

    @Test(
        "times to live are bounded",
        arguments: [
            (60, 60), (86400, 86400), (86401, 86400), (UInt32(Int32.max), 86400), (UInt32(Int32.max) + 1, 0), (.max, 0),
        ] as [(UInt32, Int)]
    )
    func timesToLive(_ given: UInt32, _ kept: Int) throws {
        let bench = Bench("a.x")
        bench.answer(bench.sent[0]) { $0.answers = [self.record("a.x", seconds: given)] }
        #expect(try #require(bench.result).get().timeToLive == .seconds(kept))
    }

    @Test func foreignAnswersAreIgnored() throws {
        let bench = Bench("a.x")
        let query = bench.sent[0]
        let records = [self.record("a.x"), self.record("b.x")]
        let changes: [(inout DNSMessage) -> Void] = [
            { $0.id &+= 1 }, { $0.isResponse = false }, { $0.operation = 1 }, { $0.questions = [] },
            { $0.questions[0].name = DNSName(parsing: "b.x") ?? .root }, { $0.questions[0].type = .aaaa },
            { $0.questions[0].classCode = 3 }, { $0.questions += $0.questions },
        ]
        for change in changes {
            bench.answer(query) {
                $0.answers = records
                change(&$0)
            }
            #expect(bench.result == nil && bench.sent.isEmpty)
        }
        var other = query
        other.server.port = 54
        bench.answer(other) { $0.answers = records }
        other = query
        other.usesTCP = true
        bench.answer(other) { $0.answers = records }
        let noise = bench.lookup.receive(
            [1, 2, 3],
            from: query.server,
            usesTCP: false,
            now: bench.now,
            random: &bench.random
        )
        #expect(noise == nil)
        #expect(bench.result == nil)
        bench.answer(query) { $0.answers = records }
        #expect(bench.result != nil)
        #expect(try #require(bench.result).get().addresses == [Self.ip])
    }

    @Test func aTruncatedAnswerIsAskedForByTCP() throws {
        let bench = Bench("a.x")
        bench.answer(bench.sent[0]) { $0.isTruncated = true }
        try #require(bench.sent.count == 1)
        #expect(bench.sent[0].usesTCP)
        bench.answer(bench.sent[0]) { $0.answers = [self.record("a.x")] }
        #expect(bench.result != nil)
    }

    @Test func silentAndFailingServersAreLeftForTheNext() throws {
        let bench = Bench("a.x")
        let servers = [bench.sent[0].server]
        bench.waitForTheDeadline()
        try #require(bench.sent.count == 1)
        #expect(bench.sent[0].server != servers[0])
        bench.answer(bench.sent[0]) { $0.code = .serverFailure }
        try #require(bench.sent.count == 1)
        #expect(bench.sent[0].server == servers[0])
        bench.note(bench.lookup.unreachable(servers[0], now: bench.now, random: &bench.random))
        try #require(bench.sent.count == 1)
        bench.answer(bench.sent[0]) { $0.code = .refused }
        #expect(bench.result == .failure(.refused(.refused)))
    }

    @Test func silenceEndsAtTheDeadline() {
        let bench = Bench("a.x")
        let start = bench.now
        for _ in 0..<20 where bench.result == nil { bench.waitForTheDeadline() }
        #expect(bench.result == .failure(.timedOut))
        #expect(bench.now == start + .seconds(10))
    }

    @Test func oneFamilyIsEnoughWhenTheOtherIsSilent() throws {
        let bench = Bench("a.x", types: [.a, .aaaa])
        bench.answer(bench.sent[0]) { $0.answers = [self.record("a.x")] }
        #expect(bench.result == nil)
        bench.waitForTheDeadline()
        #expect(try #require(bench.result).get().addresses == [Self.ip])
    }

    @Test func theSearchListIsGoneThrough() throws {
        let bench = Bench("echo", search: "one two")
        #expect(bench.sent.first.flatMap { bench.question($0)?.name.description } == "echo.one")
        bench.answer(try #require(bench.sent.first)) { $0.code = .noSuchName }
        #expect(bench.sent.first.flatMap { bench.question($0)?.name.description } == "echo.two")
        bench.answer(try #require(bench.sent.first)) { _ in }
        #expect(bench.sent.first.flatMap { bench.question($0)?.name.description } == "echo")
        bench.answer(try #require(bench.sent.first)) { $0.code = .noSuchName }
        #expect(bench.result == .failure(.notFound))
    }

    @Test("texts that are no names are refused at once", arguments: ["", ".", "a b", "é", "a..b"])
    func invalidNames(_ host: String) {
        #expect(Bench(host).result == .failure(.invalidName))
    }

    @Test("any answer, however damaged, leads to an end", arguments: 0..<6)
    func garbage(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        for _ in 0..<60 {
            let bench = Bench("echo", types: [.a, .aaaa], search: "one two")
            var steps = 0
            while bench.result == nil, steps < 200 {
                steps += 1
                guard let query = bench.sent.first, Int.random(in: 0..<3, using: &random) > 0 else {
                    bench.waitForTheDeadline()
                    continue
                }
                var bytes = query.bytes
                bytes[2] |= 0x80
                bytes[3] = UInt8.random(in: 0...5, using: &random)
                if Bool.random(using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
                bench.note(
                    bench.lookup.receive(
                        bytes,
                        from: query.server,
                        usesTCP: query.usesTCP,
                        now: bench.now,
                        random: &bench.random
                    )
                )
            }
            #expect(bench.result != nil)
        }
    }
}

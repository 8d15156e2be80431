import MeshModel
import Testing

@testable import MeshDNS

/// A look-up and what it asked last.
private final class Bench {
    var lookup: AddressLookup
    var asked: [DNSQuery] = []
    var result: Result<DNSAnswer, AddressLookupError>?

    init(_ host: String, types: [DNSType] = [.a], search: String = "") {
        self.lookup = AddressLookup(
            host: host,
            types: types,
            configuration: ResolverConfiguration(parsing: "search \(search)")
        )
        self.follow(self.lookup.start())
    }

    func follow(_ step: AddressLookup.Step) {
        switch step {
        case .ask(let queries): self.asked = queries
        case .finish(let result): self.result = result
        case .wait: break
        }
    }

    func answer(_ index: Int = 0, age: UInt32 = 0, _ change: (inout DNSMessage) -> Void) throws {
        let query = self.asked[index]
        let response = try DNSResponseTests.response(to: query, change)
        self.follow(self.lookup.receive(query.question.type, .success(response), age: age))
    }

    func fail(_ index: Int = 0, _ error: DNSForwardingError = .timedOut) {
        self.follow(self.lookup.receive(self.asked[index].question.type, .failure(error)))
    }
}

@Suite struct AddressLookupTests {
    private let ip = IPAddress(v4: 0x0a00_0001)

    private func record(_ name: String, _ content: DNSRecord.Content, seconds: UInt32 = 60) -> DNSRecord {
        DNSRecord(name: Sent.name(name), timeToLive: seconds, content: content)
    }

    @Test func asksForBothFamiliesAtOnceAndPutsIPv4First() throws {
        let bench = Bench("Echo.Example", types: [.aaaa, .a])
        try #require(bench.asked.count == 2)
        let v6 = IPAddress(v6High: 1, v6Low: 2)
        try bench.answer(0) { $0.answers = [self.record("echo.example", .address(v6), seconds: 20)] }
        #expect(bench.result == nil)
        #expect(bench.lookup.answer == DNSAnswer(addresses: [v6], timeToLive: .seconds(20)))
        try bench.answer(1) { $0.answers = [self.record("echo.example", .address(self.ip))] }
        #expect(bench.result == .success(DNSAnswer(addresses: [self.ip, v6], timeToLive: .seconds(20))))
    }

    @Test func followsAliasesWithinTheAnswer() throws {
        let bench = Bench("a.example")
        try bench.answer(age: 5) {
            $0.answers = [
                self.record("b.example", .alias(Sent.name("c.example")), seconds: 30),
                self.record("a.example", .alias(Sent.name("b.example")), seconds: 90),
                self.record("c.example", .address(self.ip)), self.record("other.example", .address(IPAddress(v4: 9))),
            ]
        }
        #expect(bench.result == .success(DNSAnswer(addresses: [self.ip], timeToLive: .seconds(25))))
    }

    @Test func aCircleOfAliasesIsNoAddress() throws {
        let bench = Bench("a.example")
        try bench.answer {
            $0.answers = [
                self.record("a.example", .alias(Sent.name("b.example"))),
                self.record("b.example", .alias(Sent.name("a.example"))),
            ]
        }
        #expect(bench.result == .failure(.notFound))
    }

    @Test func goesThroughTheSearchList() throws {
        let bench = Bench("echo", search: "one.example two.example")
        #expect(bench.asked.map { "\($0.question.name)" } == ["echo.one.example"])
        try bench.answer { $0.code = .noSuchName }
        #expect(bench.asked.map { "\($0.question.name)" } == ["echo.two.example"])
        try bench.answer { $0.answers = [self.record("echo.two.example", .address(self.ip))] }
        #expect(try bench.result?.get().addresses == [self.ip])
    }

    @Test func aFailureIsToldWhenNothingWasFound() throws {
        let silent = Bench("echo", search: "one.example")
        silent.fail()
        try silent.answer { $0.code = .noSuchName }
        #expect(silent.result == .failure(.failed(.timedOut)))
        let refused = Bench("echo.")
        try refused.answer { $0.code = .refused }
        #expect(refused.result == .failure(.refused(.refused)))
    }

    @Test func oneFamilyIsEnough() throws {
        let bench = Bench("a.example", types: [.a, .aaaa])
        bench.fail(1)
        try bench.answer { $0.answers = [self.record("a.example", .address(self.ip))] }
        #expect(try bench.result?.get().addresses == [self.ip])
    }

    @Test("texts that are no names", arguments: ["", ".", "a b", "a..b"])
    func invalid(_ host: String) {
        #expect(Bench(host).result == .failure(.invalidName))
    }
}

import MeshModel
import Testing

@testable import MeshDNS

@Suite struct AnswerCacheTests {
    private func entry(_ name: String, seconds: UInt32 = 60) throws -> (ForwardedQuestion, DNSResponse) {
        let query = try Sent.read(name)
        let response = try DNSResponseTests.response(to: query) {
            $0.answers = [DNSResponseTests.record(name, seconds)]
        }
        return (ForwardedQuestion(query), response)
    }

    @Test func nothingIsGivenOutAfterItsTime() throws {
        var cache = AnswerCache(limits: ForwarderLimits())
        let (question, response) = try self.entry("a.b", seconds: 10)
        cache.store(response, for: question, now: .seconds(100))
        #expect(cache.response(to: question, now: .seconds(100))?.age == 0)
        #expect(cache.response(to: question, now: .milliseconds(100_001))?.age == 1)
        #expect(cache.response(to: question, now: .milliseconds(109_999))?.age == 10)
        #expect(cache.response(to: question, now: .seconds(110)) == nil)
        #expect(cache.count == 0 && cache.bytes == 0)
    }

    @Test func longLivesAreCut() throws {
        var cache = AnswerCache(limits: ForwarderLimits())
        let (question, response) = try self.entry("a.b", seconds: 86_400)
        cache.store(response, for: question, now: .zero)
        #expect(cache.response(to: question, now: .seconds(3_599)) != nil)
        #expect(cache.response(to: question, now: .seconds(3_600)) == nil)
    }

    @Test func aLackIsKeptForLess() throws {
        var cache = AnswerCache(limits: ForwarderLimits())
        let query = try Sent.read("a.b")
        let response = try DNSResponseTests.response(to: query) {
            $0.code = .noSuchName
            $0.authorities = [DNSResponseTests.soa("b", 9_999, minimum: 9_999)]
        }
        cache.store(response, for: ForwardedQuestion(query), now: .zero)
        #expect(cache.response(to: ForwardedQuestion(query), now: .seconds(299)) != nil)
        #expect(cache.response(to: ForwardedQuestion(query), now: .seconds(300)) == nil)
    }

    @Test func whatMayNotBeKeptIsNot() throws {
        var cache = AnswerCache(limits: ForwarderLimits())
        let (question, response) = try self.entry("a.b", seconds: 0)
        cache.store(response, for: question, now: .zero)
        #expect(cache.count == 0)
    }

    @Test func theOldestGoFirstWhenThereAreTooMany() throws {
        var limits = ForwarderLimits()
        limits.cachedAnswers = 10
        var cache = AnswerCache(limits: limits)
        var questions: [ForwardedQuestion] = []
        for index in 0..<25 {
            let (question, response) = try self.entry("n\(index).example")
            cache.store(response, for: question, now: .zero)
            questions.append(question)
        }
        #expect(cache.count == 10)
        #expect(questions.map { cache.response(to: $0, now: .zero) != nil } == (0..<25).map { $0 >= 15 })
    }

    @Test func bytesAreBoundedWhateverIsStored() throws {
        var limits = ForwarderLimits()
        limits.cachedBytes = 20_000
        var cache = AnswerCache(limits: limits)
        var random = SeededGenerator(state: 5)
        for round in 0..<2_000 {
            let query = try Sent.read("n\(Int.random(in: 0..<60, using: &random)).example")
            let count = UInt8.random(in: 1...100, using: &random)
            let response = try DNSResponseTests.response(to: query) {
                $0.answers = (0..<count).map { DNSResponseTests.record("x.y", 5, $0) }
                $0.answers += [DNSResponseTests.record("\(query.question.name)", 5)]
            }
            cache.store(response, for: ForwardedQuestion(query), now: .milliseconds(round * 20))
            #expect(cache.bytes <= 20_000)
        }
        #expect(cache.count > 2)
    }

    @Test func anAnswerThatIsTooLargeIsNotKept() throws {
        var limits = ForwarderLimits()
        limits.cachedMessageBytes = 50
        var cache = AnswerCache(limits: limits)
        let (question, response) = try self.entry("some.longer.name.example")
        cache.store(response, for: question, now: .zero)
        #expect(cache.count == 0)
    }

    @Test func questionsThatAskForMoreDoNotShareAnswers() throws {
        let plain = ForwardedQuestion(try Sent.read("a.b"))
        #expect(plain == ForwardedQuestion(try Sent.read("A.B", id: 99, payload: 900)))
        #expect(plain != ForwardedQuestion(try Sent.read("a.b", payload: 900, ednsFlags: 0x8000)))
        #expect(plain != ForwardedQuestion(try Sent.read("a.b", flags: 0)))
        #expect(plain != ForwardedQuestion(try Sent.read("a.b", flags: 0x0110)))
        #expect(plain != ForwardedQuestion(try Sent.read("a.b", .aaaa)))
    }
}

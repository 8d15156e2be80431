import Testing

@testable import MeshTelemetry

struct TraceSamplerTests {
    private func trace(low: String, flags: String = "00") throws -> TraceContext {
        try #require(TraceContext(parsing: "00-0000000000000001\(low)-00f067aa0ba902b7-\(flags)"))
    }

    @Test(arguments: [
        ("always_on", nil, true), ("always_off", nil, false), ("parentbased_always_on", nil, true),
        ("parentbased_always_off", nil, false), ("traceidratio", "1", true), ("traceidratio", nil, true),
        ("traceidratio", "0", false), ("always_on", "0", true),
    ])
    func decidesOnATraceThatBeginsHere(_ name: String, _ argument: String?, _ expected: Bool) throws {
        let sampler = try #require(TraceSampler(name: name, argument: argument))
        #expect(sampler.decide(try self.trace(low: "ffffffffffffffff")) == expected)
    }

    @Test func takesTheShareByTheIdsLowerBits() throws {
        let sampler = try #require(TraceSampler(name: "traceidratio", argument: "0.25"))
        #expect(sampler.decide(try self.trace(low: "3fffffffffffffff")))
        #expect(!sampler.decide(try self.trace(low: "4000000000000000")))
        var generator = SystemRandomNumberGenerator()
        let hits = (0..<10_000).filter { _ in sampler.decide(TraceContext(using: &generator)) }.count
        #expect((2_200...2_800).contains(hits))
    }

    @Test func followsTheCallerOnlyWhereItsNameSaysSo() throws {
        let sampled = try self.trace(low: "ffffffffffffffff", flags: "01")
        let unsampled = try self.trace(low: "ffffffffffffffff")
        let parentBased = try #require(TraceSampler(name: "parentbased_always_off", argument: nil))
        #expect(parentBased.follow(sampled))
        #expect(!TraceSampler().follow(unsampled))
        #expect(TraceSampler().decide(unsampled))
        let alone = try #require(TraceSampler(name: "always_on", argument: nil))
        #expect(alone.follow(unsampled))
    }

    @Test(arguments: [
        ("jaeger_remote", nil), ("", nil), ("traceidratio", "1.5"), ("traceidratio", "-1"),
        ("traceidratio", "nan"), ("parentbased_traceidratio", "x"), ("parentbased_", nil),
    ])
    func refusesWhatItDoesNotKnow(_ name: String, _ argument: String?) {
        #expect(TraceSampler(name: name, argument: argument) == nil)
    }
}

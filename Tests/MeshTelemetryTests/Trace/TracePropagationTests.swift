import Testing

@testable import MeshTelemetry

struct TracePropagationTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "00f067aa0ba902b7"

    private func incoming(_ headers: [String: String]) -> IncomingTrace { IncomingTrace { headers[$0] } }

    @Test(
        "W3C",
        arguments: [
            ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-00", false), ("01-\(trace)-\(span)-01-more", true),
            ("cc-\(trace)-\(span)-01", true),
        ]
    )
    func w3c(_ header: String, _ isSampled: Bool) {
        let incoming = self.incoming(["traceparent": header, "x-b3-sampled": "0", "b3": "0"])
        #expect(incoming.context?.traceID == Self.trace)
        #expect(incoming.isSampled == isSampled)
        #expect(incoming.form == .w3c)
    }

    @Test(
        "B3 in one header",
        arguments: [
            ("\(trace)-\(span)-1", true, false), ("\(trace)-\(span)-0", false, false),
            ("\(trace)-\(span)-d", true, true),
            ("\(trace)-\(span)", nil, false), ("\(trace)-\(span)-1-0000000000000001", true, false),
        ]
    )
    func single(_ header: String, _ isSampled: Bool?, _ isDebug: Bool) {
        let incoming = self.incoming(["b3": header])
        #expect(incoming.context?.traceID == Self.trace)
        #expect(incoming.isSampled == isSampled)
        #expect(incoming.isDebug == isDebug)
        #expect(incoming.form == .b3Single)
    }

    @Test("a decision without a trace", arguments: [("0", false), ("1", true), ("d", true)])
    func decision(_ header: String, _ isSampled: Bool) {
        let incoming = self.incoming(["b3": header])
        #expect(incoming.context == nil && incoming.isSampled == isSampled)
    }

    @Test(
        "B3 in many headers",
        arguments: [
            (["x-b3-sampled": "1"], true, false), (["x-b3-sampled": "false"], false, false), ([:], nil, false),
            (["x-b3-flags": "1"], true, true), (["x-b3-flags": "1", "x-b3-sampled": "0"], true, true),
        ] as [([String: String], Bool?, Bool)]
    )
    func many(_ more: [String: String], _ isSampled: Bool?, _ isDebug: Bool) {
        let ids = ["x-b3-traceid": Self.trace.uppercased(), "x-b3-spanid": Self.span]
        let incoming = self.incoming(more.merging(ids) { $1 })
        #expect(incoming.context?.traceID == Self.trace)
        #expect(incoming.isSampled == isSampled)
        #expect(incoming.isDebug == isDebug)
    }

    @Test func readsShortTraces() {
        let incoming = self.incoming(["x-b3-traceid": Self.span, "x-b3-spanid": Self.span])
        #expect(incoming.context?.traceID == "0000000000000000" + Self.span)
    }

    @Test(
        "malformed ones are no trace",
        arguments: [
            ["traceparent": "ff-\(trace)-\(span)-01"], ["traceparent": "01-\(trace)-\(span)-01x"],
            ["traceparent": "zz-\(trace)-\(span)-01"], ["b3": "\(trace)-x"], ["b3": "\(trace)-\(span)-5"],
            ["b3": "\(trace)-\(span)-1-2-3"], ["b3": "2"], ["x-b3-traceid": trace],
            ["x-b3-traceid": "0", "x-b3-spanid": span],
            ["x-b3-traceid": trace, "x-b3-spanid": "0000000000000000"], ["b3": String(repeating: "a", count: 1_000)],
            ["traceparent": String(repeating: "0", count: 100_000)], ["x-b3-sampled": "maybe"],
        ] as [[String: String]]
    )
    func malformed(_ headers: [String: String]) {
        let incoming = self.incoming(headers)
        #expect(incoming.context == nil)
        #expect(incoming.form == nil)
    }

    @Test func goesOnUnderItsOwnSpan() {
        var generator = CountingGenerator()
        let incoming = self.incoming(["traceparent": "00-\(Self.trace)-\(Self.span)-01"])
        let trace = RequestTrace(incoming, isSampled: true, using: &generator)
        let own = TraceContext.text(trace.context.parent)
        #expect(trace.caller == incoming.context?.parent)
        #expect(own != Self.span)
        let headers = trace.headers([.w3c, .b3, .b3Single], hasParent: true)
        #expect(
            headers.map(\.name) == [
                "traceparent", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags", "b3",
            ]
        )
        #expect(
            headers.map(\.value) == [
                "00-\(Self.trace)-\(own)-01", Self.trace, own, Self.span, "1", nil,
                "\(Self.trace)-\(own)-1-\(Self.span)",
            ]
        )
    }

    @Test func beginsATraceAndDropsAStrayState() {
        var generator = CountingGenerator()
        let trace = RequestTrace(IncomingTrace(), isSampled: false, using: &generator)
        #expect(trace.caller == nil)
        let headers = trace.headers([.w3c, .b3], hasParent: false)
        #expect(headers.first?.value?.hasSuffix("-00") == true)
        #expect(headers.contains { $0.name == "tracestate" && $0.value == nil })
        #expect(headers.contains { $0.name == "x-b3-parentspanid" && $0.value == nil })
        #expect(headers.contains { $0.name == "x-b3-sampled" && $0.value == "0" })
    }

    @Test func passesDebugOn() {
        var generator = CountingGenerator()
        let trace = RequestTrace(
            self.incoming(["b3": "\(Self.trace)-\(Self.span)-d"]),
            isSampled: true,
            using: &generator
        )
        let headers = trace.headers([.b3, .b3Single], hasParent: false)
        #expect(headers.contains { $0.name == "x-b3-flags" && $0.value == "1" })
        #expect(headers.contains { $0.name == "x-b3-sampled" && $0.value == nil })
        #expect(headers.last?.value?.contains("-d-") == true)
    }
}

struct RequestIDTests {
    @Test func makesUUIDs() {
        var generator = CountingGenerator()
        var seen: Set<String> = []
        for _ in 0..<200 {
            let id = RequestID.make(using: &generator)
            #expect(id.utf8.count == 36)
            #expect(RequestID.reason(of: id) == RequestID.Reason.none)
            let variant = id.utf8.dropFirst(19).first ?? 0
            #expect("89ab".utf8.contains(variant))
            seen.insert(id)
        }
        #expect(seen.count == 200)
    }

    @Test(
        "tells the reason at the 15th character",
        arguments: [
            (RequestID.Reason.none, "4"), (.sampled, "9"), (.client, "a"), (.forced, "b"),
        ]
    )
    func reasons(_ reason: RequestID.Reason, _ digit: String) {
        var generator = CountingGenerator()
        let id = RequestID.setting(reason, in: RequestID.make(using: &generator))
        #expect(String(id.dropFirst(14).prefix(1)) == digit)
        #expect(RequestID.reason(of: id) == reason)
        #expect(RequestID.reason(of: RequestID.make(reason, using: &generator)) == reason)
    }

    @Test("leaves what is no UUID alone", arguments: ["", "abc", "f4a5c0f2x0c1d-4b3e-8f7a-001122334455", "é"])
    func others(_ id: String) {
        #expect(RequestID.reason(of: id) == nil)
        #expect(RequestID.setting(.forced, in: id) == id)
    }

    @Test func readsUpperCaseAndUnknownDigits() {
        #expect(RequestID.reason(of: "F4A5C0F2-0C1D-AB3E-8F7A-001122334455") == .client)
        #expect(RequestID.reason(of: "f4a5c0f2-0c1d-1b3e-8f7a-001122334455") == nil)
    }
}

struct RequestSamplerTests {
    private let id = "f4a5c0f2-0c1d-4b3e-8f7a-001122334455"

    private func sampler(_ change: (inout RequestSampler) -> Void) -> RequestSampler {
        var sampler = RequestSampler()
        change(&sampler)
        return sampler
    }

    private func decide(
        _ sampler: RequestSampler,
        _ incoming: IncomingTrace = IncomingTrace(),
        id: String? = nil,
        wish: RequestSampler.Wish = .init()
    ) -> RequestID.Reason {
        var generator = CountingGenerator()
        return sampler.decide(incoming, requestID: id, wish: wish, using: &generator)
    }

    @Test("a caller's decision stands, whatever the sampler says", arguments: [0, 1_000_000] as [UInt32])
    func parent(_ random: UInt32) {
        let sampler = self.sampler { $0.random = random }
        var incoming = IncomingTrace()
        incoming.isSampled = true
        #expect(self.decide(sampler, incoming) == .sampled)
        #expect(self.decide(sampler, incoming, id: RequestID.setting(.forced, in: self.id)) == .forced)
        incoming.isSampled = false
        #expect(self.decide(sampler, incoming) == RequestID.Reason.none)
    }

    @Test func heedsWishesAndIDs() {
        let never = self.sampler { $0.random = 0 }
        var wish = RequestSampler.Wish()
        #expect(self.decide(never) == RequestID.Reason.none)
        wish.isClient = true
        #expect(self.decide(never, wish: wish) == .client)
        wish.isForced = true
        #expect(self.decide(never, wish: wish) == .forced)
        #expect(self.decide(self.sampler { $0.overall = 0 }, wish: wish) == RequestID.Reason.none)
        #expect(self.decide(never, id: RequestID.setting(.sampled, in: self.id)) == .sampled)
        let deaf = self.sampler {
            $0.random = 0
            $0.usesRequestID = false
        }
        #expect(self.decide(deaf, id: RequestID.setting(.sampled, in: self.id)) == RequestID.Reason.none)
    }

    @Test("chance picks its share", arguments: [0, 10_000, 250_000, 1_000_000] as [UInt32])
    func share(_ parts: UInt32) {
        let sampler = self.sampler { $0.random = parts }
        var generator = CountingGenerator()
        var hits = 0
        let rounds = 20_000
        for _ in 0..<rounds where sampler.decide(IncomingTrace(), requestID: nil, using: &generator) == .sampled {
            hits += 1
        }
        let wanted = Double(parts) / 1_000_000 * Double(rounds)
        // Four standard deviations of a fair draw; the generator's seed is fixed.
        #expect(abs(Double(hits) - wanted) <= 4 * wanted.squareRoot())
    }
}

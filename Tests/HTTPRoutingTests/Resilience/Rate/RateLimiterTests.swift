import MeshModel
import MeshProtos
import MeshTelemetry
import Testing

@testable import HTTPRouting

@Suite("Rate limits")
struct RateLimiterTests {
    private func limiter(
        _ requests: UInt32,
        per milliseconds: UInt32,
        burst: UInt32 = 0,
        key: [String] = []
    ) -> RateLimiter {
        var limit = TulleL7.RateLimit()
        limit.name = "test/limit"
        limit.requests = requests
        limit.windowMilliseconds = milliseconds
        limit.burst = burst
        limit.key = key
        return RateLimiter(limit)
    }

    @Test("R24: the second of one in ten minutes is refused")
    func second() throws {
        let limiter = self.limiter(1, per: 600_000)
        let request = RequestLab.request()
        #expect(limiter.refusal(of: request, now: 5000) == nil)
        let refusal = try #require(limiter.refusal(of: request, now: 6000))
        #expect(refusal.reply.status == 429)
        #expect(refusal.reply.fields == [HeaderField("x-local-rate-limit", "true"), HeaderField("retry-after", "599")])
        #expect(refusal.reply.flags == .rateLimited)
        #expect(limiter.refusal(of: request, now: 604_999) != nil)
        #expect(limiter.refusal(of: request, now: 605_000) == nil)
        #expect(limiter.refusals == 2)
    }

    @Test("R25: each principal has its own bucket")
    func principals() throws {
        let limiter = self.limiter(2, per: 60_000, key: ["principal"])
        let ann = RequestLab.request(peer: "spiffe://cluster.local/ns/shop/sa/ann")
        let bob = RequestLab.request(peer: "spiffe://cluster.local/ns/shop/sa/bob")
        #expect(ann.connection.peer != nil)
        for _ in 0..<2 { #expect(limiter.refusal(of: ann, now: 0) == nil) }
        #expect(limiter.refusal(of: ann, now: 0) != nil)
        #expect(limiter.refusal(of: bob, now: 0) == nil)
        #expect(limiter.keys == 2)
    }

    @Test(
        "values count together and each for itself",
        arguments: [
            ("namespace", "spiffe://a/ns/one/sa/x", "spiffe://a/ns/two/sa/x"),
            ("principal", "spiffe://a/ns/one/sa/x", "spiffe://a/ns/one/sa/y"),
        ]
    )
    func identities(_ key: String, _ one: String, _ other: String) throws {
        let limiter = self.limiter(1, per: 60_000, key: [key, "header:X-Plan"])
        #expect(limiter.refusal(of: RequestLab.request([("x-plan", "a")], peer: one), now: 0) == nil)
        #expect(limiter.refusal(of: RequestLab.request([("x-plan", "a")], peer: one), now: 0) != nil)
        #expect(limiter.refusal(of: RequestLab.request([("x-plan", "b")], peer: one), now: 0) == nil)
        #expect(limiter.refusal(of: RequestLab.request([("x-plan", "a")], peer: other), now: 0) == nil)
    }

    @Test("claims are found by name and by path; addresses without their port")
    func claims() throws {
        let token = ClaimValue.object([
            .init(name: "sub", value: .string("ann")),
            .init(name: "realm", value: .object([.init(name: "role", value: .string("admin"))])),
        ])
        let nested = self.limiter(1, per: 60_000, key: ["claim:realm.role"])
        #expect(nested.refusal(of: RequestLab.request(tokens: [token]), now: 0) == nil)
        #expect(nested.refusal(of: RequestLab.request(), now: 0) == nil)
        #expect(nested.keys == 2)
        let source = self.limiter(1, per: 60_000, key: ["sourceIP"])
        #expect(source.refusal(of: RequestLab.request(port: 1), now: 0) == nil)
        #expect(source.refusal(of: RequestLab.request(port: 2), now: 0) != nil)
        #expect(source.refusal(of: RequestLab.request(source: 7), now: 0) == nil)
    }

    @Test("who leaves a value out shares a bucket with all who do, also with who sends it empty apart")
    func missing() throws {
        let limiter = self.limiter(1, per: 60_000, key: ["header:x-user"])
        #expect(limiter.refusal(of: RequestLab.request(), now: 0) == nil)
        #expect(limiter.refusal(of: RequestLab.request(source: 9), now: 0) != nil)
        #expect(limiter.refusal(of: RequestLab.request([("x-user", "")]), now: 0) == nil)
    }

    @Test("tokens come evenly, up to the burst")
    func rate() throws {
        let limiter = self.limiter(10, per: 1000, burst: 5)
        let request = RequestLab.request()
        func passing(_ now: UInt64) -> Int {
            (0..<100).count { _ in limiter.refusal(of: request, now: now) == nil }
        }
        #expect(passing(0) == 5)
        #expect(passing(99) == 0)
        #expect(passing(100) == 1)
        #expect(passing(450) == 3)
        #expect(passing(60_000) == 5)
        // A clock that goes back gives nothing away.
        #expect(passing(0) == 0)
    }

    @Test("a full table lets new keys share one bucket, and forgets those that are full again")
    func full() throws {
        let limiter = self.limiter(2, per: 10_000, key: ["header:x-user"])
        func passes(_ user: Int, _ now: UInt64) -> Bool {
            limiter.refusal(of: RequestLab.request([("x-user", "u\(user)")]), now: now) == nil
        }
        for user in 0..<RateLimiter.maximumKeys { #expect(passes(user, 1000)) }
        #expect(limiter.keys == RateLimiter.maximumKeys)
        let others = (0..<50).count { passes(1_000_000 + $0, 2000) }
        #expect(others == 2, "all others together get what one would")
        #expect(passes(0, 2000), "known keys keep their own")
        #expect(passes(2_000_000, 30_000))
        #expect(limiter.keys == 1)
    }

    private func limiter(_ change: (inout TulleL7.RateLimit) -> Void) -> RateLimiter {
        var limit = TulleL7.RateLimit()
        limit.name = "ns/l"
        limit.requests = 1
        limit.windowMilliseconds = 60_000
        change(&limit)
        return RateLimiter(limit)
    }

    @Test("a limit counts the requests that it is for, and no others")
    func matches() {
        let limiter = self.limiter {
            $0.match = .with {
                $0.method = .with { $0.value = "GET" }
                $0.headers = [
                    .with {
                        $0.name = "x-plan"
                        $0.value = .with { $0.value = "free" }
                    }
                ]
            }
        }
        for _ in 0..<3 { #expect(limiter.refusal(of: RequestLab.request([("x-plan", "paid")]), now: 0) == nil) }
        #expect(limiter.refusal(of: RequestLab.request([("x-plan", "free")]), now: 0) == nil)
        #expect(limiter.refusal(of: RequestLab.request([("x-plan", "free")]), now: 0) != nil)
        #expect(limiter.refusal(of: RequestLab.request(), now: 0) == nil)
    }

    @Test("limits that can't hold say why, by name")
    func errors() {
        func error(_ change: (inout TulleL7.RateLimit) -> Void) -> RateLimitError? { self.limiter(change).fault }
        #expect(error { $0.requests = 0 } == .noRequests("ns/l"))
        #expect(error { $0.status = 200 } == .status("ns/l", 200))
        for key in ["", "user", "header:", "header", "principal:x", "claim:"] {
            #expect(error { $0.key = [key] } == .key("ns/l", key))
        }
        #expect(error { $0.key = ["header:a:b"] } == nil)
        #expect(RateLimitError.key("ns/l", "user").description.contains("ns/l"))
    }

    @Test("a limit that can't hold lets none of its requests pass, and all others")
    func unusable() throws {
        let key = self.limiter {
            $0.key = ["user"]
            $0.match = .with { $0.method = .with { $0.value = "GET" } }
        }
        let refusal = try #require(key.refusal(of: RequestLab.request(), now: 0))
        #expect(refusal.reply.status == 503)
        #expect(refusal.reply.flags == .rateLimitServiceError)
        #expect(refusal.reply.details == "rate_limit_unusable[ns/l]")
        #expect(refusal.retryAfter == nil)
        let other = self.limiter {
            $0.requests = 0
            $0.match = .with { $0.method = .with { $0.value = "POST" } }
        }
        #expect(other.fault != nil)
        #expect(other.refusal(of: RequestLab.request(), now: 0) == nil)
        // What of the match can't be asked is left out of it: the rest says who gets the error.
        let pattern = self.limiter {
            $0.match = .with {
                $0.headers = [
                    .with {
                        $0.name = "x-plan"
                        $0.value = .with {
                            $0.kind = .regex
                            $0.value = "("
                        }
                    }
                ]
            }
        }
        guard case .match("ns/l", _) = pattern.fault else {
            Issue.record("\(String(describing: pattern.fault))")
            return
        }
        #expect(pattern.refusal(of: RequestLab.request([("x-plan", "free")]), now: 0)?.reply.status == 503)
    }

    @Test("the largest numbers trap nowhere")
    func extremes() throws {
        for (requests, window, burst) in [(UInt32.max, UInt32.max, UInt32.max), (1, .max, .max), (.max, 1, 1)] {
            let limiter = self.limiter(requests, per: window, burst: burst)
            for now in [0, 1, UInt64.max / 2, .max] { _ = limiter.refusal(of: RequestLab.request(), now: now) }
        }
    }
}

import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Requests of any kind")
struct AdversityTests {
    private func text(_ random: inout PickRandom) -> String {
        let alphabet: [String] = [
            "=", ";", "\"", " ", ",", "&", "a", "s", "u", "-", "é", "e\u{301}", "\t", "%3D", ".", "_",
        ]
        return (0..<random.below(90)).map { _ in alphabet[random.below(alphabet.count)] }.joined()
    }

    @Test("no cookie, header or query traps, opens a session or is without a key", arguments: 1...8)
    func texts(_ seed: UInt64) throws {
        var random = PickRandom(seed)
        var settings = TulleL7.SessionPersistence()
        settings.name = "s"
        let code: @Sendable ([UInt8]) -> [UInt8] = { message in
            (0..<32).map { UInt8(truncatingIfNeeded: XXHash64.hash(message, seed: $0)) }
        }
        var byHeader = settings
        byHeader.header = true
        let keepers = [settings, byHeader].map { SessionKeeper($0, scope: "", hmac: code) }
        let policies = [TulleL7.HashKey.Kind.cookie, .header, .query].compactMap { kind in
            var key = TulleL7.HashKey()
            key.kind = kind
            key.name = "u"
            key.makesCookie = true
            return HashPolicy(ClusterLab.balancer(.maglev) { $0.hash = key })
        }
        var limit = TulleL7.RateLimit()
        limit.requests = 1000
        limit.key = ["header:cookie", "header:u", "claim:a.b", "principal"]
        let limiter = RateLimiter(limit)
        for step in 0..<400 {
            let request = RequestLab.request(
                [("cookie", self.text(&random)), ("u", self.text(&random)), ("s", self.text(&random))],
                query: self.text(&random),
                tokens: [.object([.init(name: "a", value: .string(self.text(&random)))])]
            )
            for keeper in keepers { #expect(keeper.session(of: request, now: UInt64(step)) == nil) }
            let keys = policies.map { $0.key(of: request) }
            #expect(keys[0].hash != nil)
            #expect(keys[1].hash != nil)
            #expect(limiter.refusal(of: request, now: UInt64(step)) == nil)
        }
    }
}

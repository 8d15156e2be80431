import MeshModel
import MeshProtos
import Synchronization
import Testing

@testable import HTTPRouting

struct TokenCacheTests {
    /// Counts signatures that are looked at.
    final class CountingVerifier: SignatureVerifier {
        let count = Atomic<Int>(0)

        func isValid(
            _ signature: [UInt8],
            over bytes: [UInt8],
            algorithm: SignatureAlgorithm,
            key: VerificationKey
        ) -> Bool {
            self.count.add(1, ordering: .relaxed)
            return ToyVerifier().isValid(signature, over: bytes, algorithm: algorithm, key: key)
        }

        func digest(_ bytes: [UInt8]) -> [UInt8] { ToyVerifier().digest(bytes) }
    }

    private let verifier = CountingVerifier()
    private var looks: Int { self.verifier.count.load(ordering: .relaxed) }

    private func engine(_ rule: TulleL7.TokenRule) -> TokenEngine<CountingVerifier> {
        TokenEngine([rule], verifier: self.verifier)
    }

    private func view(_ payload: String) -> RequestView {
        Sample.request(fields: [TokenMint.bearer(TokenMint.token("{\"iss\":\"https://i\",\(payload)}"))])
    }

    @Test func aTokenIsVerifiedOnce() {
        var cache = TokenCache()
        let engine = self.engine(TokenMint.rule())
        let view = self.view("\"sub\":\"u\",\"exp\":\(TokenMint.now + 100)")
        for second in [Int64(0), 1, 100, 159] {
            #expect(engine.check(view, cache: &cache, now: TokenMint.now + second).fault == nil)
        }
        #expect(self.looks == 1)
        #expect(engine.check(view, cache: &cache, now: TokenMint.now + 160).fault == .expired)
        #expect(engine.check(view, cache: &cache, now: TokenMint.now - 5).fault == nil, "a clock that went back")
        #expect(self.looks == 2)
    }

    @Test func aTokenIsKeptForFiveMinutes() {
        var cache = TokenCache()
        let engine = self.engine(TokenMint.rule())
        for second in [Int64(0), 299, 300] {
            _ = engine.check(self.view("\"sub\":\"u\""), cache: &cache, now: TokenMint.now + second)
        }
        #expect(self.looks == 2)
    }

    @Test func otherKeysFindNothing() {
        var cache = TokenCache()
        let view = self.view("\"sub\":\"u\"")
        #expect(self.engine(TokenMint.rule()).check(view, cache: &cache, now: TokenMint.now).fault == nil)
        let rotated = self.engine(TokenMint.rule { $0.keys = TokenMint.keys(TokenMint.jwk(TokenMint.other)) })
        #expect(rotated.check(view, cache: &cache, now: TokenMint.now).fault == .notVerified)
        let narrowed = self.engine(TokenMint.rule { $0.audiences = ["a"] })
        #expect(narrowed.check(view, cache: &cache, now: TokenMint.now).fault == .wrongAudience)
        #expect(
            self.engine(TokenMint.rule { $0.forwardsToken = true }).check(view, cache: &cache, now: TokenMint.now).fault
                == nil
        )
        #expect(self.looks == 2, "what does not decide does not matter")
    }

    @Test func refusalsAndLongTokensAreNotKept() {
        var cache = TokenCache()
        let engine = self.engine(TokenMint.rule())
        let forged = Sample.request(fields: [
            TokenMint.bearer(TokenMint.token("{\"iss\":\"https://i\"}", key: TokenMint.other))
        ])
        _ = engine.check(forged, cache: &cache, now: TokenMint.now)
        _ = engine.check(
            self.view("\"a\":\"\(String(repeating: "a", count: 4_000))\""),
            cache: &cache,
            now: TokenMint.now
        )
        #expect(cache.count == 0)
    }

    @Test func theOldestMakesRoom() {
        var cache = TokenCache(capacity: 3)
        let engine = self.engine(TokenMint.rule())
        for user in [1, 2, 3, 4, 5] {
            _ = engine.check(self.view("\"sub\":\"\(user)\""), cache: &cache, now: TokenMint.now)
        }
        #expect(cache.count == 3)
        #expect(self.looks == 5)
        for user in [3, 4, 5] { _ = engine.check(self.view("\"sub\":\"\(user)\""), cache: &cache, now: TokenMint.now) }
        #expect(self.looks == 5)
        _ = engine.check(self.view("\"sub\":\"1\""), cache: &cache, now: TokenMint.now)
        #expect(self.looks == 6)
        var none = TokenCache(capacity: 0)
        #expect(engine.check(self.view("\"sub\":\"9\""), cache: &none, now: TokenMint.now).fault == nil)
        #expect(none.count == 0)
    }
}

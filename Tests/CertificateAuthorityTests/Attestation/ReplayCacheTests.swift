import Testing

@testable import CertificateAuthority

@Suite struct ReplayCacheTests {
    private func key(_ number: Int) -> ReplayCache.Key {
        ReplayCache.Key(accessKey: "ASIA", signature: "\(number)")
    }

    @Test func remembersForFifteenMinutes() {
        var cache = ReplayCache()
        let start = ContinuousClock.now
        #expect(cache.reserve(self.key(1), now: start) == .fresh)
        #expect(cache.reserve(self.key(1), now: start + .seconds(899)) == .replayed)
        #expect(cache.reserve(self.key(1), now: start + .seconds(900)) == .fresh)
    }

    @Test func isBoundedAndSaysSo() {
        var cache = ReplayCache(memory: .seconds(10), capacity: 3)
        let start = ContinuousClock.now
        for number in 0..<3 { #expect(cache.reserve(self.key(number), now: start) == .fresh) }
        #expect(cache.reserve(self.key(3), now: start) == .full)
        #expect(cache.reserve(self.key(0), now: start) == .replayed, "nothing is forgotten to make room")
        #expect(cache.reserve(self.key(3), now: start + .seconds(11)) == .fresh)
        #expect(cache.count == 1)
    }

    @Test func forgetsWhatIsReleased() {
        var cache = ReplayCache()
        let now = ContinuousClock.now
        #expect(cache.reserve(self.key(1), now: now) == .fresh)
        cache.release(self.key(1))
        #expect(cache.reserve(self.key(1), now: now) == .fresh)
    }
}

@Suite struct Base64URLTests {
    @Test(arguments: [("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("_-8", "\u{ff}\u{ef}")])
    func decodes(_ text: String, _ expected: String) {
        #expect(Base64URL.decode(text.utf8) == expected.unicodeScalars.map { UInt8($0.value) })
    }

    @Test(arguments: ["Z", "Zg==", "Zh", "Zm9v\n", "Z+8", "Zm9vA"])
    func refuses(_ text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }
}

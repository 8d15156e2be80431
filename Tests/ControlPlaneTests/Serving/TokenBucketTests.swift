import Testing

@testable import ControlPlane

/// A class, as a macro's argument cannot change a value.
@Suite final class TokenBucketTests {
    private let start = ContinuousClock.now
    private lazy var bucket = TokenBucket(rate: 10, burst: 3, now: self.start)

    @Test func aBurstGoesAtOnceAndTheRestAtTheRate() throws {
        for _ in 0..<3 { #expect(self.bucket.take(at: self.start) == nil) }
        let now = self.bucket.take(at: self.start)
        let wait = try #require(now)
        #expect(abs(wait.seconds - 0.1) < 0.001)
        #expect(self.bucket.take(at: self.start + .milliseconds(50)) != nil)
        #expect(self.bucket.take(at: self.start + .milliseconds(101)) == nil)
        #expect(self.bucket.take(at: self.start + .milliseconds(101)) != nil)
    }

    @Test func aPauseSavesUpNoMoreThanTheBurst() {
        for _ in 0..<3 { #expect(self.bucket.take(at: self.start + .seconds(3600)) == nil) }
        #expect(self.bucket.take(at: self.start + .seconds(3600)) != nil)
        #expect(self.bucket.take(at: self.start) != nil, "a time before the last changes nothing")
    }
}

import AWSClient
import Testing

struct AdaptiveTokenBucketTests {
    @Test
    func givesTheBurstAtOnceAndThenTheSustainedRate() {
        var bucket = AdaptiveTokenBucket(rate: .init(burst: 3, sustained: 2), now: 0)
        let waits = (0..<5).map { _ in bucket.reserve(now: 0, limit: 60) }
        #expect(waits == [0, 0, 0, 0.5, 1])
        #expect(bucket.reserve(now: 10, limit: 60) == 0)
    }

    @Test
    func refusesAWaitThatIsTooLongAndTakesNothing() {
        var bucket = AdaptiveTokenBucket(rate: .init(burst: 1, sustained: 1), now: 0)
        #expect(bucket.reserve(now: 0, limit: 0) == 0)
        #expect(bucket.reserve(now: 0, limit: 0.9) == nil)
        #expect(bucket.reserve(now: 0, limit: 0.9) == nil)
        #expect(bucket.reserve(now: 0, limit: 1) == 1)
    }

    @Test
    func halvesOnceForManyThrottlesOfOneMoment() {
        var bucket = AdaptiveTokenBucket(rate: .init(burst: 10, sustained: 8), now: 0)
        for _ in 0..<20 { bucket.throttled(now: 5) }
        #expect(bucket.currentRate == 4)
        bucket.throttled(now: 7)
        #expect(bucket.currentRate == 2)
        for moment in 0..<50 { bucket.throttled(now: 10 + Double(moment) * 2) }
        #expect(bucket.currentRate == 0.4)
    }

    @Test
    func growsBackToItsRateAndNotOverIt() {
        var bucket = AdaptiveTokenBucket(rate: .init(burst: 10, sustained: 8), now: 0)
        bucket.throttled(now: 0)
        for _ in 0..<1_000 { bucket.succeeded() }
        #expect(bucket.currentRate == 8)
    }

    @Test
    func standsStillWhenTheClockGoesBack() {
        var bucket = AdaptiveTokenBucket(rate: .init(burst: 1, sustained: 1), now: 100)
        #expect(bucket.reserve(now: 100, limit: 5) == 0)
        #expect(bucket.reserve(now: 50, limit: 5) == 1)
    }

    @Test
    func retriesStopWhenTheirBudgetIsGone() {
        let budget = RetryBudget(capacity: 20)
        #expect(budget.take(afterTimeout: true) == 10)
        #expect(budget.take(afterTimeout: false) == 5)
        #expect(budget.take(afterTimeout: true) == nil)
        #expect(budget.take(afterTimeout: false) == 5)
        #expect(budget.take(afterTimeout: false) == nil)
        budget.giveBack(5)
        budget.giveBack(nil)
        #expect(budget.remaining == 6)
        budget.giveBack(500)
        #expect(budget.remaining == 20)
    }
}

import Testing

@testable import TunnelEngine

struct TimerWheelTests {
    private final class Target: EventSource {}

    @Test func firesNeitherEarlyNorMuchLater() throws {
        let loop = try EventLoop(index: 0)
        let target = Target(loop: loop)
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
        var random = SplitMix(state: seed)
        for _ in 0..<50 {
            var now = random.next() % 100_000
            var wheel = TimerWheel(now: now)
            var due: [ObjectIdentifier: UInt64] = [:]
            var timers: [LoopTimer] = []
            for _ in 0..<40 {
                let timer = LoopTimer(target: target)
                let wait = random.next() % (random.next() % 4 == 0 ? 8_000_000 : 5_000)
                wheel.start(timer, after: wait, now: now)
                due[ObjectIdentifier(timer)] = now + wait
                timers.append(timer)
            }
            for timer in timers where random.next() % 5 == 0 {
                wheel.stop(timer)
                due[ObjectIdentifier(timer)] = nil
            }
            while let wait = wheel.nextWait(now: now) {
                now += max(wait, 1)
                var expired: ContiguousArray<LoopTimer> = []
                wheel.advance(to: now, expired: &expired)
                for timer in expired {
                    let known = due.removeValue(forKey: ObjectIdentifier(timer))
                    let deadline = try #require(known, "seed \(seed)")
                    #expect(now >= deadline, "seed \(seed)")
                    #expect(now <= deadline + 48, "seed \(seed)")
                }
            }
            #expect(due.isEmpty, "seed \(seed)")
            #expect(wheel.count == 0)
        }
    }

    @Test func anIdleWheelWaitsForEver() {
        #expect(TimerWheel(now: 12345).nextWait(now: 99999) == nil)
    }

    @Test func aTimerThatRanOutCanStillBeStopped() throws {
        let loop = try EventLoop(index: 0)
        let target = Target(loop: loop)
        var wheel = TimerWheel(now: 0)
        let timer = LoopTimer(target: target)
        wheel.start(timer, after: 10, now: 0)
        var expired: ContiguousArray<LoopTimer> = []
        wheel.advance(to: 100, expired: &expired)
        #expect(expired.count == 1)
        #expect(timer.isRunning)
        wheel.stop(timer)
        #expect(!timer.isRunning)
        #expect(wheel.count == 0)
    }
}

/// A small deterministic generator; a failing test prints its seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var z = self.state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

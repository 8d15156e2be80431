import MeshIdentity
import Testing

struct RotationScheduleTests {
    @Test(arguments: [(0, 1_620), (0.5, 1_800), (1, 1_980)])
    func renewsAroundHalfOfTheLife(_ chance: Double, _ seconds: Int) {
        var schedule = RotationSchedule()
        let wait = schedule.succeeded(notBefore: 1_000_000, notAfter: 1_003_600, now: 1_000_000, chance: chance)
        #expect(wait == .seconds(seconds))
    }

    @Test func countsFromNotBeforeRatherThanFromNow() {
        var schedule = RotationSchedule()
        let wait = schedule.succeeded(notBefore: 1_000_000, notAfter: 1_003_600, now: 1_000_100, chance: 0.5)
        #expect(wait == .seconds(1_700))
        #expect(schedule.succeeded(notBefore: 0, notAfter: 3_600, now: 1_900, chance: 0.5) == .zero)
        #expect(schedule.succeeded(notBefore: 3_600, notAfter: 0, now: 0, chance: 0.5) == .zero)
    }

    @Test func failuresDoubleTheWaitUpToItsLongest() {
        var schedule = RotationSchedule()
        let waits = (0..<10).map { _ in schedule.failed(expiry: nil, now: 0, chance: 0.5) }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 150, 150].map { .seconds($0) })
        for _ in 0..<1_000 { _ = schedule.failed(expiry: nil, now: 0, chance: 0.5) }
        #expect(schedule.failed(expiry: nil, now: 0, chance: 0) == .seconds(120))
        #expect(schedule.failed(expiry: nil, now: 0, chance: 1) == .seconds(180))
        #expect(schedule.failures == 64)
    }

    @Test func successStartsTheBackoffAnew() {
        var schedule = RotationSchedule()
        for _ in 0..<5 { _ = schedule.failed(expiry: nil, now: 0, chance: 0.5) }
        _ = schedule.succeeded(notBefore: 0, notAfter: 3_600, now: 0, chance: 0.5)
        #expect(schedule.failures == 0)
        #expect(schedule.failed(expiry: nil, now: 0, chance: 0.5) == .seconds(1))
    }

    @Test func triesAgainAtTheExpiryAtTheLatest() {
        var schedule = RotationSchedule()
        for _ in 0..<9 { _ = schedule.failed(expiry: 10_000, now: 0, chance: 0.5) }
        #expect(schedule.failed(expiry: 10_000, now: 9_950, chance: 0.5) == .seconds(50))
        #expect(schedule.failed(expiry: 10_000, now: 9_999, chance: 0.5) == .seconds(1))
        #expect(schedule.failed(expiry: 10_000, now: 10_000, chance: 0.5) == .seconds(150))
    }

    @Test func oddDatesDoNotTrap() {
        var schedule = RotationSchedule()
        for notBefore in [Int64.min, 0, .max] {
            for notAfter in [Int64.min, 0, .max] {
                for now in [Int64.min, 0, .max] {
                    let wait = schedule.succeeded(notBefore: notBefore, notAfter: notAfter, now: now, chance: 2)
                    #expect(wait >= .zero)
                    #expect(schedule.failed(expiry: notAfter, now: now, chance: -1) >= .zero)
                }
            }
        }
    }
}

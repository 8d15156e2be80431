import DataPlane
import Testing

@testable import ZTunnel

@Suite struct EndpointFailuresTests {
    @Test("an endpoint is avoided for twice as long after each failure, at most 30 s, until it is reached")
    func doubling() {
        var failures = EndpointFailures()
        var now: UInt64 = 5_000
        for wait: UInt64 in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            failures.failed("a", now: now)
            failures.failed("a", now: now + wait / 2)
            #expect(failures.failedLately("a", now: now + wait - 1))
            #expect(!failures.failedLately("a", now: now + wait))
            now += wait
        }
        failures.failed("a", now: now)
        failures.reached("a")
        #expect(!failures.failedLately("a", now: now))
        failures.failed("a", now: now)
        #expect(!failures.failedLately("a", now: now + 1_000))
        #expect(!failures.failedLately("b", now: now))
    }

    @Test("only so many are remembered: the one whose time is over soonest goes")
    func bounded() {
        var failures = EndpointFailures()
        for index in 0...EndpointFailures.maximum { failures.failed("\(index)", now: UInt64(index)) }
        #expect(!failures.failedLately("0", now: 500))
        #expect(failures.failedLately("1", now: 500))
        #expect(failures.failedLately("\(EndpointFailures.maximum)", now: 1_030))
    }
}

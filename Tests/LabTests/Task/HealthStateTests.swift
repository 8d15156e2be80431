import Testing

@testable import Lab

@Suite struct HealthStateTests {
    private static func state(startPeriod: Int? = nil, retries: Int? = nil) -> HealthState {
        HealthState(.init(command: ["CMD", "x"], interval: 5, timeout: 5, retries: retries, startPeriod: startPeriod))
    }

    @Test func `one success makes a container healthy`() {
        var state = Self.state()
        #expect(state.status == .unknown)
        state.record(success: true, age: .seconds(1))
        #expect(state.status == .healthy)
    }

    @Test func `checks come each second until the first success, then at the interval`() {
        var state = Self.state()
        #expect(state.pause == .seconds(1))
        state.record(success: true, age: .seconds(1))
        #expect(state.pause == .seconds(5))
    }

    @Test func `only as many failures in a row as retries make it unhealthy`() {
        var state = Self.state(retries: 2)
        state.record(success: true, age: .seconds(1))
        state.record(success: false, age: .seconds(6))
        state.record(success: true, age: .seconds(11))
        state.record(success: false, age: .seconds(16))
        #expect(state.status == .healthy)
        state.record(success: false, age: .seconds(21))
        #expect(state.status == .unhealthy)
        state.record(success: true, age: .seconds(26))
        #expect(state.status == .healthy)
    }

    @Test func `failures before the first success wait for the start period and the retries`() {
        var state = Self.state(startPeriod: 10, retries: 3)
        state.record(success: false, age: .seconds(24))
        #expect(state.status == .unknown)
        state.record(success: false, age: .seconds(25))
        #expect(state.status == .unhealthy)
    }

    @Test func `numbers outside what ECS takes are brought into it`() {
        let state = HealthState(
            .init(command: ["CMD", "x"], interval: 0, timeout: 100_000, retries: -1, startPeriod: .max)
        )
        #expect(state.timeout == .seconds(60))
    }

    @Test(
        arguments: [
            ([], HealthState.Status.unknown), ([.healthy], .healthy), ([.healthy, .unknown], .unknown),
            ([.unknown, .unhealthy, .healthy], .unhealthy),
        ] as [([HealthState.Status], HealthState.Status)]
    )
    func `a task is as healthy as its worst essential container`(
        _ essential: [HealthState.Status],
        _ expected: HealthState.Status
    ) {
        #expect(HealthState.ofTask(essential) == expected)
    }
}

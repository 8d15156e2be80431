/// A container's health as its checks tell it; pure.
///
/// As ECS: failures in the start period don't count unless a check has succeeded before, `retries` failures in a row
/// make it unhealthy, one success makes it healthy again. One thing differs: until the first success the lab checks
/// each second (or each interval, if that is shorter), so that a demo needn't wait for the interval.
package struct HealthState: Sendable, Equatable {
    /// What a container's health is known to be.
    package enum Status: String, Sendable, Codable {
        case unknown = "UNKNOWN", healthy = "HEALTHY", unhealthy = "UNHEALTHY"
    }

    private let interval: Duration
    /// How long one check may take.
    package let timeout: Duration
    private let retries: Int
    private let startPeriod: Duration
    private var failures = 0
    /// The health after all checks so far.
    package private(set) var status = Status.unknown

    /// The state at a container's start.
    ///
    /// Numbers outside what ECS takes are brought into it: interval 5–300 s (30), timeout 2–60 s (5), retries 1–10 (3),
    /// startPeriod 0–300 s (0).
    package init(_ check: ContainerDefinition.HealthCheck) {
        func clamp(_ value: Int?, _ standard: Int, _ range: ClosedRange<Int>) -> Int {
            min(max(value ?? standard, range.lowerBound), range.upperBound)
        }
        self.interval = .seconds(clamp(check.interval, 30, 5...300))
        self.timeout = .seconds(clamp(check.timeout, 5, 2...60))
        self.retries = clamp(check.retries, 3, 1...10)
        self.startPeriod = .seconds(clamp(check.startPeriod, 0, 0...300))
    }

    /// How long to wait until the next check.
    package var pause: Duration {
        self.status == .unknown ? min(self.interval, .seconds(1)) : self.interval
    }

    /// Takes in one check's result; `age` is the time since the container's start.
    package mutating func record(success: Bool, age: Duration) {
        if success {
            self.failures = 0
            self.status = .healthy
            return
        }
        if self.status == .unknown {
            // The quick checks before the first success must not use up the retries faster than ECS would.
            let patience = self.startPeriod + self.interval * self.retries
            if age >= patience { self.status = .unhealthy }
            return
        }
        self.failures += 1
        if self.failures >= self.retries { self.status = .unhealthy }
    }

    /// A task's health out of its essential containers' healths: the worst of those that have checks.
    package static func ofTask(_ essential: [Status]) -> Status {
        if essential.contains(.unhealthy) { return .unhealthy }
        if essential.isEmpty || essential.contains(.unknown) { return .unknown }
        return .healthy
    }
}

/// When what goes on is counted again: `reportingInterval` of Istio's Telemetry, in steps of the loop's sampling.
struct ReportingClock {
    private var last: UInt64

    /// - Parameter now: milliseconds.
    init(now: UInt64) { self.last = now }

    /// Whether it is time; the next interval begins then.
    /// - Parameter interval: milliseconds; 0 for every sampling.
    mutating func isDue(now: UInt64, interval: UInt64) -> Bool {
        guard now >= self.last, now - self.last >= interval else { return false }
        self.last = now
        return true
    }
}

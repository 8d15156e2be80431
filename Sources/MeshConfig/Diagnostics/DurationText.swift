/// Durations as people write them: a whole number and a unit, such as `250ms`, `30s`, `15m`, `24h` or `7d`.
package enum DurationText {
    /// Reads a duration.
    ///
    /// - Returns: nil for anything but one unsigned whole number with one of the five units, or above 100 years.
    package static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 3_155_760_000_000 else { return nil }
        let milliseconds: Int64
        switch text.dropFirst(digits.count) {
        case "ms": milliseconds = 1
        case "s": milliseconds = 1000
        case "m": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        case "d": milliseconds = 86_400_000
        default: return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: milliseconds)
        guard !overflow, product <= 3_155_760_000_000 else { return nil }
        return .milliseconds(product)
    }
}

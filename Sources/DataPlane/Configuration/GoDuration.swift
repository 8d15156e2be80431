/// Durations as ztunnel's settings are written: `30s`, `5m`, `1h30m`, `500ms`; a bare number means seconds.
package enum GoDuration {
    /// The duration in milliseconds; nil when malformed or over 2^63 milliseconds.
    package static func milliseconds(_ text: String) -> UInt64? {
        var rest = text.utf8[...]
        guard !rest.isEmpty, rest.count <= 64 else { return nil }
        var total: UInt64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { (48...57).contains($0) }
            guard !digits.isEmpty, let number = UInt64(Substring(digits)) else { return nil }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { (97...122).contains($0) }
            rest = rest.dropFirst(letters.count)
            let unit: UInt64
            switch Substring(letters) {
            case "ms": unit = 1
            case "s": unit = 1_000
            case "m": unit = 60_000
            case "h": unit = 3_600_000
            case "d": unit = 86_400_000
            // Only a number that stands alone may leave its unit out.
            case "" where digits.count == text.utf8.count: unit = 1_000
            default: return nil
            }
            let (part, overflow) = number.multipliedReportingOverflow(by: unit)
            let (sum, sumOverflow) = total.addingReportingOverflow(part)
            guard !overflow, !sumOverflow, sum <= UInt64(Int64.max) else { return nil }
            total = sum
        }
        return total
    }
}

import Glibc

/// A point in time on the wall clock, shown as RFC 3339 in UTC.
package struct Timestamp: Hashable, Sendable {
    /// Seconds since 1970 without leap seconds.
    package var seconds: Int64
    /// Microseconds within the second, 0 to 999,999.
    package var microseconds: Int

    /// A point `seconds` and `microseconds` after 1970; microseconds are clamped to their range.
    package init(seconds: Int64, microseconds: Int = 0) {
        self.seconds = seconds
        self.microseconds = min(max(microseconds, 0), 999_999)
    }

    /// The wall clock's time.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), microseconds: time.tv_nsec / 1_000)
    }

    /// Appends `2026-01-02T03:04:05.678901Z`, or without the fraction if `fraction` is false.
    ///
    /// Years outside 0000–9999 are shown as the nearest one inside.
    func append(to bytes: inout [UInt8], fraction: Bool = true) {
        let (days, rest) = self.parts
        let (year, month, day) = Self.date(days: days)
        Self.append(year, width: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.append(month, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.append(day, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        Self.append(rest / 3_600, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.append(rest / 60 % 60, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.append(rest % 60, width: 2, to: &bytes)
        if fraction {
            bytes.append(UInt8(ascii: "."))
            Self.append(Int64(self.microseconds), width: 6, to: &bytes)
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Whole days since 1970, and the seconds of the last one, for years from 0 to 9999.
    var parts: (days: Int64, seconds: Int64) {
        let clamped = min(max(self.seconds, -62_167_219_200), 253_402_300_799)
        let rest = clamped % 86_400
        return rest < 0 ? (clamped / 86_400 - 1, rest + 86_400) : (clamped / 86_400, rest)
    }

    /// The civil date of a day counted from 1970-01-01, by the 400-year cycle of the Gregorian calendar.
    ///
    /// The year is taken to begin in March, so that the leap day is its last day.
    static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let daysPerCycle: Int64 = 146_097
        // Days since 0000-03-01.
        let shifted = days + 719_468
        let cycle = shifted >= 0 ? shifted / daysPerCycle : (shifted - daysPerCycle + 1) / daysPerCycle
        let dayOfCycle = shifted - cycle * daysPerCycle
        let leapDays = dayOfCycle / 1_460 - dayOfCycle / 36_524 + dayOfCycle / 146_096
        let yearOfCycle = (dayOfCycle - leapDays) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0)
        return (year, month, day)
    }

    static func append(_ number: Int64, width: Int, to bytes: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<max(width, 1) { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with whole seconds.
    package var inSeconds: String {
        var bytes: [UInt8] = []
        self.append(to: &bytes, fraction: false)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// RFC 3339 in UTC with microseconds.
    package var description: String {
        var bytes: [UInt8] = []
        self.append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

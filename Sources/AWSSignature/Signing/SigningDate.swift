/// A second in time as the signature writes it: `20260102T030405Z`, and `20260102` in the credential scope.
package struct SigningDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, between the years 0000 and 9999.
    package let epochSeconds: Int64

    /// The earliest and the latest second that four digits of year can write.
    private static let representable: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// Takes seconds since the epoch; what lies outside the years 0000–9999 becomes the nearest second inside.
    package init(epochSeconds: Int64) {
        self.epochSeconds = min(max(epochSeconds, Self.representable.lowerBound), Self.representable.upperBound)
    }

    /// Reads exactly `YYYYMMDD'T'HHMMSS'Z'`; `nil` for any other text and for a day or time that does not exist.
    package init?(parsing text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
            let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        self.init(epochSeconds: days * 86_400 + hour * 3_600 + minute * 60 + second)
        // A day such as 31 February would come back as another day.
        guard self.description == String(text) else { return nil }
    }

    /// The long form, for `X-Amz-Date` and the string to sign.
    package var description: String {
        let time = self.epochSeconds - Self.floorDivide(self.epochSeconds, 86_400) * 86_400
        return "\(self.day)T\(Self.pad(time / 3_600, 2))\(Self.pad(time / 60 % 60, 2))\(Self.pad(time % 60, 2))Z"
    }

    /// The day alone, for the credential scope.
    package var day: String {
        let (year, month, day) = Self.civil(daysSinceEpoch: Self.floorDivide(self.epochSeconds, 86_400))
        return "\(Self.pad(year, 4))\(Self.pad(month, 2))\(Self.pad(day, 2))"
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.epochSeconds < right.epochSeconds
    }

    // The calendar is the proleptic Gregorian one; years are counted from 1 March so that the leap day comes last.

    private static func civil(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = Self.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = Self.floorDivide(marchYear, 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }

    private static func pad(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

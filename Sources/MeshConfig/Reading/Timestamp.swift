/// Times of RFC 3339, as Kubernetes writes them.
enum Timestamp {
    /// Seconds since 1970 of `2026-01-31T12:00:00Z`, with or without fractions or an offset; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard (20...40).contains(bytes.count), let year = self.number(bytes, 0, 4), bytes[4] == UInt8(ascii: "-"),
            let month = self.number(bytes, 5, 2), bytes[7] == UInt8(ascii: "-"), let day = self.number(bytes, 8, 2),
            bytes[10] | 0x20 == UInt8(ascii: "t"), let hour = self.number(bytes, 11, 2),
            bytes[13] == UInt8(ascii: ":"), let minute = self.number(bytes, 14, 2), bytes[16] == UInt8(ascii: ":"),
            let second = self.number(bytes, 17, 2), (1970...9999).contains(year), (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var zone = bytes.dropFirst(19)
        if zone.first == UInt8(ascii: ".") {
            let fraction = zone.dropFirst().prefix(while: TextForm.isDigit)
            guard !fraction.isEmpty else { return nil }
            zone = zone.dropFirst(fraction.count + 1)
        }
        guard let offset = self.offset(Array(zone)) else { return nil }
        return self.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    }

    private static func offset(_ zone: [UInt8]) -> Int64? {
        if zone == [UInt8(ascii: "Z")] || zone == [UInt8(ascii: "z")] { return 0 }
        guard zone.count == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"),
            let hours = self.number(zone, 1, 2), zone[3] == UInt8(ascii: ":"), let minutes = self.number(zone, 4, 2),
            hours < 24, minutes < 60
        else { return nil }
        return (zone[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    /// Days since 1970 of a date of the Gregorian calendar, by counting years that begin in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64? {
        let digits = bytes.dropFirst(start).prefix(count)
        guard digits.count == count, digits.allSatisfy(TextForm.isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
}

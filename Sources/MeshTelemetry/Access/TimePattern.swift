/// How a time is shown, by the letters of `strftime` and Envoy's fractions.
///
/// Known: `%Y %m %d %H %M %S %F %T %s %Z %z %%`, and fractions `%f` (nine digits) or `%1f` to `%9f`.
struct TimePattern: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case bytes([UInt8])
        case year
        case month
        case day
        case hour
        case minute
        case second
        case epoch
        case fraction(digits: Int)
    }

    private let parts: [Part]

    /// `2006-01-02T15:04:05.000Z`.
    static let standard = TimePattern(parts: [
        .year, .bytes([0x2d]), .month, .bytes([0x2d]), .day, .bytes([0x54]), .hour, .bytes([0x3a]), .minute,
        .bytes([0x3a]), .second, .bytes([0x2e]), .fraction(digits: 3), .bytes([0x5a]),
    ])

    private init(parts: [Part]) { self.parts = parts }

    /// Reads a pattern; nil for a letter that isn't known. An empty one is the standard.
    init?(_ text: String) {
        if text.isEmpty {
            self = .standard
            return
        }
        var parts: [Part] = []
        var literal: [UInt8] = []
        var rest = Array(text.utf8)[...]
        func close() {
            if !literal.isEmpty { parts.append(.bytes(literal)) }
            literal = []
        }
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                literal.append(byte)
                continue
            }
            guard let letter = rest.popFirst() else { return nil }
            if letter == UInt8(ascii: "%") {
                literal.append(letter)
                continue
            }
            guard let known = Self.parts(letter, &rest) else { return nil }
            close()
            parts += known
        }
        close()
        self.parts = parts
    }

    private static func parts(_ letter: UInt8, _ rest: inout ArraySlice<UInt8>) -> [Part]? {
        switch letter {
        case UInt8(ascii: "Y"): return [.year]
        case UInt8(ascii: "m"): return [.month]
        case UInt8(ascii: "d"): return [.day]
        case UInt8(ascii: "H"): return [.hour]
        case UInt8(ascii: "M"): return [.minute]
        case UInt8(ascii: "S"): return [.second]
        case UInt8(ascii: "F"): return [.year, .bytes([0x2d]), .month, .bytes([0x2d]), .day]
        case UInt8(ascii: "T"): return [.hour, .bytes([0x3a]), .minute, .bytes([0x3a]), .second]
        case UInt8(ascii: "s"): return [.epoch]
        case UInt8(ascii: "Z"): return [.bytes(Array("UTC".utf8))]
        case UInt8(ascii: "z"): return [.bytes(Array("+0000".utf8))]
        case UInt8(ascii: "f"): return [.fraction(digits: 9)]
        case UInt8(ascii: "1")...UInt8(ascii: "9"):
            guard rest.popFirst() == UInt8(ascii: "f") else { return nil }
            return [.fraction(digits: Int(letter - UInt8(ascii: "0")))]
        default: return nil
        }
    }

    /// Appends a time in UTC.
    /// - Parameter nanoseconds: since 1970.
    func append(_ nanoseconds: UInt64, to bytes: inout [UInt8]) {
        let time = Timestamp(seconds: Int64(nanoseconds / 1_000_000_000))
        let (days, seconds) = time.parts
        let (year, month, day) = Timestamp.date(days: days)
        for part in self.parts {
            switch part {
            case .bytes(let literal): bytes.append(contentsOf: literal)
            case .year: Timestamp.append(year, width: 4, to: &bytes)
            case .month: Timestamp.append(month, width: 2, to: &bytes)
            case .day: Timestamp.append(day, width: 2, to: &bytes)
            case .hour: Timestamp.append(seconds / 3_600, width: 2, to: &bytes)
            case .minute: Timestamp.append(seconds / 60 % 60, width: 2, to: &bytes)
            case .second: Timestamp.append(seconds % 60, width: 2, to: &bytes)
            case .epoch: bytes.append(contentsOf: "\(time.seconds)".utf8)
            case .fraction(let digits):
                var divisor: UInt64 = 1
                for _ in digits..<9 { divisor *= 10 }
                Timestamp.append(Int64(nanoseconds % 1_000_000_000 / divisor), width: digits, to: &bytes)
            }
        }
    }
}

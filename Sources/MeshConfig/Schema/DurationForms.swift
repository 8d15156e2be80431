/// Durations as the two APIs write them.
enum DurationForms {
    /// The longest that is read: 100 years, in nanoseconds.
    private static let longest = 3_155_760_000_000_000_000.0

    /// Go's form: numbers with `h`, `m`, `s`, `ms`, `us` or `ns`, each of which may have a fraction.
    static func go(_ text: String) -> Duration? {
        self.parse(text, units: ["h", "m", "s", "ms", "us", "µs", "ns"], digits: 1...19, terms: 8, fractions: true)
    }

    /// GEP-2257: at most four terms of up to five digits.
    static func gateway(_ text: String) -> Duration? {
        self.parse(text, units: ["h", "m", "s", "ms"], digits: 1...5, terms: 4, fractions: false)
    }

    private static func parse(
        _ text: String,
        units: Set<String>,
        digits: ClosedRange<Int>,
        terms: Int,
        fractions: Bool
    ) -> Duration? {
        if fractions, text == "0" { return .zero }
        guard (1...64).contains(text.utf8.count) else { return nil }
        var rest = text[...]
        var nanoseconds = 0.0
        var count = 0
        while !rest.isEmpty {
            count += 1
            let number = rest.prefix { $0.isASCII && ($0.isNumber || (fractions && $0 == ".")) }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard count <= terms, digits.contains(number.count), units.contains(String(unit)),
                let value = Double(number), number.first != ".", number.last != "."
            else { return nil }
            nanoseconds += value * self.scale(unit)
        }
        guard nanoseconds <= self.longest else { return nil }
        return .nanoseconds(Int64(nanoseconds.rounded()))
    }

    private static func scale(_ unit: Substring) -> Double {
        switch unit {
        case "h": 3.6e12
        case "m": 6e10
        case "s": 1e9
        case "ms": 1e6
        case "us", "µs": 1e3
        default: 1
        }
    }
}

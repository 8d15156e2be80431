/// Turns totals into what was added since the last round, for collectors that want that.
///
/// Keeps the last totals of every series of one round; those of series that are gone are forgotten.
package struct MetricDeltas: Sendable {
    private struct Key: Hashable {
        let family: String
        let names: [String]
        let values: [String]
    }

    private enum Total {
        case count(UInt64)
        case number(Double)
        case histogram(counts: [UInt64], sum: Double)
    }

    private var before: [Key: Total] = [:]
    private var now: [Key: Total] = [:]

    /// Nothing was read yet: the first round gives totals.
    package init() {}

    /// What the reading adds to the last round; gauges stay as they are, and series that did not change are left out.
    package mutating func subtract(_ reading: MetricReading) -> MetricReading {
        if case .gauge = reading.kind { return reading }
        var changed = reading
        changed.points = []
        for point in reading.points {
            let key = Key(family: reading.name, names: point.names, values: point.values)
            let last = self.before[key]
            let added: MetricReading.Value?
            switch point.value {
            case .count(let count):
                self.now[key] = .count(count)
                added = Self.count(count, last)
            case .number(let number):
                self.now[key] = .number(number)
                added = Self.number(number, last)
            case .histogram(let counts, let sum):
                self.now[key] = .histogram(counts: counts, sum: sum)
                added = Self.histogram(counts, sum, last)
            case .level: added = nil
            }
            guard let added else { continue }
            changed.points.append(MetricReading.Point(names: point.names, values: point.values, value: added))
        }
        return changed
    }

    /// Ends a round.
    package mutating func endRound() {
        self.before = self.now
        self.now = [:]
    }

    // A total that fell is that of a new series under an old name.

    private static func count(_ count: UInt64, _ last: Total?) -> MetricReading.Value? {
        guard case .count(let before) = last, before <= count else { return count > 0 ? .count(count) : nil }
        return count > before ? .count(count - before) : nil
    }

    private static func number(_ number: Double, _ last: Total?) -> MetricReading.Value? {
        guard case .number(let before) = last, before <= number else { return number > 0 ? .number(number) : nil }
        return number > before ? .number(number - before) : nil
    }

    private static func histogram(_ counts: [UInt64], _ sum: Double, _ last: Total?) -> MetricReading.Value? {
        guard case .histogram(let before, let beforeSum) = last, before.count == counts.count,
            zip(before, counts).allSatisfy({ $0 <= $1 })
        else { return counts.contains { $0 > 0 } ? .histogram(counts: counts, sum: sum) : nil }
        let added = zip(counts, before).map { $0 - $1 }
        return added.contains { $0 > 0 } ? .histogram(counts: added, sum: max(0, sum - beforeSum)) : nil
    }
}

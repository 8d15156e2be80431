import Synchronization

/// Counts of observations by upper bound, with their sum.
///
/// The buckets are separate atomics: a scrape in the middle of an observation may be off by that one observation,
/// never torn.
package final class Histogram: Sendable {
    /// The upper bounds in rising order, without the infinite one.
    let bounds: [Double]
    /// One counter a bound and a last one for what exceeds all bounds; not cumulative.
    private let buckets: [Counter]
    /// The bit pattern of the sum of all observations.
    private let sumBits = Atomic<UInt64>(0)

    /// Makes an empty histogram. Bounds are sorted; infinite and repeated ones are dropped.
    package init(bounds: [Double]) {
        var kept: [Double] = []
        for bound in bounds.sorted() where bound.isFinite && bound != kept.last {
            kept.append(bound)
        }
        self.bounds = kept
        self.buckets = (0...kept.count).map { _ in Counter() }
    }

    /// Adds one observation. A value that is not a number is not counted.
    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        let index = self.bounds.firstIndex { value <= $0 } ?? self.bounds.count
        self.buckets[index].add()
        var seen = self.sumBits.load(ordering: .relaxed)
        while true {
            let wanted = (Double(bitPattern: seen) + value).bitPattern
            let result = self.sumBits.weakCompareExchange(expected: seen, desired: wanted, ordering: .relaxed)
            if result.exchanged { return }
            seen = result.original
        }
    }

    /// The counts, one a bound and one for what exceeds all, not cumulative; and the sum.
    var snapshot: (counts: [UInt64], sum: Double) {
        (self.buckets.map(\.value), Double(bitPattern: self.sumBits.load(ordering: .relaxed)))
    }
}

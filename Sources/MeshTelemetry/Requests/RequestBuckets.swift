/// The upper bounds of the histograms of requests.
package struct RequestBuckets: Hashable, Sendable {
    /// Envoy's bounds, for milliseconds and bytes alike.
    package static let standard: [Double] = [
        0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000,
        1_800_000, 3_600_000,
    ]

    /// The most bounds of one histogram.
    package static let maximumCount = 64

    /// Bounds in rising order, in milliseconds or bytes.
    let bounds: [Double]
    /// The bounds in the unit that is counted: microseconds or bytes.
    let limits: [UInt64]

    /// Makes bounds; those that are not positive and finite are dropped, and what exceeds the maximum count.
    /// - Parameter isDuration: whether they are milliseconds, of which microseconds are counted.
    init(_ bounds: [Double], isDuration: Bool) {
        var kept: [Double] = []
        // 2^53: above it a bound is no whole number of microseconds any more.
        for bound in bounds.sorted() where bound > 0 && bound < 9_007_199_254_740 && bound != kept.last {
            kept.append(bound)
        }
        self.bounds = Array(kept.prefix(Self.maximumCount))
        self.limits = self.bounds.map { UInt64($0 * (isDuration ? 1_000 : 1)) }
    }

    /// The index of the bucket of a value.
    func index(of value: UInt64) -> Int {
        for (index, limit) in self.limits.enumerated() where value <= limit { return index }
        return self.limits.count
    }
}

/// Draws one of several by their weights, each in proportion to all.
package struct WeightedDraw: Sendable, Hashable {
    /// The sum of the weights up to and with each.
    private let sums: [UInt64]

    package init(_ weights: some Sequence<UInt32>) {
        var sum: UInt64 = 0
        self.sums = weights.map { weight in
            sum += UInt64(weight)
            return sum
        }
    }

    /// The place of one; nil where all weights are zero.
    package func draw(using generator: inout some RandomNumberGenerator) -> Int? {
        guard let total = self.sums.last, total > 0 else { return nil }
        if self.sums.count == 1 { return 0 }
        let number = UInt64.random(in: 0..<total, using: &generator)
        return self.sums.firstIndex { number < $0 }
    }
}

/// A chance in millionths.
enum Fraction {
    static let whole: UInt32 = 1_000_000

    /// Whether it comes to pass. Certain and impossible ones take no random number.
    static func draw(_ fraction: UInt32, using generator: inout some RandomNumberGenerator) -> Bool {
        guard fraction > 0 else { return false }
        guard fraction < self.whole else { return true }
        return UInt32.random(in: 0..<self.whole, using: &generator) < fraction
    }
}

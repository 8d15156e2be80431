/// A set of Unicode scalars: what one place of a pattern takes.
struct ScalarSet: Hashable, Sendable {
    /// The largest scalar.
    static let last: UInt32 = 0x10ffff
    static let all = ScalarSet(0...Self.last)
    static let none = ScalarSet()

    /// Closed ranges in rising order that neither overlap nor touch.
    private(set) var ranges: [ClosedRange<UInt32>]

    private init() { self.ranges = [] }

    init(_ range: ClosedRange<UInt32>) { self.ranges = [range] }

    init(_ scalar: Unicode.Scalar) { self.ranges = [scalar.value...scalar.value] }

    /// The union of ranges in any order.
    init(union ranges: [ClosedRange<UInt32>]) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let end = self.ranges.last, range.lowerBound <= end.upperBound + 1 {
                let upper = max(end.upperBound, range.upperBound)
                self.ranges[self.ranges.count - 1] = end.lowerBound...upper
            } else {
                self.ranges.append(range)
            }
        }
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(union: self.ranges + other.ranges) }

    /// Every scalar that is not in this set.
    var complement: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in self.ranges {
            if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= Self.last { gaps.append(next...Self.last) }
        return ScalarSet(union: gaps)
    }

    func contains(_ value: UInt32) -> Bool {
        var low = 0
        var high = self.ranges.count
        while low < high {
            let middle = (low + high) / 2
            if self.ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < self.ranges.count && self.ranges[low].lowerBound <= value
    }
}

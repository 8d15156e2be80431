/// How traffic is spread over priorities by their health, in percent: Envoy's priority levels with an overprovisioning
/// factor of 1.4, so that a priority takes all of its traffic until fewer than 5 in 7 of its endpoints are well.
struct PriorityLoads: Sendable, Equatable {
    /// How many endpoints a priority has.
    struct Count: Sendable, Equatable {
        /// Those that may be used.
        var healthy: Int
        /// Those that may be used for what the former can't carry.
        var degraded = 0
        /// All.
        var total: Int
    }

    /// Each priority's share, then each priority's share for its degraded endpoints; together 100, or all zero where
    /// nothing is left.
    private(set) var shares: [Int]
    /// Which priorities use all of their endpoints, as too few are well.
    private(set) var panics: [Bool]

    /// - Parameters:
    ///   - counts: by priority, none of them empty.
    ///   - panicPercent: below it a priority panics; zero for never.
    ///   - excluded: priorities that shall get nothing.
    init(_ counts: [Count], panicPercent: Int, excluded: Set<Int> = []) {
        func healths(_ part: (Count) -> Int) -> [Int] {
            counts.enumerated().map { index, count in
                excluded.contains(index) || count.total <= 0 ? 0 : min(100, 140 * part(count) / count.total)
            }
        }
        // Healthy endpoints of all priorities come before degraded ones of any.
        let healths = healths(\.healthy) + healths(\.degraded)
        let sum = min(100, healths.reduce(0, +))
        self.shares = Array(repeating: 0, count: healths.count)
        self.panics = Array(repeating: false, count: counts.count)
        if sum < 100, panicPercent > 0 {
            self.panics = counts.map { 100 * ($0.healthy + $0.degraded) < min(panicPercent, 100) * $0.total }
        }
        if !self.panics.isEmpty, self.panics.allSatisfy({ $0 }), excluded.isEmpty {
            self.spread(counts.map(\.total))
        } else if sum > 0 {
            var left = 100
            for (index, health) in healths.enumerated() {
                self.shares[index] = min(left, health * 100 / sum)
                left -= self.shares[index]
            }
            self.give(left)
        }
    }

    /// When all panic, each endpoint of any priority gets as much as another.
    private mutating func spread(_ totals: [Int]) {
        let sum = totals.reduce(0, +)
        guard sum > 0 else { return }
        for (index, total) in totals.enumerated() { self.shares[index] = 100 * total / sum }
        self.give(100 - self.shares.reduce(0, +))
    }

    /// What rounding left over goes to the first priority that gets anything.
    private mutating func give(_ rest: Int) {
        if let first = self.shares.firstIndex(where: { $0 > 0 }) { self.shares[first] += rest }
    }

    /// The place in ``shares`` for a ticket in `0..<100`; nil where nothing is left.
    func priority(for ticket: Int) -> Int? {
        var left = ticket
        for (index, share) in self.shares.enumerated() {
            if left < share { return index }
            left -= share
        }
        return nil
    }
}

/// Draws a place with its weight's share in constant time (Walker's alias method, as Vose builds it).
struct AliasTable: Sendable {
    private let chances: [Double]
    private let others: [Int32]

    /// A table over weights; those below zero count as zero. With no weight at all every place is as likely.
    init(_ weights: [Double]) {
        let total = weights.reduce(0) { $0 + max(0, $1) }
        let count = weights.count
        var chances = Array(repeating: 1.0, count: count)
        var others = (0..<count).map { Int32(truncatingIfNeeded: $0) }
        if total > 0 {
            chances = weights.map { max(0, $0) * Double(count) / total }
            var small = chances.indices.filter { chances[$0] < 1 }
            var large = chances.indices.filter { chances[$0] >= 1 }
            while let poor = small.popLast(), let rich = large.popLast() {
                others[poor] = Int32(truncatingIfNeeded: rich)
                chances[rich] -= 1 - chances[poor]
                if chances[rich] < 1 { small.append(rich) } else { large.append(rich) }
            }
            // What is left over has its full share but for rounding, and itself as the other.
        }
        self.chances = chances
        self.others = others
    }

    /// A place; zero for a table without places.
    func draw(_ random: inout PickRandom) -> Int {
        guard !self.chances.isEmpty else { return 0 }
        let place = random.below(self.chances.count)
        return random.unit() < self.chances[place] ? place : Int(self.others[place])
    }
}

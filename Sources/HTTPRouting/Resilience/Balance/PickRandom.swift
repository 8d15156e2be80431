/// A cheap stream of numbers (SplitMix64) from one random seed: what one choice needs.
struct PickRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number in `0..<count`; zero for a count of zero. Its bias is below `count / 2^64`.
    mutating func below(_ count: Int) -> Int {
        guard count > 1 else { return 0 }
        return Int(truncatingIfNeeded: UInt64(count).multipliedFullWidth(by: self.next()).high)
    }

    /// A number in `0..<1`.
    mutating func unit() -> Double { Double(self.next() >> 11) * 0x1p-53 }
}

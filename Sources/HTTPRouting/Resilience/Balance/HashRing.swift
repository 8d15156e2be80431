/// A ring of hashes (ketama): a key belongs to the place whose next hash follows it, so that a place that goes moves only
/// its own keys.
struct HashRing: Sendable {
    /// Entries at most, whatever was asked for: Envoy's bound.
    static let maximumSize = 8_388_608
    /// Entries at least where nothing was said.
    static let defaultMinimumSize = 1024
    /// Entries of the least weight, while all fit into ``steadySize``: as long as their number does not depend on how many
    /// places there are, a place that comes or goes moves no keys between others.
    private static let steadyEntries = 512.0
    private static let steadySize = 65_536.0
    /// Entries that weights may lead to where fewer were asked for: a weight that is tiny beside others gets more than its
    /// share then, and making a ring stays a matter of milliseconds.
    private static let weightedSize = 262_144.0

    private let hashes: [UInt64]
    private let places: [UInt32]

    /// A ring with entries in proportion to weights, so many that the least weight has whole ones.
    /// - Parameters:
    ///   - names: what each place's entries are hashed from: `<name>_<number>`.
    ///   - weights: above zero.
    init(_ names: [String], weights: [Double], minimumSize: Int) {
        let total = weights.reduce(0, +)
        guard total > 0, let least = weights.min(), least > 0, names.count == weights.count else {
            self.hashes = []
            self.places = []
            return
        }
        let minimum = Double(min(max(minimumSize, 1), Self.maximumSize))
        let share = least / total
        let steady = max(1, min(Self.steadyEntries, (Self.steadySize * share).rounded(.down)))
        let scale = min(max((share * minimum).rounded(.up), steady) / share, max(minimum, Self.weightedSize))
        var entries: [(hash: UInt64, place: UInt32)] = []
        entries.reserveCapacity(Int(scale) + names.count)
        var target = 0.0
        for (place, name) in names.enumerated() {
            target += scale * weights[place] / total
            var text = Array("\(name)_".utf8)
            let length = text.count
            var number = 0
            // Each place has one entry at least, be its weight ever so small beside the others.
            repeat {
                text.removeSubrange(length...)
                text.append(contentsOf: String(number).utf8)
                entries.append((XXHash64.hash(text), UInt32(truncatingIfNeeded: place)))
                number += 1
            } while Double(entries.count) < target - 1e-6
        }
        entries.sort { ($0.hash, $0.place) < ($1.hash, $1.place) }
        self.hashes = entries.map(\.hash)
        self.places = entries.map(\.place)
    }

    /// How many entries there are.
    var count: Int { self.hashes.count }

    /// The place a key belongs to; nil on an empty ring.
    func place(of key: UInt64) -> Int? {
        guard !self.hashes.isEmpty else { return nil }
        var low = 0
        var high = self.hashes.count
        while low < high {
            let middle = (low + high) / 2
            if self.hashes[middle] < key { low = middle + 1 } else { high = middle }
        }
        return Int(self.places[low == self.hashes.count ? 0 : low])
    }
}

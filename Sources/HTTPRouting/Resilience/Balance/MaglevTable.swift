/// Maglev's table (Eisenbud and others, NSDI 2016, §3.4): every place fills entries by its own permutation, in turns by
/// weight, so that a key is found in one step and few keys move when places come and go.
struct MaglevTable: Sendable {
    /// Entries where nothing was said.
    static let defaultSize = 65_537
    /// Entries at most: Envoy's bound, a prime.
    static let maximumSize = 5_000_011

    private let places: [UInt32]

    /// A table over places.
    /// - Parameters:
    ///   - names: what each place's permutation is hashed from.
    ///   - weights: above zero.
    ///   - size: the number of entries; the next prime is taken, as permutations need one.
    init(_ names: [String], weights: [Double], size: Int) {
        guard let most = weights.max(), most > 0, names.count == weights.count else {
            self.places = []
            return
        }
        let size = Self.size(for: size)
        var cursors = names.map { Int(truncatingIfNeeded: XXHash64.hash($0) % UInt64(size)) }
        let skips = names.map { Int(truncatingIfNeeded: XXHash64.hash($0, seed: 1) % UInt64(size - 1)) + 1 }
        var owed = Array(repeating: 0.0, count: names.count)
        var table = Array(repeating: UInt32.max, count: size)
        var left = size
        while left > 0 {
            for place in names.indices where left > 0 {
                owed[place] += max(weights[place], 0) / most
                guard owed[place] >= 1 else { continue }
                owed[place] -= 1
                while table[cursors[place]] != .max { Self.step(&cursors[place], skips[place], size) }
                table[cursors[place]] = UInt32(truncatingIfNeeded: place)
                left -= 1
            }
        }
        self.places = table
    }

    /// How many entries there are.
    var count: Int { self.places.count }

    /// The place a key belongs to; nil for an empty table.
    func place(of key: UInt64) -> Int? {
        guard !self.places.isEmpty else { return nil }
        return Int(self.places[Int(truncatingIfNeeded: key % UInt64(self.places.count))])
    }

    private static func step(_ cursor: inout Int, _ skip: Int, _ size: Int) {
        cursor += skip
        if cursor >= size { cursor -= size }
    }

    /// The least prime that is not below what was asked for; at most `maximumSize`, which is one.
    static func size(for asked: Int) -> Int {
        var candidate = min(max(asked, 2), self.maximumSize)
        while !Self.isPrime(candidate) { candidate += 1 }
        return candidate
    }

    private static func isPrime(_ number: Int) -> Bool {
        guard number > 3 else { return number > 1 }
        var divisor = 2
        while divisor * divisor <= number {
            if number % divisor == 0 { return false }
            divisor += 1
        }
        return true
    }
}

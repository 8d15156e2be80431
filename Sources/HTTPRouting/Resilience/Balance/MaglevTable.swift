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
        var table = Array(repeating: UInt32.max, count: size)
        // Turns by weight: the heaviest takes one a round, others when their share of a round makes one.
        var turns = TurnQueue(weights.map { most / max($0, most * 1e-6) })
        for _ in 0..<size {
            let place = turns.next()
            while table[cursors[place]] != .max { Self.step(&cursors[place], skips[place], size) }
            table[cursors[place]] = UInt32(truncatingIfNeeded: place)
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

/// Whose turn it is, when each place waits its own number of rounds between turns: a heap by round and place.
private struct TurnQueue {
    private var heap: [(due: Double, place: Int)]
    private let rounds: [Double]

    /// - Parameter rounds: between a place's turns; not empty.
    init(_ rounds: [Double]) {
        self.rounds = rounds
        self.heap = rounds.enumerated().map { ($0.element, $0.offset) }.sorted { $0 < $1 }
    }

    /// The first place, which then goes back into the queue.
    mutating func next() -> Int {
        var first = self.heap[0]
        let place = first.place
        first.due += self.rounds[place]
        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < self.heap.count else { break }
            if child + 1 < self.heap.count, self.heap[child + 1] < self.heap[child] { child += 1 }
            guard self.heap[child] < first else { break }
            self.heap[hole] = self.heap[child]
            hole = child
        }
        self.heap[hole] = first
        return place
    }
}

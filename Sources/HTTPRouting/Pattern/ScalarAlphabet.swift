/// Unicode cut into classes that a pattern can't tell apart, so that its automaton has few letters.
struct ScalarAlphabet: Sendable {
    /// How many classes there are.
    let count: Int
    /// The class of each ASCII scalar.
    private let ascii: [UInt16]
    /// Where runs of one class begin, in rising order, the first at 0.
    private let starts: [UInt32]
    /// The class of each run.
    private let runs: [UInt16]
    /// Whether a set has a class, set by set.
    private let members: [Bool]

    init(sets: [ScalarSet]) {
        var borders: Set<UInt32> = [0]
        for set in sets {
            for range in set.ranges {
                borders.insert(range.lowerBound)
                if range.upperBound < ScalarSet.last { borders.insert(range.upperBound + 1) }
            }
        }
        let starts = borders.sorted()
        var known: [[Bool]: UInt16] = [:]
        var memberships: [[Bool]] = []
        var runs: [UInt16] = []
        for start in starts {
            let membership = sets.map { $0.contains(start) }
            let number = known[membership] ?? UInt16(clamping: memberships.count)
            if known.updateValue(number, forKey: membership) == nil { memberships.append(membership) }
            runs.append(number)
        }
        self.starts = starts
        self.runs = runs
        self.count = memberships.count
        self.members = sets.indices.flatMap { set in memberships.map { $0[set] } }
        self.ascii = (UInt32(0)..<0x80).map { value in
            runs[Self.run(of: value, in: starts)]
        }
    }

    /// The run that has a value: the last that begins at or before it.
    private static func run(of value: UInt32, in starts: [UInt32]) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= value { low = middle } else { high = middle }
        }
        return low
    }

    func has(set: Int, class number: Int) -> Bool { self.members[set * self.count + number] }

    /// The class of the scalar that begins at `position`, which moves behind it. A byte that begins none counts as
    /// U+FFFD, as in RE2.
    @inline(__always)
    func next(in bytes: Span<UInt8>, at position: inout Int) -> Int {
        let byte = bytes[position]
        if byte < 0x80 {
            position += 1
            return Int(self.ascii[Int(byte)])
        }
        let value = Self.decode(bytes, at: &position)
        return Int(self.runs[Self.run(of: value, in: self.starts)])
    }

    /// Reads one scalar of more than one byte.
    static func decode(_ bytes: Span<UInt8>, at position: inout Int) -> UInt32 {
        let lead = UInt32(bytes[position])
        let start = position
        position += 1
        let length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
        guard (0xc2...0xf4).contains(lead), bytes.count - start >= length else { return 0xfffd }
        var value = lead & (0x7f >> UInt32(length))
        for offset in 1..<length {
            let byte = UInt32(bytes[start + offset])
            guard byte & 0xc0 == 0x80 else { return 0xfffd }
            value = value << 6 | (byte & 0x3f)
        }
        guard Unicode.Scalar(value) != nil, value >= (length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000) else {
            return 0xfffd
        }
        position = start + length
        return value
    }
}

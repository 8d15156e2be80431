/// Picks the values of some fields from a form (`application/x-www-form-urlencoded`) that arrives in pieces.
struct FormFields {
    private let names: [String]
    private let folded: [String]
    private let maximumPairs: Int
    private var pair: [UInt8] = []
    private var pairs = 0
    /// By field: every value that it has, and whether its name is written as the rule writes it.
    private(set) var values: [[(text: String, isExact: Bool)]]
    /// Whether escapes and texts are well formed, and there are not too many pairs.
    private(set) var isWellFormed = true

    init(_ names: [String], maximumPairs: Int) {
        self.names = names
        self.folded = names.map { $0.uppercased().lowercased() }
        self.maximumPairs = maximumPairs
        self.values = Array(repeating: [], count: names.count)
    }

    mutating func take(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            guard byte == UInt8(ascii: "&") else {
                self.pair.append(byte)
                continue
            }
            self.endPair()
        }
    }

    mutating func finish() { self.endPair() }

    private mutating func endPair() {
        defer { self.pair.removeAll(keepingCapacity: true) }
        guard !self.pair.isEmpty else { return }
        self.pairs += 1
        guard self.pairs <= self.maximumPairs else {
            self.isWellFormed = false
            return
        }
        let equals = self.pair.firstIndex(of: UInt8(ascii: "=")) ?? self.pair.endIndex
        let name = self.text(self.pair[..<equals])
        let value = self.text(self.pair[equals...].dropFirst())
        var own: String?
        for place in self.names.indices {
            if self.names[place].utf8.elementsEqual(name.utf8) {
                self.values[place].append((value, true))
                continue
            }
            let lower = own ?? name.uppercased().lowercased()
            own = lower
            if self.folded[place] == lower { self.values[place].append((value, false)) }
        }
    }

    private mutating func text(_ bytes: ArraySlice<UInt8>) -> String {
        let (decoded, isWellFormed) = PercentDecoding.decode(bytes, plusIsBlank: true)
        guard isWellFormed, let text = String(validating: decoded, as: UTF8.self) else {
            self.isWellFormed = false
            return String(decoding: decoded, as: UTF8.self)
        }
        return text
    }
}

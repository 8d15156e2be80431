/// A value that a rule asks for.
struct PointedValue: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case scalar(JSONScalar)
        case list(count: Int)
        case object(count: Int)
    }

    var content: Content
    /// Whether every name on the way is written as the rule writes it; otherwise some differ in case.
    let isExact: Bool
}

/// Picks the values of some pointers from a JSON text, and keeps nothing else of it.
struct PointedValues: JSONSink, Sendable {
    /// A pointer that leads at least as far as a value.
    private struct Match: Sendable {
        let pointer: Int
        let isExact: Bool
    }

    private struct Level: Sendable {
        let isObject: Bool
        var count = 0
        /// Pointers that lead here or further.
        let here: [Match]
        /// Pointers that lead to the member whose name was read.
        var member: [Match] = []
    }

    private let pointers: [JSONPointer]
    private var levels: [Level] = []
    /// By pointer; nil for what is not there, or not there yet.
    private(set) var values: [PointedValue?]

    init(_ pointers: [JSONPointer]) {
        self.pointers = pointers
        self.values = Array(repeating: nil, count: pointers.count)
    }

    mutating func open(isObject: Bool) {
        let here = self.begin()
        self.levels.append(Level(isObject: isObject, here: here))
        let depth = self.levels.count - 1
        for match in here where self.pointers[match.pointer].steps.count == depth {
            let content: PointedValue.Content = isObject ? .object(count: 0) : .list(count: 0)
            self.values[match.pointer] = PointedValue(content: content, isExact: match.isExact)
        }
    }

    mutating func name(_ name: String) {
        guard let last = self.levels.indices.last else { return }
        var folded: String?
        self.levels[last].member = self.levels[last].here.compactMap { match in
            let steps = self.pointers[match.pointer].steps
            guard steps.count > last else { return nil }
            if steps[last].name.utf8.elementsEqual(name.utf8) { return match }
            let own = folded ?? name.uppercased().lowercased()
            folded = own
            return steps[last].folded == own ? Match(pointer: match.pointer, isExact: false) : nil
        }
    }

    mutating func scalar(_ value: JSONScalar) {
        let depth = self.levels.count
        for match in self.begin() where self.pointers[match.pointer].steps.count == depth {
            self.values[match.pointer] = PointedValue(content: .scalar(value), isExact: match.isExact)
        }
    }

    mutating func close() {
        guard let level = self.levels.popLast() else { return }
        for match in level.here where self.pointers[match.pointer].steps.count == self.levels.count {
            self.values[match.pointer]?.content =
                level.isObject ? .object(count: level.count) : .list(count: level.count)
        }
    }

    /// The pointers that lead to the value that begins, or further.
    private mutating func begin() -> [Match] {
        guard let last = self.levels.indices.last else {
            return self.pointers.indices.map { Match(pointer: $0, isExact: true) }
        }
        let place = self.levels[last].count
        self.levels[last].count += 1
        if self.levels[last].isObject { return self.levels[last].member }
        return self.levels[last].here.filter { match in
            let steps = self.pointers[match.pointer].steps
            return steps.count > last && steps[last].place == place
        }
    }
}

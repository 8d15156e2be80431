/// A pattern as instructions of a non-deterministic automaton (Thompson's construction).
struct RegularExpressionProgram: Sendable {
    enum Instruction: Hashable, Sendable {
        /// Takes one scalar of a set.
        case take(set: Int, next: Int)
        /// Goes on at both; the first is preferred.
        case split(Int, Int)
        /// Remembers the place.
        case save(slot: Int, next: Int)
        case check(RegularExpressionNode.Assertion, next: Int)
        case match
    }

    let instructions: [Instruction]
    let start: Int
    let alphabet: ScalarAlphabet
    /// Places that a search remembers: two for each group, and two for the whole.
    let slots: Int
    /// Whether it asks for what stands around a place.
    let looksAround: Bool

    /// Writes the program of a pattern.
    ///
    /// - Parameters:
    ///   - capturing: whether it remembers where groups begin and end. Only replacements ask for that.
    ///   - units: the most instructions.
    init(
        _ node: RegularExpressionNode,
        groups: Int,
        capturing: Bool,
        units: Int = RegularExpression.maximumUnits
    ) throws(RegularExpressionError) {
        var writer = Writer(isCapturing: capturing, units: units)
        let match = try writer.emit(.match)
        let whole = RegularExpressionNode.capture(node, number: 0)
        self.start = try writer.write(whole, next: match)
        self.instructions = writer.instructions
        self.alphabet = ScalarAlphabet(sets: writer.sets)
        self.slots = capturing ? 2 * (groups + 1) : 0
        self.looksAround = writer.instructions.contains { instruction in
            if case .check(let assertion, _) = instruction { assertion.looksAround } else { false }
        }
    }
}

extension RegularExpressionProgram {
    /// Writes instructions from the end of a pattern to its beginning, so that each knows what follows it.
    private struct Writer {
        let isCapturing: Bool
        private let units: Int
        private(set) var instructions: [Instruction] = []
        private(set) var sets: [ScalarSet] = []
        private var numbers: [ScalarSet: Int] = [:]
        /// Nodes written so far: copies of nothing make no instructions, but they take time.
        private var visits = 0

        init(isCapturing: Bool, units: Int) {
            self.isCapturing = isCapturing
            self.units = units
        }

        mutating func emit(_ instruction: Instruction) throws(RegularExpressionError) -> Int {
            guard self.instructions.count < self.units else { throw .tooLarge }
            self.instructions.append(instruction)
            return self.instructions.count - 1
        }

        /// Writes a node, and gives where it begins.
        mutating func write(
            _ node: RegularExpressionNode,
            next: Int
        ) throws(RegularExpressionError) -> Int {
            self.visits += 1
            guard self.visits <= 8 * RegularExpression.maximumUnits else { throw .tooLarge }
            switch node {
            case .empty: return next
            case .scalar(let set): return try self.emit(.take(set: self.number(of: set), next: next))
            case .assertion(let assertion): return try self.emit(.check(assertion, next: next))
            case .sequence(let parts):
                var entry = next
                for part in parts.reversed() { entry = try self.write(part, next: entry) }
                return entry
            case .choice(let options):
                guard let last = options.last else { return next }
                var entry = try self.write(last, next: next)
                for option in options.dropLast().reversed() {
                    let begin = try self.write(option, next: next)
                    entry = try self.emit(.split(begin, entry))
                }
                return entry
            case .capture(let node, let number):
                guard self.isCapturing else { return try self.write(node, next: next) }
                let end = try self.emit(.save(slot: 2 * number + 1, next: next))
                let begin = try self.write(node, next: end)
                return try self.emit(.save(slot: 2 * number, next: begin))
            case .repetition(let node, let least, let most, let isLazy):
                var entry = next
                if let most {
                    for _ in least..<max(least, most) {
                        let body = try self.write(node, next: entry)
                        entry = try self.split(body, next, isLazy: isLazy)
                    }
                    for _ in 0..<least { entry = try self.write(node, next: entry) }
                    return entry
                }
                entry = try self.loop(node, least: least, isLazy: isLazy, next: next)
                for _ in 0..<max(0, least - 1) { entry = try self.write(node, next: entry) }
                return entry
            }
        }

        /// The unbounded rest of a repetition, its last needed copy included.
        private mutating func loop(
            _ node: RegularExpressionNode,
            least: Int,
            isLazy: Bool,
            next: Int
        ) throws(RegularExpressionError) -> Int {
            let again = try self.emit(.match)
            let body = try self.write(node, next: again)
            self.instructions[again] = isLazy ? .split(next, body) : .split(body, next)
            if least > 0 { return body }
            // A body that may be empty is tried once before the loop is left, so that (|a)* prefers what RE2 prefers.
            return node.isNullable ? try self.split(body, next, isLazy: isLazy) : again
        }

        private mutating func split(
            _ body: Int,
            _ next: Int,
            isLazy: Bool
        ) throws(RegularExpressionError) -> Int {
            try self.emit(isLazy ? .split(next, body) : .split(body, next))
        }

        private mutating func number(of set: ScalarSet) -> Int {
            if let number = self.numbers[set] { return number }
            self.sets.append(set)
            self.numbers[set] = self.sets.count - 1
            return self.sets.count - 1
        }
    }
}

/// A pattern's automaton made deterministic in advance: one look-up for each scalar of a text.
///
/// Built when the configuration is read, within bounds, so that every worker shares it without a lock. A pattern whose
/// table would be larger is simulated instead.
struct DeterministicTable: Sendable {
    /// The most states.
    static let maximumStates = 256
    /// The most instructions looked at while it is built, some milliseconds.
    static let maximumWork = 200_000

    /// The next state, by state and letter; state 0 is the one from which nothing matches.
    private let transitions: [UInt16]
    /// Whether a text that ends in a state matches.
    private let accepts: [Bool]
    private let letters: Int

    /// nil for a program that looks around, or that needs more than the bounds.
    init?(_ program: RegularExpressionProgram) {
        guard !program.looksAround else { return nil }
        var builder = Builder(program: program)
        guard builder.build() else { return nil }
        self.transitions = builder.transitions
        self.accepts = builder.accepts
        self.letters = program.alphabet.count
    }

    /// The state before anything was read.
    static let start = 1

    /// The state after the scalars from `position`, which moves to `end`.
    func state(
        after state: Int,
        _ bytes: Span<UInt8>,
        from position: inout Int,
        to end: Int,
        alphabet: borrowing ScalarAlphabet
    ) -> Int {
        var state = state
        while position < end {
            let letter = alphabet.next(in: bytes, at: &position)
            state = Int(self.transitions[state * self.letters + letter])
        }
        return state
    }

    /// Whether a text that ends in a state matches.
    func accepts(_ state: Int) -> Bool { self.accepts[state] }

    /// Whether the whole of a text matches.
    func matchesWhole(_ bytes: Span<UInt8>, alphabet: borrowing ScalarAlphabet) -> Bool {
        var state = 1
        var position = 0
        while position < bytes.count {
            let letter = alphabet.next(in: bytes, at: &position)
            state = Int(self.transitions[state * self.letters + letter])
            if state == 0 { return false }
        }
        return self.accepts[state]
    }
}

extension DeterministicTable {
    /// The construction of subsets.
    private struct Builder {
        private let program: RegularExpressionProgram
        private(set) var transitions: [UInt16] = []
        private(set) var accepts: [Bool] = []
        /// The instructions of each state at which a scalar is taken or the text may end, sorted.
        private var states: [[Int32]] = []
        private var numbers: [[Int32]: UInt16] = [:]
        private var closure: InstructionSet
        private var work = 0

        init(program: RegularExpressionProgram) {
            self.program = program
            self.closure = InstructionSet(capacity: program.instructions.count)
        }

        /// False when a bound is passed.
        mutating func build() -> Bool {
            // The state where nothing goes on, and the first, which alone stands at the text's beginning.
            self.append([], isStart: false)
            self.numbers[[]] = 0
            self.append(self.closed([Int32(truncatingIfNeeded: self.program.start)], isStart: true), isStart: true)
            var state = 1
            while state < self.states.count {
                for letter in 0..<self.program.alphabet.count {
                    let next = self.closed(self.taken(from: self.states[state], letter: letter), isStart: false)
                    let place = state * self.program.alphabet.count + letter
                    self.transitions[place] = self.number(of: next)
                    guard self.states.count <= DeterministicTable.maximumStates,
                        self.work <= DeterministicTable.maximumWork
                    else { return false }
                }
                state += 1
            }
            return true
        }

        private mutating func number(of state: [Int32]) -> UInt16 {
            if let number = self.numbers[state] { return number }
            let number = UInt16(clamping: self.states.count)
            self.numbers[state] = number
            self.append(state, isStart: false)
            return number
        }

        private mutating func append(_ state: [Int32], isStart: Bool) {
            self.states.append(state)
            self.transitions += repeatElement(0, count: self.program.alphabet.count)
            self.accepts.append(self.ends(state, isStart: isStart))
        }

        private mutating func taken(from state: [Int32], letter: Int) -> [Int32] {
            self.work += state.count
            return state.compactMap { member in
                guard case .take(let set, let next) = self.program.instructions[Int(member)],
                    self.program.alphabet.has(set: set, class: letter)
                else { return nil }
                return Int32(truncatingIfNeeded: next)
            }
        }

        /// What is reached from instructions without taking a scalar, where a check of the text's end waits.
        private mutating func closed(_ first: [Int32], isStart: Bool) -> [Int32] {
            self.follow(first, isStart: isStart, isEnd: false)
            return self.closure.members.filter { member in
                switch self.program.instructions[Int(member)] {
                case .take, .match, .check(.textEnd, _): true
                default: false
                }
            }.sorted()
        }

        private mutating func ends(_ state: [Int32], isStart: Bool) -> Bool {
            self.follow(state, isStart: isStart, isEnd: true)
            return self.closure.members.contains { self.program.instructions[Int($0)] == .match }
        }

        private mutating func follow(_ first: [Int32], isStart: Bool, isEnd: Bool) {
            self.closure.removeAll()
            var pending = first.map(Int.init)
            while let number = pending.popLast() {
                guard self.closure.insert(number) else { continue }
                self.work += 1
                switch self.program.instructions[number] {
                case .take, .match: break
                case .save(_, let next): pending.append(next)
                case .split(let one, let other): pending += [one, other]
                case .check(let assertion, let next):
                    if assertion == .textStart ? isStart : isEnd { pending.append(next) }
                }
            }
        }
    }
}

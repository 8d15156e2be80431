/// Looks for a pattern in a text that comes in pieces, in time linear in the text. Nothing of it is kept but a few bytes.
///
/// A piece's last bytes wait for the next one: a scalar may go on there, and a pattern may ask what stands behind a place.
/// So it does not matter how a text is cut.
struct PatternSearch: Sendable {
    private enum Progress: Sendable {
        case table(state: Int)
        /// nil before the text's first place.
        case threads(InstructionSet?)
    }

    private let expression: RegularExpression
    private var progress: Progress
    /// What is still to be read, with the byte before it in front once there is one.
    private var rest: [UInt8] = []
    private var begin = 0
    /// Whether it was found.
    private(set) var isFound = false
    /// Whether all that was read is UTF-8; what is none is not looked at further.
    private(set) var isText = true

    /// More than a scalar has, so that there is a byte behind whatever is read.
    private static let waiting = 4

    /// - Parameter expression: made to match anywhere.
    init(_ expression: RegularExpression) {
        self.expression = expression
        self.progress = expression.table == nil ? .threads(nil) : .table(state: DeterministicTable.start)
    }

    /// Reads on.
    mutating func take(_ bytes: ArraySlice<UInt8>) {
        guard self.isText else { return }
        self.rest += bytes
        var end = self.rest.count - Self.waiting
        while end > self.begin, self.rest[end] & 0xc0 == 0x80 { end -= 1 }
        guard end > self.begin else { return }
        self.read(to: end, isEnd: false)
        self.rest.removeFirst(end - 1)
        self.begin = 1
    }

    /// The text has ended.
    /// - Parameter isCut: whether it goes on, unread: its last scalar may not be whole then.
    mutating func finish(isCut: Bool) {
        guard self.isText else { return }
        if isCut {
            let whole = (0..<Self.waiting).first { cut in
                cut <= self.rest.count - self.begin && Self.isUTF8(self.rest[self.begin..<(self.rest.count - cut)])
            }
            self.rest.removeLast(whole ?? 0)
        }
        self.read(to: self.rest.count, isEnd: true)
    }

    private static func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    private mutating func read(to end: Int, isEnd: Bool) {
        self.isText = Self.isUTF8(self.rest[self.begin..<end])
        guard self.isText, !self.isFound else { return }
        var position = self.begin
        switch self.progress {
        case .table(let state):
            guard let table = self.expression.table else { return }
            let alphabet = self.expression.program.alphabet
            let next = table.state(after: state, self.rest.span, from: &position, to: end, alphabet: alphabet)
            self.progress = .table(state: next)
            if isEnd { self.isFound = table.accepts(next) }
        case .threads(var threads):
            // Given up here, so that the set is changed in its place.
            self.progress = .threads(nil)
            self.isFound = self.expression.program.advance(
                &threads,
                self.rest.span,
                from: position,
                to: end,
                isEnd: isEnd
            )
            self.progress = .threads(threads)
        }
    }
}

extension RegularExpressionProgram {
    /// Takes the scalars up to `end`; says whether the pattern was met, at the text's end or, for one that takes anything
    /// behind it, before.
    /// - Parameter threads: the instructions that are reached; nil before the first place.
    fileprivate func advance(
        _ threads: inout InstructionSet?,
        _ bytes: Span<UInt8>,
        from begin: Int,
        to end: Int,
        isEnd: Bool
    ) -> Bool {
        var position = begin
        var pending: [Int] = []
        var steps = 0
        var then = InstructionSet(capacity: self.instructions.count)
        var now = threads ?? InstructionSet(capacity: self.instructions.count)
        if threads == nil {
            self.follow(self.start, at: position, in: bytes, into: &now, pending: &pending, steps: &steps)
        }
        defer { threads = now }
        while position < end {
            let letter = self.alphabet.next(in: bytes, at: &position)
            then.removeAll()
            for member in now.members {
                switch self.instructions[Int(member)] {
                // What stands behind a match matches, whatever it is.
                case .match: return true
                case .take(let set, let next) where self.alphabet.has(set: set, class: letter):
                    self.follow(next, at: position, in: bytes, into: &then, pending: &pending, steps: &steps)
                default: continue
                }
            }
            swap(&now, &then)
        }
        return isEnd && now.members.contains { self.instructions[Int($0)] == .match }
    }
}

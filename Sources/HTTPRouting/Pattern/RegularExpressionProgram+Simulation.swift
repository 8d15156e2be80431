/// Matching without a table: every thread of the automaton at once, so the time is the text's length times the
/// program's, whatever the pattern.
extension RegularExpressionProgram {
    /// Whether the whole of a text matches.
    ///
    /// - Parameter steps: grows by each instruction looked at; at most twice the program for each scalar.
    func matchesWhole(_ bytes: Span<UInt8>, steps: inout Int) -> Bool {
        var now = InstructionSet(capacity: self.instructions.count)
        var then = InstructionSet(capacity: self.instructions.count)
        var pending: [Int] = []
        var position = 0
        self.follow(self.start, at: 0, in: bytes, into: &now, pending: &pending, steps: &steps)
        while position < bytes.count, !now.members.isEmpty {
            let letter = self.alphabet.next(in: bytes, at: &position)
            then.removeAll()
            for member in now.members {
                steps += 1
                guard case .take(let set, let next) = self.instructions[Int(member)],
                    self.alphabet.has(set: set, class: letter)
                else { continue }
                self.follow(next, at: position, in: bytes, into: &then, pending: &pending, steps: &steps)
            }
            swap(&now, &then)
        }
        return position == bytes.count && now.members.contains { self.instructions[Int($0)] == .match }
    }

    /// Puts in everything that is reached from an instruction without taking a scalar.
    func follow(
        _ first: Int,
        at position: Int,
        in bytes: Span<UInt8>,
        into set: inout InstructionSet,
        pending: inout [Int],
        steps: inout Int
    ) {
        pending.append(first)
        while let number = pending.popLast() {
            guard set.insert(number) else { continue }
            steps += 1
            switch self.instructions[number] {
            case .take, .match: break
            case .save(_, let next): pending.append(next)
            case .split(let one, let other):
                pending.append(other)
                pending.append(one)
            case .check(let assertion, let next):
                if Self.holds(assertion, at: position, in: bytes) { pending.append(next) }
            }
        }
    }

    static func holds(_ assertion: RegularExpressionNode.Assertion, at position: Int, in bytes: Span<UInt8>) -> Bool {
        assertion.holds(
            between: position > 0 ? bytes[position - 1] : nil,
            and: position < bytes.count ? bytes[position] : nil
        )
    }
}

/// A pattern as read, before it is made a program.
indirect enum RegularExpressionNode: Hashable, Sendable {
    /// The empty text.
    case empty
    /// One scalar out of a set.
    case scalar(ScalarSet)
    case assertion(Assertion)
    case sequence([Self])
    /// One of several, the first preferred.
    case choice([Self])
    /// What stands between the parentheses of group `number`, counted from 1.
    case capture(Self, number: Int)
    /// `node` from `least` to `most` times; without bound for nil. A lazy one prefers fewer.
    case repetition(Self, least: Int, most: Int?, isLazy: Bool)

    /// A condition on a place, that takes no scalar.
    enum Assertion: UInt8, Hashable, Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary

        /// Whether it depends on the scalars around the place, and not just on where the text begins and ends.
        var looksAround: Bool {
            switch self {
            case .textStart, .textEnd: false
            case .lineStart, .lineEnd, .wordBoundary, .noWordBoundary: true
            }
        }

        /// Whether it holds between two bytes; nil stands for the text's border.
        func holds(between before: UInt8?, and after: UInt8?) -> Bool {
            switch self {
            case .textStart: before == nil
            case .textEnd: after == nil
            case .lineStart: before == nil || before == 0x0a
            case .lineEnd: after == nil || after == 0x0a
            case .wordBoundary: Self.isWord(before) != Self.isWord(after)
            case .noWordBoundary: Self.isWord(before) == Self.isWord(after)
            }
        }

        private static func isWord(_ byte: UInt8?) -> Bool {
            byte.map { ScalarSet.word.contains(UInt32($0)) } ?? false
        }
    }

    /// Whether it can match the empty text.
    var isNullable: Bool {
        switch self {
        case .empty, .assertion: true
        case .scalar: false
        case .sequence(let parts): parts.allSatisfy(\.isNullable)
        case .choice(let options): options.contains(where: \.isNullable)
        case .capture(let node, _): node.isNullable
        case .repetition(let node, let least, _, _): least == 0 || node.isNullable
        }
    }
}

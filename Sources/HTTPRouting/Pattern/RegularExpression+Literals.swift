extension RegularExpression {
    /// The bytes with which every match begins, as far as that is plain to see; empty for none.
    var literalPrefix: [UInt8] { self.node.literal.bytes }
}

extension RegularExpressionNode {
    /// The bytes with which every match of this node begins, and whether these are all of it.
    fileprivate var literal: (bytes: [UInt8], isWhole: Bool) {
        switch self {
        case .empty: return ([], true)
        case .assertion(let assertion): return ([], assertion == .textStart)
        case .scalar(let set):
            guard set.ranges.count == 1, let range = set.ranges.first, range.count == 1,
                let scalar = Unicode.Scalar(range.lowerBound)
            else { return ([], false) }
            return (Array(String(Character(scalar)).utf8), true)
        case .sequence(let parts):
            var bytes: [UInt8] = []
            for part in parts {
                let literal = part.literal
                bytes += literal.bytes
                guard literal.isWhole else { return (bytes, false) }
            }
            return (bytes, true)
        case .choice: return ([], false)
        case .capture(let node, _): return node.literal
        case .repetition(let node, let least, let most, _):
            guard least > 0 else { return ([], false) }
            let literal = node.literal
            return (literal.bytes, literal.isWhole && least == 1 && most == 1)
        }
    }
}

/// What stands in brackets.
extension RegularExpressionParser {
    /// A class, whose opening bracket is taken.
    mutating func characterClass() throws(RegularExpressionError) -> ScalarSet {
        let isNegated = self.take("^")
        var literals: [ClosedRange<UInt32>] = []
        var classes: [ClosedRange<UInt32>] = []
        var isFirst = true
        while let scalar = self.rest.popFirst() {
            if scalar == "]", !isFirst {
                var set = ScalarSet(union: literals)
                if self.flags.ignoresCase { set = set.folded }
                set = set.union(ScalarSet(union: classes))
                return isNegated ? set.complement : set
            }
            isFirst = false
            switch try self.classItem(scalar) {
            case .set(let set): classes += set.ranges
            case .scalar(let low): literals.append(try self.range(from: low))
            }
        }
        throw self.fault("a class is not closed")
    }

    private mutating func classItem(_ scalar: Unicode.Scalar) throws(RegularExpressionError) -> EscapedItem {
        switch scalar {
        case "\\": return try self.escapedItem()
        case "[" where self.rest.first == ":": return .set(try self.posixClass())
        default: return .scalar(scalar)
        }
    }

    /// The range that begins with `low`, or `low` alone.
    private mutating func range(from low: Unicode.Scalar) throws(RegularExpressionError) -> ClosedRange<UInt32> {
        // A hyphen before the bracket, and one before a class, is a letter.
        let after = self.rest.dropFirst()
        guard self.rest.first == "-", let next = after.first, next != "]" else { return low.value...low.value }
        if next == "\\", let letter = after.dropFirst().first, ScalarSet.perl(letter) != nil || letter.isProperty {
            return low.value...low.value
        }
        self.rest = after.dropFirst()
        guard case .scalar(let high) = next == "\\" ? try self.escapedItem() : .scalar(next) else {
            throw self.fault("a range of a class ends in a class")
        }
        guard low.value <= high.value else { throw self.fault("a range of a class runs backwards") }
        return low.value...high.value
    }

    private mutating func posixClass() throws(RegularExpressionError) -> ScalarSet {
        self.rest.removeFirst()
        let isNegated = self.take("^")
        guard let end = self.rest.firstIndex(of: ":"), self.rest[end...].dropFirst().first == "]" else {
            throw self.fault("'[:' is not closed")
        }
        let name = String(String.UnicodeScalarView(self.rest[..<end]))
        guard let set = ScalarSet.posix(name) else { throw self.fault("'[:\(name):]' is not supported") }
        self.rest = self.rest[(end + 2)...]
        return isNegated ? set.complement : set
    }
}

extension Unicode.Scalar {
    fileprivate var isProperty: Bool { self == "p" || self == "P" }
}

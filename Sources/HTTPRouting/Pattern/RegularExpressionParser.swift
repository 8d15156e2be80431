/// Reads RE2's syntax (its Perl-like form, as Envoy and Istio take it).
///
/// No look-around and no back references, as no engine matches these in linear time. The depth of groups is bounded, so
/// the recursion is.
struct RegularExpressionParser {
    typealias Node = RegularExpressionNode

    /// The letters of `(?…)`.
    struct Flags {
        var ignoresCase = false
        /// `^` and `$` at each line.
        var isMultiline = false
        /// `.` takes a line feed too.
        var dotTakesNewline = false
        /// `x*` is lazy and `x*?` greedy.
        var isUngreedy = false
    }

    var rest: ArraySlice<Unicode.Scalar>
    var flags = Flags()
    private(set) var groupCount = 0
    private var depth = 0
    /// Within `\Q…\E`.
    private var isQuoting = false

    private init(_ text: String) { self.rest = Array(text.unicodeScalars)[...] }

    /// The tree of a pattern and how many groups it captures.
    static func parse(
        _ text: String,
        ignoringCase: Bool = false
    ) throws(RegularExpressionError) -> (node: Node, groups: Int) {
        let bytes = text.utf8.count
        guard bytes <= RegularExpression.maximumBytes else { throw .tooLong(bytes: bytes) }
        var parser = Self(text)
        parser.flags.ignoresCase = ignoringCase
        let node = try parser.choice()
        guard parser.rest.isEmpty else { throw parser.fault("')' closes no group") }
        return (node, parser.groupCount)
    }

    func fault(_ what: String) -> RegularExpressionError { .syntax(what, rest: self.rest.count) }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard self.rest.first == scalar else { return false }
        self.rest.removeFirst()
        return true
    }

    /// Alternatives up to the end or the parenthesis that closes the group, which is left standing.
    private mutating func choice() throws(RegularExpressionError) -> Node {
        var options: [Node] = []
        repeat { options.append(try self.sequence()) } while self.take("|")
        if options.count == 1, let only = options.first { return only }
        return .choice(options)
    }

    private mutating func sequence() throws(RegularExpressionError) -> Node {
        var parts: [Node] = []
        /// Whether the last part may be repeated.
        var canRepeat = false
        while let next = self.rest.first {
            if self.isQuoting {
                if let part = self.quoted() { parts.append(part) }
                continue
            }
            if next == "|" || next == ")" { break }
            self.rest.removeFirst()
            if let bounds = try self.bounds(next) {
                guard canRepeat, let part = parts.popLast() else { throw self.fault("there is nothing to repeat") }
                let isLazy = self.take("?") != self.flags.isUngreedy
                parts.append(.repetition(part, least: bounds.least, most: bounds.most, isLazy: isLazy))
                canRepeat = false
                continue
            }
            guard let part = try self.atom(next) else { continue }
            parts.append(part)
            canRepeat = true
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    /// The next literal of `\Q…\E`; nil for its end.
    private mutating func quoted() -> Node? {
        let scalar = self.rest.removeFirst()
        guard scalar == "\\", self.take("E") else { return self.literal(scalar) }
        self.isQuoting = false
        return nil
    }

    func literal(_ scalar: Unicode.Scalar) -> Node {
        let set = ScalarSet(scalar)
        return .scalar(self.flags.ignoresCase ? set.folded : set)
    }

    /// The bounds of the repetition that begins with `scalar`; nil where none begins.
    private mutating func bounds(
        _ scalar: Unicode.Scalar
    ) throws(RegularExpressionError) -> (least: Int, most: Int?)? {
        switch scalar {
        case "*": return (0, nil)
        case "+": return (1, nil)
        case "?": return (0, 1)
        case "{": return try self.counted()
        default: return nil
        }
    }

    /// What follows a brace: `n}`, `n,}` or `n,m}`; nil, with nothing taken, where the brace is a letter.
    private mutating func counted() throws(RegularExpressionError) -> (least: Int, most: Int?)? {
        guard let end = self.rest.firstIndex(of: "}") else { return nil }
        let parts = self.rest[..<end].split(separator: ",", omittingEmptySubsequences: false)
        let isNumber = { (part: ArraySlice<Unicode.Scalar>) in part.allSatisfy { ("0"..."9").contains($0) } }
        guard (1...2).contains(parts.count), let first = parts.first, let last = parts.last,
            !first.isEmpty, isNumber(first), isNumber(last)
        else { return nil }
        self.rest = self.rest[(end + 1)...]
        let least = Self.number(first)
        let most: Int? = parts.count == 1 ? least : last.isEmpty ? nil : Self.number(last)
        guard least <= RegularExpression.maximumCount, (most ?? least) <= RegularExpression.maximumCount else {
            throw self.fault("a repetition of more than \(RegularExpression.maximumCount)")
        }
        if let most, most < least { throw self.fault("a repetition runs backwards") }
        return (least, most)
    }

    /// The value of digits; saturates one past the bound.
    private static func number(_ digits: ArraySlice<Unicode.Scalar>) -> Int {
        digits.reduce(0) { value, digit in
            min(value * 10 + Int(digit.value) - 0x30, RegularExpression.maximumCount + 1)
        }
    }

    /// What `scalar`, already taken, begins; nil for a change of flags, which is nothing in itself.
    private mutating func atom(_ scalar: Unicode.Scalar) throws(RegularExpressionError) -> Node? {
        switch scalar {
        case "(": return try self.group()
        case "[": return .scalar(try self.characterClass())
        case ".": return .scalar(self.flags.dotTakesNewline ? .all : ScalarSet.newline.complement)
        case "^": return .assertion(self.flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(self.flags.isMultiline ? .lineEnd : .textEnd)
        case "\\":
            guard !self.take("Q") else {
                self.isQuoting = true
                // What may be repeated, should the quotation be empty.
                return .empty
            }
            return try self.escape()
        default: return self.literal(scalar)
        }
    }

    /// A group, whose parenthesis is taken.
    private mutating func group() throws(RegularExpressionError) -> Node? {
        let outer = self.flags
        var number: Int?
        if self.take("?") {
            switch try self.groupHead() {
            case .flags: return nil
            case .plain: break
            case .named: number = self.nextGroup()
            }
        } else {
            number = self.nextGroup()
        }
        self.depth += 1
        guard self.depth <= RegularExpression.maximumDepth else { throw .tooDeep }
        let node = try self.choice()
        guard self.take(")") else { throw self.fault("a group is not closed") }
        self.depth -= 1
        self.flags = outer
        return number.map { .capture(node, number: $0) } ?? node
    }

    private mutating func nextGroup() -> Int {
        self.groupCount += 1
        return self.groupCount
    }
}

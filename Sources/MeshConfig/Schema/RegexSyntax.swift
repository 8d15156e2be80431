/// Checks that a text is a pattern in RE2's syntax, which every engine of the mesh matches in linear time.
///
/// What other engines have and RE2 has not (look-around, back references, possessive and atomic groups) is refused, as
/// are repetitions of more than 1,000 (RE2's own bound). One pass, no recursion.
struct RegexSyntax {
    /// The longest pattern.
    static let maximumBytes = 1024
    /// The deepest nesting of groups.
    private static let maximumDepth = 64
    /// RE2's largest count in `{n,m}`.
    private static let maximumCount = 1000

    /// What is wrong with a pattern; nil for nothing.
    static func fault(in text: String) -> String? {
        guard text.utf8.count <= self.maximumBytes else {
            return "it has \(text.utf8.count) bytes, at most \(self.maximumBytes) are allowed"
        }
        var syntax = RegexSyntax(rest: text.unicodeScalars[...])
        return syntax.run()
    }

    private var rest: Substring.UnicodeScalarView
    /// What stands before the place.
    private enum Before { case nothing, atom, repetition }
    private var before = Before.nothing
    /// How often what stands before is repeated by counts inside of it.
    private var copies = 1
    /// The most copies of anything in each open group.
    private var groups = [1]
    private var depth: Int { self.groups.count - 1 }

    private init(rest: Substring.UnicodeScalarView) { self.rest = rest }

    private mutating func run() -> String? {
        while let scalar = self.rest.popFirst() {
            if let fault = self.take(scalar) { return fault }
        }
        return self.depth == 0 ? nil : "a group is not closed"
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "(": return self.open()
        case ")":
            guard self.depth > 0 else { return "')' closes no group" }
            self.close()
        case "[":
            self.atom()
            return self.characterClass()
        case "\\":
            self.atom()
            return self.escape(inClass: false)
        case "|", "^": self.before = .nothing
        case "*", "+", "?": return self.repetition(1)
        case "{":
            // Where no count follows it is a letter, as in RE2.
            guard let count = self.count() else {
                self.atom()
                return nil
            }
            guard count.isValid else { return "a repetition is more than \(Self.maximumCount) or runs backwards" }
            return self.repetition(count.most)
        default: self.atom()
        }
        return nil
    }

    private mutating func atom() {
        self.before = .atom
        self.copies = 1
    }

    private mutating func close() {
        self.copies = self.groups.removeLast()
        self.before = .atom
        self.count(self.copies)
    }

    private mutating func count(_ copies: Int) {
        if let last = self.groups.indices.last { self.groups[last] = max(self.groups[last], copies) }
    }

    private mutating func repetition(_ most: Int) -> String? {
        switch self.before {
        case .nothing: return "there is nothing to repeat"
        case .repetition: return "a repetition can't be repeated"
        case .atom: break
        }
        // An engine writes counted repetitions out, and nested ones multiply.
        self.copies *= max(1, most)
        guard self.copies <= Self.maximumCount else {
            return "repetitions inside each other make more than \(Self.maximumCount) copies"
        }
        self.count(self.copies)
        self.before = .repetition
        if self.rest.first == "?" { self.rest.removeFirst() }
        return nil
    }

    private mutating func count() -> (most: Int, isValid: Bool)? {
        guard let end = self.rest.firstIndex(of: "}") else { return nil }
        let parts = String(self.rest[..<end]).split(separator: ",", omittingEmptySubsequences: false)
        let isNumber = { (part: Substring) in !part.isEmpty && part.utf8.allSatisfy(TextForm.isDigit) }
        guard (1...2).contains(parts.count), let first = parts.first, isNumber(first),
            parts.count == 1 || parts.last.map({ $0.isEmpty || isNumber($0) }) == true
        else { return nil }
        self.rest = self.rest[self.rest.index(after: end)...]
        guard let low = Int(first), low <= Self.maximumCount else { return (0, false) }
        guard parts.count == 2, let last = parts.last, !last.isEmpty else { return (low, true) }
        guard let high = Int(last), high <= Self.maximumCount else { return (low, false) }
        return (high, low <= high)
    }

    private mutating func open() -> String? {
        self.groups.append(1)
        guard self.depth <= Self.maximumDepth else { return "more than \(Self.maximumDepth) groups in each other" }
        self.before = .nothing
        guard self.rest.first == "?" else { return nil }
        self.rest.removeFirst()
        if self.rest.first == "P" || self.rest.first == "<" { return self.groupName() }
        while let flag = self.rest.popFirst() {
            switch flag {
            case "i", "m", "s", "U", "-": continue
            case ":": return nil
            case ")":
                self.groups.removeLast()
                return nil
            default: return "'(?\(Quoted(String(flag)).description.dropFirst().dropLast())' is not supported"
            }
        }
        return "a group is not closed"
    }

    private mutating func groupName() -> String? {
        if self.rest.first == "P" { self.rest.removeFirst() }
        guard self.rest.popFirst() == "<", let end = self.rest.firstIndex(of: ">") else {
            return "a group's name must have the form (?P<name>…)"
        }
        let name = self.rest[..<end]
        self.rest = self.rest[self.rest.index(after: end)...]
        let isName = name.allSatisfy { scalar in
            scalar == "_" || (scalar.isASCII && UInt8(exactly: scalar.value).map(TextForm.isAlphanumeric) == true)
        }
        return isName && !name.isEmpty ? nil : "look-behind and odd names of groups are not supported"
    }

    private mutating func escape(inClass: Bool) -> String? {
        guard let scalar = self.rest.popFirst() else { return "it ends with a backslash" }
        switch scalar {
        case "1"..."9": return "back references are not supported"
        case "d", "D", "s", "S", "w", "W", "a", "f", "t", "n", "r", "v", "0": return nil
        case "b", "B", "A", "z", "Q", "E": return inClass ? "'\\\(scalar)' is not supported in a class" : nil
        case "x": return self.hexadecimal()
        case "p", "P": return self.property()
        default:
            let isWord = UInt8(exactly: scalar.value).map(TextForm.isAlphanumeric) == true
            return isWord || !scalar.isASCII ? "'\\\(scalar)' is not supported" : nil
        }
    }

    private mutating func hexadecimal() -> String? {
        var digits = self.rest.prefix(2)
        if self.rest.first == "{", let end = self.rest.firstIndex(of: "}") {
            digits = self.rest[self.rest.index(after: self.rest.startIndex)..<end]
            self.rest = self.rest[self.rest.index(after: end)...]
        } else {
            self.rest = self.rest.dropFirst(2)
            guard digits.count == 2 else { return "'\\x' needs two digits, or up to six in braces" }
        }
        guard (1...6).contains(digits.count),
            let value = UInt32(String(digits), radix: 16), Unicode.Scalar(value) != nil
        else { return "'\\x' needs two digits, or up to six in braces" }
        return nil
    }

    private mutating func property() -> String? {
        guard let first = self.rest.popFirst() else { return "'\\p' needs a class" }
        guard first == "{" else { return "LMNPSZC".unicodeScalars.contains(first) ? nil : "'\\p' needs a class" }
        guard let end = self.rest.firstIndex(of: "}") else { return "'\\p{' is not closed" }
        let name = self.rest[..<end]
        self.rest = self.rest[self.rest.index(after: end)...]
        let isName = name.drop { $0 == "^" }.allSatisfy { scalar in
            scalar == "_" || UInt8(exactly: scalar.value).map(TextForm.isAlphanumeric) == true
        }
        return isName && (1...64).contains(name.count) ? nil : "'\\p{' needs the name of a class"
    }

    private mutating func characterClass() -> String? {
        if self.rest.first == "^" { self.rest.removeFirst() }
        var isFirst = true
        var previous: Unicode.Scalar?
        while let scalar = self.rest.popFirst() {
            if scalar == "]", !isFirst { return nil }
            isFirst = false
            switch scalar {
            case "\\":
                if let fault = self.escape(inClass: true) { return fault }
                previous = nil
            case "[" where self.rest.first == ":":
                guard let end = self.rest.dropFirst().firstIndex(of: ":") else { return "'[:' is not closed" }
                self.rest = self.rest[self.rest.index(after: end)...]
                guard self.rest.popFirst() == "]" else { return "'[:' is not closed" }
                previous = nil
            case "-":
                if let low = previous, let high = self.rest.first, high != "]", high != "\\" {
                    guard low.value <= high.value else { return "a range of a class runs backwards" }
                    self.rest.removeFirst()
                    previous = nil
                } else {
                    previous = scalar
                }
            default: previous = scalar
            }
        }
        return "a class is not closed"
    }
}

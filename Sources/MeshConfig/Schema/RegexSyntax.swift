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
    /// The largest program, in the units of the waypoint's engine, three of which every pattern takes.
    private static let maximumUnits = 2048 - 3

    /// What is wrong with a pattern; nil for nothing.
    static func fault(in text: String) -> String? {
        guard text.utf8.count <= self.maximumBytes else {
            return "it has \(text.utf8.count) bytes, at most \(self.maximumBytes) are allowed"
        }
        var syntax = RegexSyntax(rest: text.unicodeScalars[...])
        return syntax.run()
    }

    var rest: Substring.UnicodeScalarView
    /// The scalar that the last escape or item of a class stands for; nil for several.
    var escaped: Unicode.Scalar?
    /// What stands before the place.
    private enum Before { case nothing, atom, repetition }
    private var before = Before.nothing
    /// How often what stands before is repeated by counts inside of it.
    private var copies = 1
    /// How many units of an engine's program what stands before takes.
    private var size = 0
    /// For each open group the most copies of anything in it, and its units.
    private var groups = [(copies: 1, size: 0)]
    private var depth: Int { self.groups.count - 1 }

    private init(rest: Substring.UnicodeScalarView) { self.rest = rest }

    private mutating func run() -> String? {
        while let scalar = self.rest.popFirst() {
            if let fault = self.take(scalar) { return fault }
            guard self.groups.allSatisfy({ $0.size <= Self.maximumUnits }) else {
                return "with its repetitions written out it has more than \(Self.maximumUnits) parts"
            }
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
        case "\\" where self.rest.first == "Q": self.quotation()
        case "\\":
            self.atom()
            return self.escape(inClass: false)
        case "|":
            self.before = .nothing
            self.grow(by: 1)
        case "^":
            self.atom()
            self.before = .nothing
        case "*", "+": return self.repetition(1, forks: 2)
        case "?": return self.repetition(1, forks: 1)
        case "{":
            // Where no count follows it is a letter, as in RE2.
            guard let count = self.count() else {
                self.atom()
                return nil
            }
            guard count.isValid else { return "a repetition is more than \(Self.maximumCount) or runs backwards" }
            return self.repetition(count.most, forks: count.forks)
        default: self.atom()
        }
        return nil
    }

    /// `\Q…\E`, whose backslash is taken: letters, up to its end or the pattern's.
    private mutating func quotation() {
        self.rest.removeFirst()
        self.atom()
        while let scalar = self.rest.popFirst() {
            if scalar == "\\", self.rest.first == "E" {
                self.rest.removeFirst()
                return
            }
            self.atom()
        }
    }

    private mutating func atom() {
        self.before = .atom
        self.copies = 1
        self.size = 1
        self.grow(by: 1)
    }

    private mutating func close() {
        let group = self.groups.removeLast()
        self.copies = group.copies
        // Two more for where it begins and ends.
        self.size = group.size + 2
        self.before = .atom
        self.count(self.copies)
        self.grow(by: self.size)
    }

    private mutating func count(_ copies: Int) {
        if let last = self.groups.indices.last { self.groups[last].copies = max(self.groups[last].copies, copies) }
    }

    /// Adds units to the innermost group; saturates, as groups may repeat each other.
    private mutating func grow(by units: Int) {
        guard let last = self.groups.indices.last else { return }
        self.groups[last].size = min(self.groups[last].size + units, Self.maximumUnits + 1)
    }

    /// - Parameters:
    ///   - most: how many copies an engine writes.
    ///   - forks: at how many places it may leave off.
    private mutating func repetition(_ most: Int, forks: Int) -> String? {
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
        self.grow(by: self.size * (max(1, most) - 1) + forks)
        self.before = .repetition
        if self.rest.first == "?" { self.rest.removeFirst() }
        return nil
    }

    private mutating func count() -> (most: Int, forks: Int, isValid: Bool)? {
        guard let end = self.rest.firstIndex(of: "}") else { return nil }
        let parts = String(self.rest[..<end]).split(separator: ",", omittingEmptySubsequences: false)
        let isNumber = { (part: Substring) in !part.isEmpty && part.utf8.allSatisfy(TextForm.isDigit) }
        guard (1...2).contains(parts.count), let first = parts.first, isNumber(first),
            parts.count == 1 || parts.last.map({ $0.isEmpty || isNumber($0) }) == true
        else { return nil }
        self.rest = self.rest[self.rest.index(after: end)...]
        guard let low = Int(first), low <= Self.maximumCount else { return (0, 0, false) }
        guard parts.count == 2, let last = parts.last else { return (low, 0, true) }
        guard !last.isEmpty else { return (low, 2, true) }
        guard let high = Int(last), high <= Self.maximumCount, low <= high else { return (low, 0, false) }
        return (high, high - low, true)
    }

    private mutating func open() -> String? {
        self.groups.append((1, 0))
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
}

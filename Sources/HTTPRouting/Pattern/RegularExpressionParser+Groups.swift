/// What follows `(?`.
extension RegularExpressionParser {
    enum GroupHead {
        /// `(?i)`: the flags of what follows, up to the end of the group it stands in.
        case flags
        /// `(?:…` or `(?i:…`, which captures nothing.
        case plain
        /// `(?P<name>…` or `(?<name>…`.
        case named
    }

    mutating func groupHead() throws(RegularExpressionError) -> GroupHead {
        if self.rest.first == "P" || self.rest.first == "<" {
            try self.groupName()
            return .named
        }
        var isOn = true
        while let letter = self.rest.popFirst() {
            switch letter {
            case "i": self.flags.ignoresCase = isOn
            case "m": self.flags.isMultiline = isOn
            case "s": self.flags.dotTakesNewline = isOn
            case "U": self.flags.isUngreedy = isOn
            case "-": isOn = false
            case ":": return .plain
            case ")": return .flags
            default: throw self.fault("'(?\(letter)' is not supported")
            }
        }
        throw self.fault("a group is not closed")
    }

    private mutating func groupName() throws(RegularExpressionError) {
        _ = self.take("P")
        guard self.take("<"), let end = self.rest.firstIndex(of: ">") else {
            throw self.fault("a group's name must have the form (?P<name>…)")
        }
        let name = self.rest[..<end]
        guard !name.isEmpty, name.allSatisfy({ ScalarSet.word.contains($0.value) }) else {
            throw self.fault("a group's name must be of letters, digits and '_'")
        }
        self.rest = self.rest[(end + 1)...]
    }
}

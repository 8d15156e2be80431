/// The named classes of RE2's syntax.
extension ScalarSet {
    static let digits = ScalarSet(0x30...0x39)
    /// RE2's `\s`: not the vertical tab.
    static let spaces = ScalarSet(union: [0x09...0x0a, 0x0c...0x0d, 0x20...0x20])
    static let word = ScalarSet(union: [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a])
    static let newline = ScalarSet(0x0a...0x0a)

    /// The class of a letter after a backslash (`\d`, `\S`); nil for a letter that names none.
    static func perl(_ letter: Unicode.Scalar) -> ScalarSet? {
        switch letter {
        case "d": self.digits
        case "D": self.digits.complement
        case "s": self.spaces
        case "S": self.spaces.complement
        case "w": self.word
        case "W": self.word.complement
        default: nil
        }
    }

    /// The class of a name between `[:` and `:]`, all of ASCII; nil for a name that POSIX has not.
    static func posix(_ name: String) -> ScalarSet? {
        switch name {
        case "alnum": ScalarSet(union: [0x30...0x39, 0x41...0x5a, 0x61...0x7a])
        case "alpha": ScalarSet(union: [0x41...0x5a, 0x61...0x7a])
        case "ascii": ScalarSet(0x00...0x7f)
        case "blank": ScalarSet(union: [0x09...0x09, 0x20...0x20])
        case "cntrl": ScalarSet(union: [0x00...0x1f, 0x7f...0x7f])
        case "digit": self.digits
        case "graph": ScalarSet(0x21...0x7e)
        case "lower": ScalarSet(0x61...0x7a)
        case "print": ScalarSet(0x20...0x7e)
        case "punct": ScalarSet(union: [0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e])
        case "space": ScalarSet(union: [0x09...0x0d, 0x20...0x20])
        case "upper": ScalarSet(0x41...0x5a)
        case "word": self.word
        case "xdigit": ScalarSet(union: [0x30...0x39, 0x41...0x46, 0x61...0x66])
        default: nil
        }
    }

    /// The class that `\p{name}` means: `Any`, a general category (`L`, `Lu`), or a script of ``UnicodeScripts``; nil
    /// for another name.
    static func unicode(_ name: String) -> ScalarSet? {
        if name == "Any" { return .all }
        if let ranges = UnicodeScripts.ranges[name] { return ScalarSet(union: ranges) }
        guard let categories = UnicodeCategories.named(name) else { return nil }
        return UnicodeCategories.scalars(in: categories)
    }
}

/// Escapes and classes of patterns.
extension RegexSyntax {
    /// An escape, whose backslash is taken.
    mutating func escape(inClass: Bool) -> String? {
        guard let scalar = self.rest.popFirst() else { return "it ends with a backslash" }
        self.escaped = nil
        switch scalar {
        case "1"..."9": return "back references are not supported"
        case "d", "D", "s", "S", "w", "W": return nil
        case "b", "B", "A", "z", "Q", "E": return inClass ? "'\\\(scalar)' is not supported in a class" : nil
        case "0": self.octal()
        case "x": return self.hexadecimal()
        case "p", "P": return self.property()
        case "a": self.escaped = "\u{07}"
        case "f": self.escaped = "\u{0c}"
        case "n": self.escaped = "\n"
        case "r": self.escaped = "\r"
        case "t": self.escaped = "\t"
        case "v": self.escaped = "\u{0b}"
        default:
            let isWord = UInt8(exactly: scalar.value).map(TextForm.isAlphanumeric) == true
            guard !isWord, scalar.isASCII else { return "'\\\(scalar)' is not supported" }
            self.escaped = scalar
        }
        return nil
    }

    /// Up to two octal digits behind `\0`.
    private mutating func octal() {
        let digits = self.rest.prefix(2).prefix { ("0"..."7").contains($0) }
        self.rest = self.rest.dropFirst(digits.count)
        self.escaped = UInt32(String(digits), radix: 8).flatMap(Unicode.Scalar.init) ?? "\0"
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
        guard (1...6).contains(digits.count), digits.allSatisfy({ $0 != "+" && $0 != "-" }),
            let value = UInt32(String(digits), radix: 16), let scalar = Unicode.Scalar(value)
        else { return "'\\x' needs two digits, or up to six in braces" }
        self.escaped = scalar
        return nil
    }

    private mutating func property() -> String? {
        guard let first = self.rest.popFirst() else { return "'\\p' needs a class" }
        guard first == "{" else { return "LMNPSZC".unicodeScalars.contains(first) ? nil : "'\\p' needs a class" }
        guard let end = self.rest.firstIndex(of: "}") else { return "'\\p{' is not closed" }
        let text = self.rest[..<end]
        self.rest = self.rest[self.rest.index(after: end)...]
        let name = String(text.first == "^" ? text.dropFirst() : text)
        return Self.properties.contains(name) ? nil : "'\\p{\(name)}' is not a class that patterns know"
    }

    /// Unicode's general categories, and the scripts that patterns know.
    private static let properties: Set<String> = [
        "Any", "C", "Cc", "Cf", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No",
        "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs", "Arabic",
        "Armenian", "Bengali", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi",
        "Han", "Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao", "Latin", "Malayalam",
        "Mongolian", "Myanmar", "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan",
    ]

    /// A class, whose opening bracket is taken.
    mutating func characterClass() -> String? {
        if self.rest.first == "^" { self.rest.removeFirst() }
        var isFirst = true
        while let scalar = self.rest.popFirst() {
            if scalar == "]", !isFirst { return nil }
            isFirst = false
            if let fault = self.classItem(scalar) ?? self.classRange() { return fault }
        }
        return "a class is not closed"
    }

    private mutating func classItem(_ scalar: Unicode.Scalar) -> String? {
        self.escaped = scalar
        switch scalar {
        case "\\": return self.escape(inClass: true)
        case "[" where self.rest.first == ":": return self.posixClass()
        default: return nil
        }
    }

    /// The rest of the range that the last item begins, where it begins one.
    private mutating func classRange() -> String? {
        guard let low = self.escaped, self.rest.first == "-", let next = self.rest.dropFirst().first, next != "]" else {
            return nil
        }
        // A hyphen before a class is a letter.
        if next == "\\", let letter = self.rest.dropFirst(2).first, "dDsSwWpP".unicodeScalars.contains(letter) {
            return nil
        }
        self.rest = self.rest.dropFirst(2)
        self.escaped = next
        if next == "\\", let fault = self.escape(inClass: true) { return fault }
        guard let high = self.escaped, low.value <= high.value else { return "a range of a class runs backwards" }
        return nil
    }

    private mutating func posixClass() -> String? {
        self.escaped = nil
        self.rest.removeFirst()
        if self.rest.first == "^" { self.rest.removeFirst() }
        guard let end = self.rest.firstIndex(of: ":") else { return "'[:' is not closed" }
        let name = String(self.rest[..<end])
        self.rest = self.rest[self.rest.index(after: end)...]
        guard self.rest.popFirst() == "]" else { return "'[:' is not closed" }
        return Self.posixNames.contains(name) ? nil : "'[:\(name):]' is not a class that patterns know"
    }

    private static let posixNames: Set<String> = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
        "word", "xdigit",
    ]
}

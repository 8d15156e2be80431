import MeshModel

extension StringMatch {
    /// Reads a policy's text: `*` for presence, `*x` for a suffix, `x*` for a prefix, anything else is exact.
    init(pattern text: String) {
        if text == "*" {
            self = .presence
        } else if text.utf8.first == UInt8(ascii: "*") {
            self = .suffix(String(text.dropFirst()))
        } else if text.utf8.last == UInt8(ascii: "*") {
            self = .prefix(String(text.dropLast()))
        } else {
            self = .exact(text)
        }
    }

    /// The text that alone fits; nil where others may.
    var exactText: String? {
        guard case .exact(let text) = self else { return nil }
        return text
    }

    /// The same with its letters of ASCII in lower case.
    var foldedASCII: StringMatch {
        switch self {
        case .exact(let text): .exact(text.foldedASCII)
        case .prefix(let text): .prefix(text.foldedASCII)
        case .suffix(let text): .suffix(text.foldedASCII)
        case .presence: .presence
        }
    }
}

extension String {
    /// The text with its letters of ASCII in lower case.
    var foldedASCII: String {
        guard self.utf8.contains(where: { (0x41...0x5A).contains($0) }) else { return self }
        return String(decoding: self.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}

extension [StringMatch] {
    /// Whether one fits.
    func fits(_ text: String) -> Bool {
        for pattern in self where pattern.matches(text) { return true }
        return false
    }
}

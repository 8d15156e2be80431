/// A pattern as the definition of regular expressions has it, to hold the engine against. Slow, and plainly right.
indirect enum ReferencePattern {
    case text(String)
    case any
    case oneOf(String, isNegated: Bool)
    case sequence([Self])
    case choice([Self])
    case capture(Self)
    case repetition(Self, least: Int, most: Int?, isLazy: Bool)
    case textStart, textEnd, wordBoundary

    /// As it is written.
    var written: String {
        switch self {
        case .text(let text): text.map { ".*+?()[]{}|^$\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
        case .any: "."
        case .oneOf(let letters, let isNegated): "[\(isNegated ? "^" : "")\(letters)]"
        case .sequence(let parts): parts.map(\.written).joined()
        case .choice(let options): "(?:" + options.map(\.written).joined(separator: "|") + ")"
        case .capture(let inner): "(\(inner.written))"
        case .repetition(let inner, let least, let most, let isLazy):
            "(?:\(inner.written)){\(least),\(most.map(String.init) ?? "")}\(isLazy ? "?" : "")"
        case .textStart: "^"
        case .textEnd: "$"
        case .wordBoundary: "\\b"
        }
    }

    /// Every place at which a match that begins at `start` can end, the preferred first.
    func ends(in text: [Character], from start: Int) -> [Int] {
        switch self {
        case .text(let literal):
            return text[start...].starts(with: Array(literal)) ? [start + literal.count] : []
        case .any: return start < text.count && text[start] != "\n" ? [start + 1] : []
        case .oneOf(let letters, let isNegated):
            return start < text.count && letters.contains(text[start]) != isNegated ? [start + 1] : []
        case .sequence(let parts):
            return parts.reduce([start]) { places, part in
                Self.unique(places.flatMap { part.ends(in: text, from: $0) })
            }
        case .choice(let options): return Self.unique(options.flatMap { $0.ends(in: text, from: start) })
        case .capture(let inner): return inner.ends(in: text, from: start)
        case .repetition(let inner, let least, let most, let isLazy):
            var left = most ?? least + text.count + 1
            left = min(left, least + text.count + 1)
            return Self.repeated(inner, least: least, left: left, isLazy: isLazy, text, start)
        case .textStart: return start == 0 ? [start] : []
        case .textEnd: return start == text.count ? [start] : []
        case .wordBoundary:
            let before = start > 0 && Self.isWord(text[start - 1])
            let after = start < text.count && Self.isWord(text[start])
            return before != after ? [start] : []
        }
    }

    private static func repeated(
        _ inner: Self,
        least: Int,
        left: Int,
        isLazy: Bool,
        _ text: [Character],
        _ start: Int
    ) -> [Int] {
        let stop = least <= 0 ? [start] : []
        guard left > 0 else { return stop }
        let more = inner.ends(in: text, from: start).filter { $0 > start || least > 0 }.flatMap {
            Self.repeated(inner, least: least - 1, left: left - 1, isLazy: isLazy, text, $0)
        }
        return Self.unique(isLazy ? stop + more : more + stop)
    }

    private static func unique(_ places: [Int]) -> [Int] {
        var seen: Set<Int> = []
        return places.filter { seen.insert($0).inserted }
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
    }

    /// Whether the whole of a text matches.
    func matches(_ text: String) -> Bool { self.ends(in: Array(text), from: 0).contains(text.count) }

    /// A text with `mark` in place of every match, as RE2 replaces globally.
    func replacing(in text: String, by mark: String) -> String {
        let letters = Array(text)
        var result = ""
        var place = 0
        var lastEnd: Int?
        while place <= letters.count {
            let found = (place...letters.count).lazy.compactMap { start in
                self.ends(in: letters, from: start).first.map { (start, $0) }
            }.first
            guard let (start, end) = found else { break }
            result += String(letters[place..<start])
            if start == end, start == lastEnd {
                if start < letters.count { result.append(letters[start]) }
                place = start + 1
                continue
            }
            result += mark
            place = end
            lastEnd = end
        }
        return place < letters.count ? result + String(letters[place...]) : result
    }

    /// A random pattern over few letters.
    static func random(depth: Int, using generator: inout SeededGenerator) -> Self {
        let letters = ["a", "b", "c", "é", "-", "."]
        guard depth > 0 else {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: return .any
            case 1: return .oneOf("ab", isNegated: false)
            case 2: return .oneOf("aé", isNegated: true)
            case 3: return [.textStart, .textEnd, .wordBoundary].randomElement(using: &generator) ?? .any
            default: return .text(letters.randomElement(using: &generator) ?? "a")
            }
        }
        func inner() -> [Self] {
            (0..<Int.random(in: 1...3, using: &generator)).map { _ in .random(depth: depth - 1, using: &generator) }
        }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return .choice(inner())
        case 1:
            let least = Int.random(in: 0...2, using: &generator)
            let most = Bool.random(using: &generator) ? nil : least + Int.random(in: 0...2, using: &generator)
            return .repetition(
                .random(depth: depth - 1, using: &generator),
                least: least,
                most: most,
                isLazy: Bool.random(using: &generator)
            )
        case 2: return .capture(.random(depth: depth - 1, using: &generator))
        default: return .sequence(inner())
        }
    }
}

/// Replaces every match of a pattern in a text (Istio's `uriRegexRewrite`; RE2's global replacement).
package struct RegularExpressionRewrite: Sendable {
    /// The most instructions that one replacement looks at, some ten milliseconds: a search is linear, but each match
    /// begins a new one.
    static let maximumSteps = 1_000_000
    /// The longest result, in bytes.
    package static let maximumBytes = 64 * 1024

    private enum Part: Hashable, Sendable {
        case text([UInt8])
        case group(Int)
    }

    private let program: RegularExpressionProgram
    private let parts: [Part]

    /// - Parameters:
    ///   - pattern: what is replaced.
    ///   - substitution: what stands in its place: `\1` to `\9` are the groups, `\0` the whole match, `\\` a backslash.
    package init(_ pattern: RegularExpression, substitution: String) throws(RegularExpressionError) {
        self.parts = try Self.read(substitution, groups: pattern.groups)
        self.program = try RegularExpressionProgram(pattern.node, groups: pattern.groups, capturing: true)
    }

    private static func read(_ substitution: String, groups: Int) throws(RegularExpressionError) -> [Part] {
        var parts: [Part] = []
        var text: [UInt8] = []
        var rest = substitution.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            switch rest.popFirst() {
            case .some(UInt8(ascii: "\\")): text.append(UInt8(ascii: "\\"))
            case .some(let digit) where (0x30...0x39).contains(digit):
                guard Int(digit) - 0x30 <= groups else {
                    throw .syntax("the rewrite names group \(digit - 0x30) of \(groups)", rest: rest.count)
                }
                if !text.isEmpty { parts.append(.text(text)) }
                text = []
                parts.append(.group(Int(digit) - 0x30))
            default: throw .syntax("a backslash of a rewrite needs a digit or a backslash", rest: rest.count)
            }
        }
        if !text.isEmpty { parts.append(.text(text)) }
        return parts
    }

    /// The text with every match replaced; the text itself without a match. nil when that takes more than its bounds
    /// of work or room.
    package func replacing(in text: String) -> String? {
        let bytes = text.utf8.span
        var search = CaptureSearch(self.program)
        var result: [UInt8] = []
        var position = 0
        var lastEnd = -1
        while position <= bytes.count, let places = search.first(in: bytes, from: position) {
            guard search.steps <= Self.maximumSteps, result.count <= Self.maximumBytes else { return nil }
            let (start, end) = (places[0], places[1])
            Self.append(bytes, position..<start, to: &result)
            if start == end, start == lastEnd {
                // No empty match where the last one ended: one scalar goes over as it is.
                guard start < bytes.count else {
                    position = start
                    break
                }
                position = start
                _ = bytes[position] < 0x80 ? 0 : ScalarAlphabet.decode(bytes, at: &position)
                if position == start { position += 1 }
                Self.append(bytes, start..<position, to: &result)
                continue
            }
            self.append(places, of: bytes, to: &result)
            position = end
            lastEnd = end
        }
        guard search.steps <= Self.maximumSteps else { return nil }
        Self.append(bytes, min(position, bytes.count)..<bytes.count, to: &result)
        guard result.count <= Self.maximumBytes else { return nil }
        return String(decoding: result, as: UTF8.self)
    }

    private func append(_ places: [Int], of bytes: Span<UInt8>, to result: inout [UInt8]) {
        for part in self.parts {
            switch part {
            case .text(let text): result += text
            case .group(let number):
                let (start, end) = (places[2 * number], places[2 * number + 1])
                if start >= 0, end >= start { Self.append(bytes, start..<end, to: &result) }
            }
            if result.count > Self.maximumBytes { return }
        }
    }

    private static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to result: inout [UInt8]) {
        for position in range { result.append(bytes[position]) }
    }
}

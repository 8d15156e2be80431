/// Where a claim stands in a token's payload, as VirtualService names it: `@request.auth.claims.a.b` or
/// `@request.auth.claims[a][b]`, the latter for names with dots.
struct ClaimPath: Hashable, Sendable {
    static let prefix = "@request.auth.claims"

    let names: [String]
    /// Claims that are lists written as one text, by their own standards (RFC 8693 §4.2).
    private let isSpaceDelimited: Bool

    /// nil for a text that names no claim so.
    init?(_ text: String) {
        guard text.utf8.starts(with: Self.prefix.utf8) else { return nil }
        let rest = text.utf8.dropFirst(Self.prefix.utf8.count)
        guard let names = rest.first == UInt8(ascii: ".") ? Self.dotted(rest) : Self.bracketed(rest) else { return nil }
        self.names = names
        self.isSpaceDelimited = names == ["scope"] || names == ["permission"]
    }

    private static func dotted(_ rest: Substring.UTF8View) -> [String]? {
        let parts = rest.dropFirst().split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func bracketed(_ text: Substring.UTF8View) -> [String]? {
        var names: [String] = []
        var rest = text
        while let open = rest.popFirst() {
            guard open == UInt8(ascii: "["), let end = rest.firstIndex(of: UInt8(ascii: "]")), end != rest.startIndex
            else { return nil }
            names.append(String(decoding: rest[..<end], as: UTF8.self))
            rest = rest[rest.index(after: end)...]
        }
        return names.isEmpty ? nil : names
    }

    /// Whether the claim passes: a text itself, a list by any of its texts. A missing claim does not.
    func passes(_ matcher: StringMatcher, in tokens: [ClaimValue]) -> Bool {
        guard let value = tokens.first?[self.names] else { return false }
        switch value {
        case .string(let text):
            if matcher.matches(text) { return true }
            return self.isSpaceDelimited && text.split(separator: " ").contains { matcher.matches($0.utf8.span) }
        case .list(let values):
            return values.contains { item in
                if case .string(let text) = item { matcher.matches(text) } else { false }
            }
        case .null, .bool, .number, .object: return false
        }
    }
}

/// A pattern in RE2's syntax, matched in time linear in the text.
///
/// No part of a match ever backtracks: a small pattern is a table with one look-up for each character, a large one a
/// simulation of all its threads at once. An object, as routes and policies hand it around for each request.
package final class RegularExpression: Sendable {
    /// The longest pattern, in bytes.
    package static let maximumBytes = 1024
    /// The deepest nesting of groups.
    package static let maximumDepth = 64
    /// The largest count in `{n,m}`.
    package static let maximumCount = 1000
    /// The largest program, in instructions: each character of a pattern is one, and counted repetitions are written
    /// out.
    package static let maximumUnits = 2048

    /// The pattern as written.
    package let text: String
    /// How many groups capture.
    package let groups: Int
    let node: RegularExpressionNode
    let program: RegularExpressionProgram
    let table: DeterministicTable?

    /// - Parameters:
    ///   - ignoringCase: as if the pattern began with `(?i)`.
    ///   - anywhere: whether a part of a text is enough: ``matchesWhole(_:)-(String)`` then says whether there is one.
    package init(_ text: String, ignoringCase: Bool = false, anywhere: Bool = false) throws(RegularExpressionError) {
        self.text = text
        let (node, groups) = try RegularExpressionParser.parse(text, ignoringCase: ignoringCase)
        let rest = RegularExpressionNode.repetition(.scalar(.all), least: 0, most: nil, isLazy: false)
        self.groups = groups
        self.node = anywhere ? .sequence([rest, node, rest]) : node
        self.program = try RegularExpressionProgram(
            self.node,
            groups: groups,
            capturing: false,
            // Of what surrounds it nobody knows who wrote the pattern.
            units: Self.maximumUnits + (anywhere ? 4 : 0)
        )
        self.table = DeterministicTable(self.program)
    }

    /// Whether the whole of a text matches, not just a part of it.
    package func matchesWhole(_ bytes: Span<UInt8>) -> Bool {
        if let table = self.table { return table.matchesWhole(bytes, alphabet: self.program.alphabet) }
        var steps = 0
        return self.program.matchesWhole(bytes, steps: &steps)
    }

    /// Whether the whole of a text matches, not just a part of it.
    package func matchesWhole(_ text: String) -> Bool { self.matchesWhole(text.utf8.span) }

    /// How many instructions its program has.
    var size: Int { self.program.instructions.count }

    /// Whether matching is a look-up for each character; false for a pattern that is simulated.
    var isTabled: Bool { self.table != nil }

    /// Whether the whole of a text matches, simulated in any case; counts the instructions looked at.
    func simulate(_ text: String, steps: inout Int) -> Bool { self.program.matchesWhole(text.utf8.span, steps: &steps) }
}

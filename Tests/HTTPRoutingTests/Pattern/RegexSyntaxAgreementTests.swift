// A build of this room alone has no admission to agree with.
#if canImport(MeshConfig)
import Testing

@testable import HTTPRouting
@testable import MeshConfig

@Suite("Patterns that admission takes")
struct RegexSyntaxAgreementTests {
    private static let pieces = [
        "a", "é", "-", ".", "|", "(", ")", "(?:", "(?i)", "(?s-i:", "(?P<n>", "[", "]", "[^", "[a-c]", "[]a]", "*", "+",
        "?", "*?", "{2}", "{0,3}", "{,2}", "{2,}?", "{40}", "{1000}", "{", "}", "^", "$", "\\d", "\\W", "\\b", "\\A",
        "\\z",
        "\\Q", "\\E", "\\.", "\\-", "\\n", "\\0", "\\07", "\\x41", "\\x5a", "\\x{e9}", "\\x{", "\\pL", "\\p{Greek}",
        "\\P{^Lu}", "\\p{No}", "[[:alpha:]", "[:digit:]", "[[:^word:]]", ":", "1", "7", "<", ">", ",", "\\", "\\1",
        "\\_",
    ]

    @Test("are patterns that the engine matches", arguments: 0..<12 as Range<UInt64>)
    func agree(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var taken = 0
        for _ in 0..<250 {
            let count = Int.random(in: 1...9, using: &generator)
            let pattern = (0..<count).map { _ in
                Self.pieces[Int.random(in: Self.pieces.indices, using: &generator)]
            }.joined()
            guard RegexSyntax.fault(in: pattern) == nil else { continue }
            taken += 1
            #expect(throws: Never.self, "seed \(seed): \(pattern)") { try RegularExpression(pattern) }
            guard let expression = try? RegularExpression(pattern) else { continue }
            #expect(throws: Never.self, "seed \(seed): \(pattern)") {
                try RegularExpressionRewrite(expression, substitution: "x")
            }
        }
        #expect(taken > 20)
    }

    @Test(
        "know the same classes",
        arguments: [
            "Any", "L", "Lu", "Nd", "Zs", "C", "Cc", "Greek", "Han", "Latin", "Tibetan", "Klingon", "l", "Xx", "",
            "Common",
        ]
    )
    func classes(_ name: String) {
        let isTaken = RegexSyntax.fault(in: "\\p{\(name)}") == nil
        #expect((ScalarSet.unicode(name) != nil) == isTaken)
    }

    @Test(
        "are all that they may be in size",
        arguments: ["a{1000}b{1000}", "(a{10}){100}", "[a-z]{0,1000}", "(?:ab?){400}"]
    )
    func sizes(_ pattern: String) throws {
        #expect(RegexSyntax.fault(in: pattern) == nil)
        _ = try RegularExpression(pattern)
    }
}
#endif

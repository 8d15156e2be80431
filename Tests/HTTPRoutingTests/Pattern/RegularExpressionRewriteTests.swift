import Testing

@testable import HTTPRouting

@Suite("Rewriting by regular expressions")
struct RegularExpressionRewriteTests {
    @Test(
        "replaces every match, leftmost first, as RE2 does",
        arguments: [
            ("^/service/([^/]+)(/.*)$", "\\2/instance/\\1", "/service/foo/v1/api", "/v1/api/instance/foo"),
            ("one", "two", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/two/zzz"),
            ("^(.*?)one(.*)$", "\\1two\\2", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/one/zzz"),
            ("(?i)/xxx/", "/yyy/", "/aaa/XxX/bbb", "/aaa/yyy/bbb"),
            ("a|ab", "x", "ab", "xb"),
            ("ab|a", "x", "ab", "x"),
            ("a*", "x", "baac", "xbxcx"),
            ("", "-", "abc", "-a-b-c-"),
            ("(a)|(b)", "[\\1\\2]", "ab", "[a][b]"),
            ("(a)?b", "<\\1>", "b", "<>"),
            ("é", "e", "été", "ete"),
            ("$", "/", "/a", "/a/"),
            ("^", "/x", "/a", "/x/a"),
            ("b+", "\\\\\\0", "abba", "a\\bba"),
            ("nothing", "x", "/a", "/a"),
            ("(a+)(a*)", "\\1|\\2", "aaa", "aaa|"),
            ("(a+?)(a*)", "\\1|\\2", "aaa", "a|aa"),
            ("\\bb", "x", "b bb", "x xb"),
        ]
    )
    func replaces(_ pattern: String, _ substitution: String, _ text: String, _ expected: String) throws {
        let rewrite = try RegularExpressionRewrite(RegularExpression(pattern), substitution: substitution)
        #expect(rewrite.replacing(in: text) == expected)
    }

    @Test("refuses substitutions that name what is not there", arguments: ["\\1", "\\", "\\x", "a\\2"])
    func refuses(_ substitution: String) throws {
        let pattern = try RegularExpression("a")
        #expect(throws: RegularExpressionError.self) {
            try RegularExpressionRewrite(pattern, substitution: substitution)
        }
    }

    @Test("gives up at its bounds of room and work")
    func bounds() throws {
        let longest = String(repeating: "a", count: RegularExpressionRewrite.maximumBytes)
        let doubling = try RegularExpressionRewrite(RegularExpression("b"), substitution: "aa")
        #expect(doubling.replacing(in: String(longest.dropLast(2)) + "b") == longest)
        #expect(doubling.replacing(in: String(longest.dropLast(1)) + "b") == nil)
        // Every search looks through the whole rest for an x before it settles for an a.
        let quadratic = try RegularExpressionRewrite(RegularExpression("a[^x]*x|a"), substitution: "b")
        #expect(quadratic.replacing(in: String(repeating: "a", count: 200)) == String(repeating: "b", count: 200))
        #expect(quadratic.replacing(in: String(repeating: "a", count: 3000)) == nil)
    }
}

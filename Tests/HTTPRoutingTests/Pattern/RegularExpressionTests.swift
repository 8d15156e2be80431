import Testing

@testable import HTTPRouting

@Suite("Regular expressions")
struct RegularExpressionTests {
    @Test(
        "match the whole of a text",
        arguments: [
            ("", ["": true, "a": false]),
            ("a", ["a": true, "aa": false, "ba": false, "": false]),
            ("a.*b", ["ab": true, "axxb": true, "axxbc": false, "a\nb": false, "aéb": true]),
            ("(?s)a.b", ["a\nb": true]),
            ("a|", ["": true, "a": true, "b": false]),
            ("()", ["": true]),
            ("/api/v[0-9]+/.*", ["/api/v1/": true, "/api/v12/x/y": true, "/api/v/x": false]),
            ("^/api$", ["/api": true, "/api/": false]),
            ("\\A\\d{3}\\z", ["123": true, "1234": false, "12a": false]),
            ("a{2,3}", ["a": false, "aa": true, "aaa": true, "aaaa": false]),
            ("a{2,}?", ["a": false, "aaaaa": true]),
            ("a{,3}", ["a{,3}": true, "aa": false]),
            ("a{", ["a{": true]),
            ("x*|y*", ["xxx": true, "yy": true, "xy": false]),
            ("(?i)Jason", ["jASON": true, "jasonx": false]),
            ("(?i:a)b", ["Ab": true, "AB": false]),
            ("(?i)[^a-c]", ["A": false, "d": true]),
            ("(?i)é", ["É": true]),
            ("(?i)k", ["\u{212a}": true]),
            ("a(?i)b|c", ["aB": true, "AB": false, "C": true]),
            ("(a(?i)b)c", ["aBc": true, "aBC": false]),
            ("(?m)^a$\\n^b$", ["a\nb": true]),
            ("\\bfoo\\b", ["foo": true, "foox": false]),
            ("foo\\B.", ["foox": true, "foo-": false]),
            ("[]a]+", ["]a]": true, "b": false]),
            ("[^]a]", ["b": true, "]": false]),
            ("[a-]+", ["a-a": true]),
            ("[-a]+", ["-a": true]),
            ("[a-\\d]+", ["a-7": true, "b": false]),
            ("[\\x41-\\x43]", ["B": true, "D": false]),
            ("[[:alpha:]_]+", ["aZ_": true, "a1": false]),
            ("[[:^digit:]]", ["a": true, "1": false]),
            ("\\w+\\.\\W", ["a_1.-": true]),
            ("\\x{e9}\\x2f", ["é/": true]),
            ("\\0101", ["\u{08}1": true]),
            ("\\pL+", ["aéΩ": true, "1": false]),
            ("\\p{Greek}+", ["αβγ": true, "abc": false]),
            ("\\p{^Lu}", ["a": true, "A": false]),
            ("\\P{Nd}", ["a": true, "1": false]),
            ("\\Qa*[\\E+", ["a*[": true, "a*[[": true, "aaa": false]),
            ("\\Qa.b", ["a.b": true, "axb": false]),
            (".", ["é": true, "😀": true, "": false]),
            ("..", ["e\u{301}": true]),
            ("[^/]+", ["é😀": true, "a/b": false]),
            ("(?P<name>a)(?<other>b)", ["ab": true]),
            ("(?U)a*b", ["aab": true]),
            ("(a*)*", ["": true, "aaa": true, "b": false]),
            ("(a|b)*?c", ["ababc": true]),
            ("a$b", ["ab": false, "a": false]),
            ("$^", ["": true]),
        ]
    )
    func matches(_ pattern: String, _ cases: [String: Bool]) throws {
        let expression = try RegularExpression(pattern)
        for (text, expected) in cases {
            var steps = 0
            #expect(expression.matchesWhole(text) == expected, "\(pattern) on \(text)")
            #expect(expression.simulate(text, steps: &steps) == expected, "\(pattern) on \(text), simulated")
        }
    }

    @Test(
        "refuse what no linear engine matches, and what is not a pattern",
        arguments: [
            "(", ")", "(a", "a)", "[", "[a", "[]", "*", "+a", "?", "a**", "a*+", "(*a)", "|*", "(?=a)", "(?!a)",
            "(?<=a)", "(?<!a)", "(?>a)", "(?#a)", "(a)\\1", "\\", "a{1001}", "a{3,2}", "{2}", "[z-a]", "\\y", "\\p",
            "\\p{", "\\p{Klingon}", "\\x1", "\\xzz", "\\x{110000}", "\\x{+1}", "[[:alpha]", "[[:no:]]", "(?P<>a)",
            "(?P=n)", "a{2}{3}", "[\\x5a-\\x41]", "a{1000000000000000000000}",
        ]
    )
    func refuses(_ pattern: String) {
        #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
    }

    @Test("say what is wrong, and where")
    func explains() {
        #expect(throws: RegularExpressionError.syntax("'(?=' is not supported", rest: 2)) {
            try RegularExpression("ab(?=c)")
        }
        let text = "\(RegularExpressionError.syntax("a group is not closed", rest: 0))"
        #expect(text == "a group is not closed, 0 characters before the end")
    }

    @Test("are bounded in length, depth and size")
    func bounds() throws {
        let longest = String(repeating: "a", count: RegularExpression.maximumBytes)
        #expect(try RegularExpression(longest).matchesWhole(longest))
        #expect(throws: RegularExpressionError.tooLong(bytes: 1025)) { try RegularExpression(longest + "a") }
        let depth = RegularExpression.maximumDepth
        let open = String(repeating: "(", count: depth)
        let close = String(repeating: ")", count: depth)
        #expect(try RegularExpression(open + close).matchesWhole(""))
        #expect(throws: RegularExpressionError.tooDeep) { try RegularExpression("(" + open + close + ")") }
        #expect(try !RegularExpression("a{1000}b{1000}").matchesWhole("ab"))
        #expect(throws: RegularExpressionError.tooLarge) { try RegularExpression("(abc){1000}") }
        #expect(throws: RegularExpressionError.tooLarge) { try RegularExpression("(((){1000}){1000}){1000}") }
    }

    @Test("use a table where it is small, and the simulation where it is not")
    func tables() throws {
        #expect(try RegularExpression("/api/v[0-9]+/.*").isTabled)
        // Remembers which of the last twelve letters were an a: 4,096 states.
        #expect(try !RegularExpression(".*a.{12}").isTabled)
        #expect(try RegularExpression(".*a.{12}").matchesWhole("bbabbbbbbbbbbbb"))
        #expect(try !RegularExpression("\\ba").isTabled)
    }

    @Test(
        "take steps in proportion to the text, whatever the pattern",
        arguments: [
            "(a+)+", "(a*)*b", "(a|aa)+$", "(.*a){25}", "(a?){30}a{30}", "(.*)(.*)(.*)(.*)x", "((a*)*)*b", "(x+x+)+y",
            "(\\ba*)*b", "([a-z]*)*\\d", ".*.*.*=.*",
        ]
    )
    func isLinear(_ pattern: String) throws {
        let expression = try RegularExpression(pattern)
        var counts: [Int] = []
        for length in [400, 800, 1600] {
            var steps = 0
            _ = expression.simulate(String(repeating: "a", count: length), steps: &steps)
            counts.append(steps)
            #expect(steps <= 2 * expression.size * (length + 1))
        }
        // Twice the text, at most twice the steps and what it costs until every thread runs.
        #expect(counts[1] <= 2 * counts[0] + 32 * expression.size)
        #expect(counts[2] <= 2 * counts[1] + 32 * expression.size)
    }

    @Test("take bytes that are not UTF-8 for U+FFFD")
    func notUTF8() throws {
        let whole = { (pattern: String, bytes: [UInt8]) throws -> Bool in
            try RegularExpression(pattern).matchesWhole(bytes.span)
        }
        #expect(try whole("a[^b]c", [0x61, 0xff, 0x63]))
        #expect(try !whole("a[^b]c", [0x61, 0xe2, 0x82, 0x63]))
        #expect(try whole("\\x{fffd}{3}", [0xed, 0xa0, 0x80]))
    }
}

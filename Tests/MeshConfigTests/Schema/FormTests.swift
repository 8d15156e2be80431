import Foundation
import Testing

@testable import MeshConfig

@Suite struct FormTests {
    @Test(arguments: [
        "", "a", "a.*b", "(a|b)+", "[a-z0-9_]+", "^/api/v[0-9]+$", "(?i)a", "(?i:a)b", "(?P<n>a)", "(?<n>a)", "a{2,3}",
        "a{2,}", "a{1000}", "a{,3}", "a{", "a??", "a*?", "[]a]", "[^]a]", "[a-]", "[-a]", "[[:alpha:]x]", "\\d+\\.\\w",
        "\\x41\\x{263a}", "\\pL\\p{Greek}", "\\Qa*\\E", "a|", "()", "[\\]a]", "\\bfoo\\b", "é+", "(?s-i:a)", "x*|y*",
        "(a{100}){10}", "a{1000}b{1000}", "\\Q(a\\E", "\\Q[", "[\\x41-\\x5a\\07]", "[[:^alpha:]]", "\\p{^Lu}",
    ])
    func takesPatterns(_ pattern: String) {
        #expect(RegexSyntax.fault(in: pattern) == nil)
    }

    @Test(arguments: [
        "(", ")", "(a", "a)", "[", "[a", "[]", "*", "+a", "?", "a**", "a*+", "a++", "(*a)", "|*", "^*", "(?=a)",
        "(?!a)",
        "(?<=a)", "(?<!a)", "(?>a)", "(?#a)", "(a)\\1", "\\", "a{1001}", "a{3,2}", "{2}", "[z-a]", "\\y", "\\p", "\\p{",
        "\\x1", "\\xzz", "[[:alpha]", "(?P<>a)", "(?P=n)", "a{2}{3}", "(a{100}){11}", "((a{10}){10}){11}",
        "(a|b{1000}c){2}", "[\\x5a-\\x41]", "[a-\\x41]", "\\p{Klingon}", "\\p{}", "[[:no:]]", "\\x{+1}", "(abc){1000}",
        "(()()){1000}", "(\\Qa)",
    ])
    func refusesPatterns(_ pattern: String) {
        #expect(RegexSyntax.fault(in: pattern) != nil)
    }

    @Test func patternsAreBounded() {
        #expect(RegexSyntax.fault(in: String(repeating: "a", count: 1024)) == nil)
        #expect(RegexSyntax.fault(in: String(repeating: "a", count: 1025)) != nil)
        #expect(RegexSyntax.fault(in: String(repeating: "(", count: 64) + String(repeating: ")", count: 64)) == nil)
        #expect(RegexSyntax.fault(in: String(repeating: "(", count: 65) + String(repeating: ")", count: 65)) != nil)
    }

    @Test(arguments: [
        ("1s", Duration.seconds(1)), ("1.5s", .milliseconds(1500)), ("1h30m", .seconds(5400)),
        ("250ms", .milliseconds(250)),
        ("0", .zero), ("0s", .zero), ("10us", .microseconds(10)), ("1m0.5s", .milliseconds(60_500)),
    ])
    func readsDurations(_ text: String, _ expected: Duration) {
        #expect(DurationForms.go(text) == expected)
    }

    @Test(arguments: ["", "1", "s", "-1s", "1.s", ".5s", "1d", "1s1", "99999999999h", "1..5s", "1 s", "٣s"])
    func refusesDurations(_ text: String) {
        #expect(DurationForms.go(text) == nil)
        #expect(DurationForms.gateway(text) == nil)
    }

    @Test func theGatewayFormIsNarrower() {
        #expect(DurationForms.gateway("1h2m3s4ms") == .milliseconds(3_723_004))
        for text in ["1.5s", "100000s", "1h1m1s1ms1s", "1us", "0"] { #expect(DurationForms.gateway(text) == nil) }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0 as Int64), ("2026-01-31T12:00:00Z", 1_769_860_800),
        ("2024-02-29T23:59:59.123Z", 1_709_251_199), ("2026-01-31T13:00:00+01:00", 1_769_860_800),
        ("2000-03-01T00:00:00-00:30", 951_870_600),
    ])
    func readsTimes(_ text: String, _ expected: Int64) {
        #expect(Timestamp.seconds(text) == expected)
    }

    @Test(arguments: [
        "", "2026-01-31", "2026-01-31T12:00:00", "2026-1-31T12:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T12:00:00.Z",
    ])
    func refusesTimes(_ text: String) {
        #expect(Timestamp.seconds(text) == nil)
    }

    static let forms: [(StringFormat, good: [String], bad: [String])] = [
        (
            .dnsLabel, ["a", "a-1", String(repeating: "a", count: 63)],
            ["", "A", "-a", "a-", "a.b", "a_b", String(repeating: "a", count: 64)]
        ),
        (.dnsSubdomain, ["a", "a.b-c.d"], ["", ".a", "a.", "a..b", "A.b"]),
        (.wildcardHostname(allowsAny: false), ["a", "*.a"], ["*", "*a", "a.*", "*.*"]),
        (.wildcardHostname(allowsAny: true), ["*", "*.a", "a"], ["**"]),
        (.ip, ["1.2.3.4", "::1"], ["1.2.3", "1.2.3.4/8", "a"]),
        (
            .ipOrCIDR, ["1.2.3.4", "10.0.0.0/8", "::/0", "fd00::/8"],
            ["10.0.0.0/33", "10.0.0.0/", "::/129", "/8", "10.0.0.0/-1", "10.0.0.0/+8"]
        ),
        (.portText, ["1", "65535"], ["0", "65536", "080", "+80", "-1", "a", ""]),
        (.quantity, ["1", "64Ki", "1Mi", "5k", "2M"], ["", "Ki", "1Gi", "-1", "1.5Mi", "9999999999999"]),
        (.headerName, ["x-a", "A", "!#$%&'*+-.^_`|~"], ["", "a b", "a:", "é"]),
        (.headerValue, ["", "a b", "\ta"], ["a\nb", "a\u{0}", "a\u{7f}"]),
        (.path, ["/", "/a/b"], ["", "a", "/a?b", "/a#b", "/a b"]),
        (.labelKey, ["a", "a.b/c_d", "A-1"], ["", "/a", "a/", "a/b/c", "-a", "a b"]),
        (.labelValue, ["", "a", "A.b_c-1"], ["-a", "a-", "a b", String(repeating: "a", count: 64)]),
        (
            .httpURL, ["https://a.b", "http://a.b:80/x?y", "https://a.b/"],
            ["ftp://a", "https://", "https://a b", "a", "https://a:0"]
        ),
        (
            .roleARN, ["arn:aws:iam::111122223333:role/a", "arn:aws-cn:iam::111122223333:role/a/b.c"],
            [
                "arn:aws:iam::1:role/a", "arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:role/*", "x",
                "arn:aws:iam::111122223333:role/",
            ]
        ),
        (
            .subjectName, ["spiffe://mesh/ns/a/sa/b", "spiffe://td", "https://a/b", "a.b", "*.a.b"],
            ["", "spiffe://", "spiffe://A/b", "spiffe://a//b", "spiffe://a/../b", "spiffe://a/b%2fc", "a b"]
        ),
        (
            .origin, ["*", "https://a.b", "http://a.b:80", "https://*.a.b:8443"],
            ["", "a.b", "https://", "https://a.b/c", "https://a.*", "ftp://a.b"]
        ),
        (
            .namespacePattern, ["shop", "shop-*", "*", "a*", "0-a"],
            ["", "Shop", "-a", "a-", "*-a", "a*b", "**", "a.b", String(repeating: "a", count: 64)]
        ),
        (.namespacedName, ["a", "a/b", "a/b.c"], ["", "a/b/c", "/a", "A"]),
        (.text(1...3), ["a", "abc", "é"], ["", "abcd", "a\u{1}"]),
    ]

    @Test(arguments: forms.indices)
    func textsHaveForms(_ index: Int) {
        let (format, good, bad) = Self.forms[index]
        for text in good { #expect(format.fault(in: text) == nil, "\(text)") }
        for text in bad { #expect(format.fault(in: text)?.contains("must be") == true, "\(text)") }
    }

    /// An editor that checks by JSON Schema must not refuse what Tulle takes.
    @Test(arguments: forms.indices)
    func patternsTakeWhatTheFormTakes(_ index: Int) {
        let (format, good, _) = Self.forms[index]
        guard let pattern = format.pattern else { return }
        for text in good { #expect(text.range(of: pattern, options: .regularExpression) != nil, "\(text): \(pattern)") }
    }

    @Test func scalarsFollowYAML12() {
        func value(_ text: String) -> ConfigValue { DocumentScalar(text: text, isPlain: true).value }
        for text in ["", "~", "null", "Null", "NULL"] { #expect(value(text) == .null) }
        for text in ["true", "True", "TRUE"] { #expect(value(text) == .bool(true)) }
        for text in [
            "yes", "on", "y", "nUll", "1a", "-", "+", ".", "..", "1.2.3", "1e", "0x", "0xg", "inf", "e1", "-a",
        ] {
            #expect(value(text) == .string(text))
        }
        #expect(value("12") == .integer(12))
        #expect(value("-12") == .integer(-12))
        #expect(value("+1") == .integer(1))
        #expect(value("010") == .integer(10))
        #expect(value("0x1F") == .integer(31))
        #expect(value("0o17") == .integer(15))
        #expect(value("1.5") == .number(1.5))
        #expect(value("1e3") == .number(1000))
        #expect(value("99999999999999999999") == .number(1e20))
        #expect(DocumentScalar(text: "1", isPlain: false).value == .string("1"))
    }
}

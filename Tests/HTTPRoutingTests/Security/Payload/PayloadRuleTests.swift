import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Truth tables of conditions on bodies.
struct PayloadRuleTests {
    /// What all readers agree on: DENY and ALLOW see the same.
    @Test(arguments: [
        (Inspect.field("/a", .exists), #"{"a":null}"#, true), (Inspect.field("/a", .exists), #"{"b":1}"#, false),
        (Inspect.field("/a", .exists, "false"), #"{"b":1}"#, true),
        (Inspect.field("/a", .exists, "false"), #"{"a":1}"#, false),
        (Inspect.field("/a", .equals, "x"), #"{"a":"x"}"#, true),
        (Inspect.field("/a", .equals, "x"), #"{"a":"X"}"#, false),
        (Inspect.field("/a", .equals, "x"), #"{"a":["x"]}"#, false),
        (Inspect.field("/a", .equals, "true"), #"{"a":true}"#, true),
        (Inspect.field("/a", .equals, "null"), #"{"a":null}"#, true),
        (Inspect.field("/a", .equals, "1"), #"{"a":1.0}"#, true),
        (Inspect.field("/a", .equals, "1"), #"{"a":10e-1}"#, true),
        (Inspect.field("/a", .equals, "1"), #"{"a":2}"#, false),
        (Inspect.field("/a", .in, "x", "y"), #"{"a":"y"}"#, true),
        (Inspect.field("/a", .in, "x", "y"), #"{"a":"z"}"#, false),
        (Inspect.field("/a", .regex, "x+"), #"{"a":"xxx"}"#, true),
        (Inspect.field("/a", .regex, "x+"), #"{"a":"yx"}"#, false),
        (Inspect.field("/a", .regex, "1."), #"{"a":12}"#, true),
        (Inspect.field("/a", .regex, ".*"), #"{"a":true}"#, false),
        (Inspect.field("/a", .startsWith, "ab"), #"{"a":"abc"}"#, true),
        (Inspect.field("/a", .startsWith, "ab"), #"{"a":"cab"}"#, false),
        (Inspect.field("/a", .less, "10"), #"{"a":9.99}"#, true),
        (Inspect.field("/a", .less, "10"), #"{"a":10}"#, false),
        (Inspect.field("/a", .lessOrEqual, "10"), #"{"a":1e1}"#, true),
        (Inspect.field("/a", .lessOrEqual, "10"), #"{"a":10.00001}"#, false),
        (Inspect.field("/a", .greater, "10000"), #"{"a":10000.01}"#, true),
        (Inspect.field("/a", .greater, "10000"), #"{"a":10000}"#, false),
        (Inspect.field("/a", .greater, "9007199254740992"), #"{"a":9007199254740993}"#, true),
        (Inspect.field("/a", .greaterOrEqual, "-1"), #"{"a":-1}"#, true),
        (Inspect.field("/a", .greaterOrEqual, "-1"), #"{"a":-1.5}"#, false),
        (Inspect.field("/a", .greater, "1"), #"{"a":true}"#, false),
        (Inspect.field("/a", .lengthGreater, "2"), #"{"a":"abc"}"#, true),
        (Inspect.field("/a", .lengthGreater, "2"), #"{"a":[1,2]}"#, false),
        (Inspect.field("/a", .lengthGreater, "2"), #"{"a":[1,2,[3,4]]}"#, true),
        (Inspect.field("/a", .lengthGreater, "1"), #"{"a":{"x":1,"y":{"z":2}}}"#, true),
        (Inspect.field("/a/b", .equals, "1"), #"{"b":1,"a":{"c":2,"b":1}}"#, true),
        (Inspect.field("/a/b", .equals, "1"), #"{"a":{"c":{"b":1}},"b":1}"#, false),
        (Inspect.field("/a/1", .equals, "2"), #"{"a":[1,2,3]}"#, true),
        (Inspect.field("/a/1/x", .equals, "2"), #"{"a":[1,{"x":2}]}"#, true),
        (Inspect.field("/a/01", .exists), #"{"a":[1,2]}"#, false),
        (Inspect.field("/a/-", .exists), #"{"a":[1,2]}"#, false),
        (Inspect.field("/a/1", .equals, "x"), #"{"a":{"1":"x"}}"#, true),
        (Inspect.field("/0", .equals, "7"), "[7]", true),
        (Inspect.field("/a~1b/c~0d", .exists), #"{"a/b":{"c~d":0}}"#, true),
        (Inspect.field("/", .exists), #"{"":1}"#, true),
        (Inspect.field("/\u{e9}", .exists), #"{"\u00e9":1}"#, true),
        (Inspect.all(Inspect.field("/a", .exists), Inspect.field("/b", .exists)), #"{"a":1,"b":1}"#, true),
        (Inspect.all(Inspect.field("/a", .exists), Inspect.field("/b", .exists)), #"{"a":1}"#, false),
        (Inspect.any(Inspect.field("/a", .exists), Inspect.field("/b", .exists)), #"{"b":1}"#, true),
        (Inspect.any(Inspect.field("/a", .exists), Inspect.field("/b", .exists)), #"{"c":1}"#, false),
        (Inspect.none(Inspect.field("/a", .equals, "x")), #"{"a":"y"}"#, true),
        (Inspect.none(Inspect.field("/a", .equals, "x")), #"{"a":"x"}"#, false),
        (Inspect.none(Inspect.none(Inspect.field("/a", .equals, "x"))), #"{"a":"x"}"#, true),
        (
            Inspect.none(Inspect.all(Inspect.field("/a", .equals, "x"), Inspect.field("/b", .equals, "x"))),
            #"{"a":"x","b":"y"}"#, true
        ),
        (
            Inspect.none(Inspect.any(Inspect.field("/a", .equals, "x"), Inspect.field("/b", .equals, "x"))),
            #"{"a":"y","b":"x"}"#, false
        ),
        (Inspect.field("", .lengthGreater, "3"), #"{  }"#, true),
        (Inspect.field("", .lengthGreater, "4"), #"{  }"#, false),
        (Inspect.field("", .regex, ".*evil.*"), #"{"a":"evil"}"#, true),
        (Inspect.field("", .startsWith, "{"), #"{}"#, true),
    ])
    func agreed(_ rule: Payload.Rule, _ body: String, _ fits: Bool) {
        let verdict = Inspect.fits(rule, body)
        #expect(verdict.deny == fits)
        #expect(verdict.allow == fits)
    }

    /// What readers differ about closes both ways.
    @Test(arguments: [
        (Inspect.field("/amount", .greater, "10"), #"{"amount":"20"}"#),
        (Inspect.field("/method", .equals, "x"), #"{"Method":"x"}"#),
        (Inspect.field("/a/method", .equals, "x"), #"{"A":{"method":"x"}}"#),
        (Inspect.field("/s", .exists), "{\"\u{17f}\":1}"),
        (Inspect.field("/a", .equals, "10"), #"{"a":"10.0"}"#),
        (Inspect.none(Inspect.field("/amount", .less, "100")), #"{"amount":"50"}"#),
        (Inspect.none(Inspect.field("/method", .equals, "safe", ifMissing: true)), #"{"Method":"safe"}"#),
    ])
    func doubtful(_ rule: Payload.Rule, _ body: String) {
        let verdict = Inspect.fits(rule, body)
        #expect(verdict.deny, "DENY takes the reading that fits")
        #expect(!verdict.allow, "ALLOW takes the reading that does not")
    }

    @Test(arguments: [
        (Inspect.field("/a", .equals, "x"), false), (Inspect.field("/a", .equals, "x", ifMissing: true), true),
        (Inspect.field("/a", .less, "1"), false), (Inspect.field("/a", .regex, ".*"), false),
        (Inspect.none(Inspect.field("/a", .equals, "x")), false),
        (Inspect.none(Inspect.field("/a", .equals, "x", ifMissing: true)), true),
        (Inspect.none(Inspect.field("/a", .exists)), true), (Inspect.field("/a", .exists), false),
        (Inspect.field("f", .equals, "x", form: true), false),
        (Inspect.field("f", .equals, "x", form: true, ifMissing: true), true),
        (Inspect.field("", .regex, ".*"), false), (Inspect.field("", .lengthGreater, "0"), false),
    ])
    func missing(_ rule: Payload.Rule, _ holds: Bool) {
        for body in ["", "{}", "x=1"] where body.isEmpty || rule.field?.pointer != "" {
            let verdict = Inspect.fits(
                rule,
                body,
                type: body == "x=1" ? "application/x-www-form-urlencoded" : "application/json"
            )
            #expect(verdict.deny == holds, "DENY \(body)")
            #expect(verdict.allow == holds, "ALLOW \(body)")
        }
    }

    @Test(arguments: [
        ("f=x", true, true), ("a=1&f=x&b=2", true, true), ("f=%78", true, true), ("%66=x", true, true),
        ("f=y", false, false),
        ("f", false, false), ("g=x", false, false), ("f=x&f=y", true, false), ("f=y&f=x", true, false),
        ("f=x&f=x", true, true),
        ("F=x", true, false), ("f=x&F=y", true, false), ("f=x+", false, false),
    ])
    func forms(_ body: String, _ deny: Bool, _ allow: Bool) {
        let rule = Inspect.field("f", .equals, "x", form: true)
        let verdict = Inspect.fits(rule, body, type: "application/x-www-form-urlencoded; charset=utf-8")
        #expect(verdict.deny == deny)
        #expect(verdict.allow == allow)
    }

    @Test func numbersInForms() {
        let rule = Inspect.field("n", .greater, "10", form: true)
        let type = "application/x-www-form-urlencoded"
        #expect(Inspect.fits(rule, "n=11", type: type) == (true, true))
        #expect(Inspect.fits(rule, "n=1%31", type: type) == (true, true))
        #expect(Inspect.fits(rule, "n=9", type: type) == (false, false))
        let blank = Inspect.field("n", .equals, "a b", form: true)
        #expect(Inspect.fits(blank, "n=a+b", type: type) == (true, true))
    }

    @Test(arguments: [
        ("[0-9]{4}-[0-9]{4}", "card 1234-5678 end", true), ("[0-9]{4}-[0-9]{4}", "card 123-45678 end", false),
        ("^begin", "begin here", true), ("^begin", "not begin", false), ("end$", "the end", true),
        ("end$", "the end.", false), (#"\bcat\b"#, "a cat\nsat", true), (#"\bcat\b"#, "concatenate", false),
        ("(?i)drop table", "x; DROP\tTABLE y", false), ("(?i)drop table", "x;\nDROP TABLE y", true),
        ("a|b", "xxb", true),
    ])
    func patterns(_ pattern: String, _ body: String, _ fits: Bool) {
        for pad in ["", String(repeating: "é ", count: 3_000)] {
            let text = pattern.hasPrefix("^") ? body + pad : pad + body
            let verdict = Inspect.fits(Inspect.field("", .found, pattern), text, type: "text/plain")
            #expect(verdict.deny == fits)
            #expect(verdict.allow == fits)
        }
    }

    @Test func patternsEverywhereMeanTheSameInEveryPiece() {
        let policy = Inspect.policy(.deny, Inspect.field("", .found, "née [0-9]+"))
        let body = Array("…née 1970…".utf8)
        for size in 1...body.count {
            let verdict = Inspect.verdict([policy], body, Inspect.request("text/plain"), size: size)
            #expect(verdict?.denial?.status == 403)
        }
    }

    @Test(arguments: [
        (["application/json"], "application/json", true, true),
        (["application/json"], "APPLICATION/json ; charset=utf-8", true, true),
        (["application/*+json"], "application/problem+json", true, true),
        (["text/*"], "application/json", false, false),
        (["text/*", "application/json"], "text/html", true, true), (["application/json"], nil, false, false),
        (["application/json"], "json", false, false),
    ])
    func types(_ patterns: [String], _ type: String?, _ deny: Bool, _ allow: Bool) {
        let rule = Payload.Rule.with {
            $0.field = .with {
                $0.operator = .contentType
                $0.values = patterns
            }
        }
        #expect(Inspect.fits(rule, "{", type: type) == (deny, allow))
        #expect(Inspect.fits(Inspect.none(rule), "{", type: type) == (!deny, !allow))
    }

    /// Receivers may take either of two types.
    @Test func twoTypesCloseBothWays() {
        let rule = Inspect.field("", .contentType, "application/json")
        let view = Inspect.request("application/json", HeaderField("content-type", "text/plain"))
        for rule in [rule, Inspect.none(rule)] {
            #expect(Inspect.verdict([Inspect.policy(.deny, rule)], [1], view)?.denial != nil)
            #expect(Inspect.verdict([Inspect.policy(.allow, rule)], [1], view)?.denial != nil)
        }
    }

    /// Nothing of the body is asked for: it may be of any length, compressed and no text.
    @Test func typesAloneDecideWithoutTheBody() throws {
        let policy = Inspect.policy(.deny, Inspect.none(Inspect.field("", .contentType, "application/json")))
        for (type, denied) in [("application/json", false), ("text/plain", true)] {
            let view = Inspect.request(type, HeaderField("content-encoding", "gzip"))
            guard case .decided(let verdict) = PayloadEngine([policy]).start(view, origin: "", length: 1 << 40, now: 0)
            else {
                Issue.record("it waits for the body")
                continue
            }
            #expect((verdict.denial != nil) == denied)
        }
    }

    @Test(arguments: [(9, false, true), (10, false, true), (11, true, false), (100, true, false)])
    func sizes(_ bytes: Int, _ more: Bool, _ less: Bool) {
        let body = String(repeating: "x", count: bytes)
        let greater = Inspect.field("", .lengthGreater, "10")
        #expect(Inspect.fits(greater, body, type: nil) == (more, more))
        #expect(Inspect.fits(Inspect.none(greater), body, type: nil) == (less, less))
    }
}

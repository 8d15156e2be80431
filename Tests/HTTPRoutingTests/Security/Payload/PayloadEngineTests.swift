import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Which bodies are looked at, and what becomes of those that cannot be.
struct PayloadEngineTests {
    static let rule = Inspect.field("/a", .equals, "bad")
    static let deny = Inspect.policy(.deny, Self.rule)

    @Test func answers() throws {
        let policy = Inspect.policy(.deny, Inspect.field("/z", .exists), Self.rule) {
            $0.status = 451
            $0.body = "no"
            $0.headers = [
                .with {
                    $0.name = "X-Why"
                    $0.value = "rules"
                }
            ]
        }
        let denial = try #require(Inspect.verdict(policy, body: #"{"a":"bad"}"#)?.denial)
        #expect(denial.status == 451)
        #expect(denial.body == "no")
        #expect(denial.fields == [HeaderField("x-why", "rules")])
        #expect(denial.detail == "payload_denied_matched_policy[ns[apps]-policy[p]-rule[1]]")
        #expect(Inspect.verdict(Self.deny, body: #"{"a":"bad"}"#)?.denial?.status == 403)
        #expect(Inspect.verdict(Self.deny, body: #"{"a":"good"}"#) == PayloadVerdict())
    }

    static let scopeCases: [(Payload, Bool)] = [
        (Inspect.policy(.deny, Self.rule) { $0.methods = ["PUT", "POST"] }, true),
        (Inspect.policy(.deny, Self.rule) { $0.methods = ["post"] }, true),
        (Inspect.policy(.deny, Self.rule) { $0.methods = ["PUT"] }, false),
        (Inspect.policy(.deny, Self.rule) { $0.paths = ["/b", "/{*}"] }, true),
        (Inspect.policy(.deny, Self.rule) { $0.paths = ["/b*"] }, false),
        (Inspect.policy(.deny, Self.rule) { $0.contentTypes = ["application/json"] }, true),
        (Inspect.policy(.deny, Self.rule) { $0.contentTypes = ["application/*"] }, true),
        (Inspect.policy(.deny, Self.rule) { $0.contentTypes = ["text/*", "*/json"] }, true),
        (Inspect.policy(.deny, Self.rule) { $0.contentTypes = ["application/*+json"] }, false),
        (Inspect.policy(.deny, Self.rule) { $0.origins = ["route/r-0"] }, true),
        (Inspect.policy(.deny, Self.rule) { $0.origins = ["route/r-1"] }, false),
    ]

    @Test(arguments: Self.scopeCases)
    func scopes(_ policy: Payload, _ isLookedAt: Bool) {
        let verdict = Inspect.verdict([policy], Array(#"{"a":"bad"}"#.utf8), origin: "route/r-0")
        #expect((verdict?.denial != nil) == isLookedAt)
        #expect((verdict == nil) == !isLookedAt, "others are not held back")
    }

    @Test(arguments: [
        ("application/json", "application/json; charset=utf-8", true), ("application/json", "APPLICATION/JSON", true),
        ("application/*+json", "application/problem+json", true), ("application/*+json", "application/json", false),
        ("text/*", "text/plain", true), ("text/*", "textual/plain", false), ("*/*", "a/b", true),
        ("application/json", "application/json2", false), ("application/json", "application json", false),
    ])
    func mediaTypes(_ pattern: String, _ type: String, _ fits: Bool) throws {
        let pattern = try #require(MediaTypePattern(pattern))
        #expect(MediaType(type).map(pattern.matches) == (type.contains("/") ? fits : nil))
    }

    @Test func actionsAreJoined() {
        let good = Inspect.policy(.allow, Inspect.field("/a", .equals, "good")) { $0.name = "good" }
        let fine = Inspect.policy(.allow, Inspect.field("/a", .equals, "fine")) { $0.name = "fine" }
        let policies = [good, fine, Self.deny]
        func reason(_ value: String) -> PayloadDenial.Reason? {
            Inspect.verdict(policies, Array("{\"a\":\"\(value)\"}".utf8))?.denial?.reason
        }
        #expect(reason("good") == nil)
        #expect(reason("fine") == nil)
        #expect(reason("bad") == .matched(PolicyRule(namespace: "apps", name: "p", index: 0)))
        #expect(reason("other") == .notAllowed(policy: "apps/good"))
        let elsewhere = Inspect.policy(.allow, Self.rule) { $0.paths = ["/elsewhere"] }
        #expect(Inspect.verdict([elsewhere], []) == nil, "an ALLOW policy for other requests allows nothing less here")
    }

    @Test func auditsAndDryRunsOnlyReport() throws {
        let audit = Inspect.policy(.audit, Self.rule) { $0.name = "log" }
        let dry = Inspect.policy(.deny, Self.rule) {
            $0.name = "dry"
            $0.dryRun = true
        }
        let dryAllow = Inspect.policy(.allow, Inspect.field("/a", .equals, "good")) {
            $0.name = "all"
            $0.dryRun = true
        }
        let policies = [audit, dry, dryAllow]
        let verdict = try #require(Inspect.verdict(policies, Array(#"{"a":"bad"}"#.utf8)))
        #expect(verdict.denial == nil)
        #expect(verdict.audits == [PolicyRule(namespace: "apps", name: "log", index: 0)])
        #expect(
            verdict.shadows.map(\.detail) == [
                "payload_denied_matched_policy[ns[apps]-policy[dry]-rule[0]]", "payload_denied_not_allowed[apps/all]",
            ]
        )
        let broken = try #require(Inspect.verdict(policies, Array("{".utf8)))
        #expect(broken.denial == nil)
        #expect(broken.shadows.first?.detail == "payload_malformed[apps/dry]")
    }

    @Test(
        arguments: [
            (Payload.Reaction.refuse, 413), (.pass, nil), (.prefix, 403),
        ] as [(Payload.Reaction, Int?)]
    )
    func largeBodies(_ reaction: Payload.Reaction, _ status: Int?) {
        let policy = Inspect.policy(.deny, Self.rule) {
            $0.maxBytes = 32
            $0.oversize = reaction
        }
        let exact = Array(#"{"a":"bad","filler":"aaaaaaaaaa"}"#.utf8.prefix(31)) + Array("}".utf8)
        #expect(exact.count == 32)
        let long = Array(#"{"a":"bad","filler":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#.utf8)
        for size in [1, 7, 32, 33, 1_000] {
            #expect(Inspect.verdict([policy], long, size: size)?.denial?.status == status, "pieces of \(size)")
        }
        // One that says so is not even awaited, unless its beginning is wanted.
        let verdict = Inspect.verdict([policy], long, length: UInt64(long.count))
        #expect(verdict?.denial?.status == status)
        let fitting = Inspect.policy(.deny, Self.rule) { $0.maxBytes = 11 }
        #expect(Inspect.verdict([fitting], Array(#"{"a":"bad"}"#.utf8), length: 11)?.denial?.status == 403)
        #expect(Inspect.verdict([fitting], Array(#"{"a":"bad"} "#.utf8))?.denial?.status == 413)
    }

    @Test(arguments: [
        #"{"a":1,"a":2}"#, #"{"method":"ok","Method":"bad"}"#, "{", "{} x", "[1,", "\u{feff}{}", #"{"a":"\ud800"}"#,
        "x",
        "[[[[[[1]]]]]]", #"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}"#,
    ])
    func bodiesThatReadersDifferAbout(_ body: String) {
        func status(_ action: Payload.Action, _ reaction: Payload.Reaction, _ type: String?) -> Int? {
            let policy = Inspect.policy(action, Self.rule) {
                $0.malformed = reaction
                $0.maxDepth = 5
                $0.maxKeys = 5
            }
            return Inspect.verdict(policy, body: body, type: type)?.denial?.status
        }
        #expect(status(.deny, .refuse, "application/json") == 400)
        #expect(status(.allow, .refuse, "application/vnd.x+json") == 400)
        #expect(status(.deny, .pass, "application/json") == nil)
        #expect(status(.allow, .pass, "application/json") == nil)
        if body != "x" {
            #expect(status(.deny, .refuse, "text/plain") == 400, "it looks like JSON")
            #expect(status(.deny, .refuse, nil) == 400)
        }
    }

    @Test func otherTypesAreTried() {
        for type in ["text/plain", "application/x-www-form-urlencoded", nil] {
            #expect(Inspect.verdict(Self.deny, body: #"{"a":"bad"}"#, type: type)?.denial?.status == 403)
            #expect(Inspect.verdict(Self.deny, body: "plain words", type: type) == PayloadVerdict())
        }
        #expect(
            Inspect.verdict([Self.deny], [0x7B, 0x00, 0x22], Inspect.request(nil))?.denial?.status == 400,
            "UTF-16"
        )
        let form = Inspect.policy(.deny, Inspect.field("f", .equals, "x", form: true))
        #expect(Inspect.verdict(form, body: "f=x", type: "text/plain")?.denial?.status == 403)
    }

    @Test(arguments: ["f=%", "f=%x1", "f=%ff", "f=\u{0}&%zz=1"])
    func brokenForms(_ body: String) {
        let policy = Inspect.policy(.deny, Inspect.field("f", .equals, "x", form: true))
        #expect(Inspect.verdict(policy, body: body, type: "application/x-www-form-urlencoded")?.denial?.status == 400)
        let few = Inspect.policy(.deny, Inspect.field("f", .equals, "x", form: true)) { $0.maxKeys = 2 }
        let type = "application/x-www-form-urlencoded"
        #expect(Inspect.verdict(few, body: "a=1&b=2&f=x", type: type)?.denial?.status == 400)
    }

    /// CVE-2026-73552
    @Test func patternsOnWhatIsNoText() {
        let policy = Inspect.policy(.deny, Inspect.field("", .regex, ".*evil.*"))
        let body = [0xFF] + Array("evil".utf8)
        #expect(Inspect.verdict([policy], body, Inspect.request("text/plain"))?.denial?.status == 400)
        let prefix = Inspect.policy(.deny, Inspect.field("", .regex, "a*\u{e9}?")) {
            $0.maxBytes = 4
            $0.oversize = .prefix
        }
        let cut = Array("aaa\u{e9}bbb".utf8)
        #expect(Inspect.verdict([prefix], cut, Inspect.request("text/plain"))?.denial?.status == 403)
    }

    @Test(arguments: [(.refuse, 415), (.prefix, 415), (.pass, nil)] as [(Payload.Reaction, Int?)])
    func compressedBodies(_ reaction: Payload.Reaction, _ status: Int?) {
        let policy = Inspect.policy(.deny, Self.rule) { $0.compressed = reaction }
        func verdict(_ coding: String, length: UInt64? = nil) -> Int? {
            let view = Inspect.request("application/json", HeaderField("content-encoding", coding))
            return Inspect.verdict([policy], Array(#"{"a":"bad"}"#.utf8), view, length: length)?.denial?.status
        }
        #expect(verdict("gzip") == status)
        #expect(verdict("br, gzip") == status)
        #expect(verdict("Identity") == 403)
        #expect(verdict("gzip", length: 0) == nil, "no body")
    }

    @Test func lateBodies() throws {
        let policies = [
            Inspect.policy(.audit, Self.rule), Inspect.policy(.deny, Self.rule) { $0.timeoutMilliseconds = 100 },
        ]
        guard
            case .inspect(let inspection) = PayloadEngine(policies).start(
                Inspect.request(),
                origin: "",
                length: nil,
                now: 50
            )
        else { throw Failure() }
        #expect(inspection.deadline == 150)
        #expect(inspection.maximumBytes == 16 << 10)
        #expect(inspection.timedOut().denial?.status == 408)
        guard
            case .inspect(let audit) = PayloadEngine([policies[0]]).start(
                Inspect.request(),
                origin: "",
                length: 5,
                now: .max
            )
        else { throw Failure() }
        #expect(audit.deadline == .max)
        #expect(audit.timedOut() == PayloadVerdict())
    }

    struct Failure: Error {}

    @Test(arguments: [
        (
            Inspect.policy(.deny, Inspect.field("a", .exists)),
            "pointer a must begin with / and have ~ as ~0 or ~1 only (RFC 6901)"
        ),
        (
            Inspect.policy(.deny, Inspect.field("/a~2", .exists)),
            "pointer /a~2 must begin with / and have ~ as ~0 or ~1 only (RFC 6901)"
        ),
        (Inspect.policy(.deny, Inspect.field("/a", .less, "x")), "value x must be a number"),
        (Inspect.policy(.deny, Inspect.field("/a", .less)), "a comparison needs exactly one value"),
        (Inspect.policy(.deny, Inspect.field("/a", .equals)), "a comparison needs values"),
        (Inspect.policy(.deny, Inspect.field("/a", .lengthGreater, "-1")), "length -1 must be a whole number"),
        (
            Inspect.policy(.deny, Inspect.field("/a", .init(rawValue: 77), "1")),
            "operator 77 is none that a waypoint knows"
        ),
        (Inspect.policy(.deny, .init()), "a rule must have exactly one of all, any, none and field"),
        (Inspect.policy(.deny, Inspect.all()), "a list of rules is empty"),
        (Inspect.policy(.allow, Self.rule) { $0.paths = ["/{a}"] }, "path /{a} is no template"),
        (Inspect.policy(.allow, Self.rule) { $0.status = 600 }, "status 600 must be 200...599"),
        (Inspect.policy(.init(rawValue: 7), Self.rule), "action 7 is none that a waypoint knows"),
        (
            Inspect.policy(.allow, Self.rule) { $0.contentTypes = ["json"] },
            "content type json must be <type>/<subtype>, with at most one * in the subtype"
        ),
    ])
    func whatCannotBeEnforcedRefusesAll(_ policy: Payload, _ reason: String) {
        let fault = PolicyFault(policy: "apps/p", reason: reason)
        #expect(PayloadEngine([policy]).faults == [fault])
        #expect(Inspect.verdict(policy, body: "{}")?.denial?.reason == .invalid(fault))
        var dry = policy
        dry.dryRun = true
        #expect(PayloadEngine([dry]).isEmpty)
        #expect(Inspect.verdict(dry, body: "{}") == nil)
    }

    @Test func rulesNestEightDeepAtMost() {
        func nested(_ depth: Int) -> Payload.Rule { depth == 0 ? Self.rule : Inspect.all(nested(depth - 1)) }
        #expect(PayloadEngine([Inspect.policy(.deny, nested(7))]).faults.isEmpty)
        #expect(PayloadEngine([Inspect.policy(.deny, nested(8))]).faults.count == 1)
    }

    @Test func pieceSizesDoNotMatter() {
        let policy = Inspect.policy(.deny, Inspect.field("/a/b/1", .equals, "\u{1f600}"))
        let body = Array("{ \"x\" : [ 1 , {} ] , \"a\" : { \"b\" : [ null , \"\\ud83d\\ude00\" ] } }".utf8)
        for size in 1...body.count { #expect(Inspect.verdict([policy], body, size: size)?.denial?.status == 403) }
    }
}

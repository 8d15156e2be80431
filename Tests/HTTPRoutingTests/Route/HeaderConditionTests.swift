import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Conditions on headers")
struct HeaderConditionTests {
    typealias F = RouteFixture

    @Test(
        "I139–I147 withoutHeaders: the rule answers 403, the rest 200",
        arguments: [
            // exact: hit for another value, and where it is missing.
            ("exact", "jason", nil as String?, true), ("exact", "jason", "jason", false),
            ("exact", "jason", "not jason", true), ("exact", "jason", "", true),
            // "*": hit only where it is absent.
            ("regex", "*", nil, true), ("regex", "*", "", false), ("regex", "*", "jason", false),
            // ".*" matches anything, the missing value included.
            ("regex", ".*", nil, false), ("regex", ".*", "", false), ("regex", ".*", "jason", false),
            ("prefix", "ja", nil, true), ("prefix", "ja", "jason", false),
        ]
    )
    func withoutHeaders(_ kind: String, _ value: String, _ sent: String?, _ isHit: Bool) throws {
        let kinds: [String: TulleL7.StringMatch.Kind] = ["exact": .exact, "regex": .regex, "prefix": .prefix]
        let condition = try HeaderCondition(
            F.header("end-user", try #require(kinds[kind]), value, inverted: true)
        )
        let fields = sent.map { [("end-user", $0)] } ?? []
        #expect(condition.holds(for: F.request(fields: fields)) == isHit)
    }

    @Test("not inverted: a missing header passes nothing")
    func missing() throws {
        for match in [
            F.header("a"), F.header("a", .exact, ""), F.header("a", .regex, ".*"), F.header("a", .regex, "*"),
        ] {
            #expect(try !HeaderCondition(match).holds(for: F.request()))
            #expect(try HeaderCondition(match).holds(for: F.request(fields: [("a", "")])))
        }
    }

    @Test("I127 weird header: any token is a name")
    func weirdName() throws {
        let name = "a!#$%&'*+-.^_`|~z"
        let condition = try HeaderCondition(F.header(name, .exact, "foo"))
        #expect(condition.holds(for: F.request(fields: [(name, "foo")])))
        #expect(throws: RouteFault.header("a b")) { try HeaderCondition(F.header("a b")) }
        #expect(throws: RouteFault.header(":status")) { try HeaderCondition(F.header(":status")) }
        #expect(throws: RouteFault.header("")) { try HeaderCondition(F.header("")) }
    }

    @Test("I128 pseudo headers")
    func pseudo() throws {
        let method = try HeaderCondition(F.header(":method", .exact, "GET"))
        #expect(method.holds(for: F.request(method: "GET")))
        #expect(!method.holds(for: F.request(method: "POST")))
        #expect(try HeaderCondition(F.header(":authority", .exact, "b:80")).holds(for: F.request(authority: "b:80")))
        #expect(try HeaderCondition(F.header("host", .exact, "b")).holds(for: F.request(authority: "b")))
        #expect(try HeaderCondition(F.header(":scheme", .exact, "http")).holds(for: F.request()))
        #expect(try HeaderCondition(F.header(":path", .exact, "/a?b")).holds(for: F.request("/a?b")))
        #expect(try !HeaderCondition(F.header(":path", .exact, "/a", inverted: true)).holds(for: F.request("/a")))
    }

    @Test("several fields of a name count as one, joined by commas")
    func joined() throws {
        let condition = try HeaderCondition(F.header("a", .exact, "1,2"))
        #expect(condition.holds(for: F.request(fields: [("a", "1"), ("b", "x"), ("a", "2")])))
        #expect(
            try !HeaderCondition(F.header("a", .exact, "1")).holds(for: F.request(fields: [("a", "1"), ("a", "2")]))
        )
    }

    private static let payload = ClaimValue.object([
        .init(name: "sub", value: .string("alice")), .init(name: "groups", value: .list([.string("a"), .string("b")])),
        .init(name: "nested", value: .object([.init(name: "key", value: .string("value"))])),
        .init(name: "a.b", value: .object([.init(name: "c", value: .string("dotted"))])),
        .init(name: "scope", value: .string("read write")), .init(name: "number", value: .number("1")),
    ])

    @Test(
        "I160–I190 claims",
        arguments: [
            ("@request.auth.claims.sub", TulleL7.StringMatch.Kind.exact, "alice", true),
            ("@request.auth.claims[sub]", .exact, "alice", true), ("@request.auth.claims.sub", .prefix, "ali", true),
            ("@request.auth.claims.sub", .regex, "a.*e", true), ("@request.auth.claims.sub", .exact, "bob", false),
            ("@request.auth.claims.groups", .exact, "b", true), ("@request.auth.claims.groups", .exact, "c", false),
            ("@request.auth.claims.nested.key", .exact, "value", true),
            ("@request.auth.claims[nested][key]", .exact, "value", true),
            ("@request.auth.claims[a.b][c]", .exact, "dotted", true),
            ("@request.auth.claims.a.b.c", .exact, "dotted", false),
            ("@request.auth.claims.scope", .exact, "write", true),
            ("@request.auth.claims.scope", .exact, "read write", true),
            ("@request.auth.claims.missing", .present, "", false),
            ("@request.auth.claims.number", .exact, "1", false), ("@request.auth.claims.nested", .present, "", false),
        ]
    )
    func claims(_ name: String, _ kind: TulleL7.StringMatch.Kind, _ value: String, _ expected: Bool) throws {
        let condition = try HeaderCondition(F.header(name, kind, value))
        #expect(condition.holds(for: F.request(tokens: [Self.payload])) == expected)
        let inverted = try HeaderCondition(F.header(name, kind, value, inverted: true))
        #expect(inverted.holds(for: F.request(tokens: [Self.payload])) != expected)
        // Without a token there is no claim, and a header of that name is none.
        #expect(!condition.holds(for: F.request(fields: [(name, value)])))
    }

    @Test(
        "refuses what names no claim",
        arguments: [
            "@request.auth.claims", "@request.auth.claims.", "@request.auth.claims[a", "@request.auth.claims[]",
            "@request.auth.claims[a]b", "@request.auth.claimsx", "@other", "@request.auth.claims..a",
        ]
    )
    func noClaims(_ name: String) {
        #expect(throws: RouteFault.header(name)) { try HeaderCondition(F.header(name)) }
    }
}

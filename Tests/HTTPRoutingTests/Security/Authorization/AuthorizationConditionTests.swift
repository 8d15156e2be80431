import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// The keys of `when` (S11): a value that fits, one that does not, and what holds where the attribute is missing.
struct AuthorizationConditionTests {
    static let token = ClaimValue.token([
        ("iss", .string("https://i")), ("sub", .string("u")), ("azp", .string("app")),
        ("aud", .list([.string("one"), .string("two")])), ("scope", .list([.string("read"), .string("write")])),
        ("nested", .object([.init(name: "role", value: .list([.string("admin")]))])),
        ("https://x.example/team", .string("blue")),
    ])
    static let request = Sample.request(
        fields: [HeaderField("x-a", "abc"), HeaderField("cookie", "a=1"), HeaderField("cookie", "b=2")],
        tokens: [Self.token],
        connection: Sample.connection(serverName: "API.example")
    )

    @Test(arguments: [
        ("request.headers[X-A]", "abc", "ab"), ("request.headers[x-a]", "a*", "b*"),
        ("request.headers[x-a]", "*", "*z"), ("request.headers[cookie]", "a=1; b=2", "a=1,b=2"),
        ("request.headers[:method]", "GET", "PUT"), ("request.headers[:authority]", "b.apps", "b"),
        ("request.headers[host]", "b.apps", "b"), ("request.headers[:path]", "/", "/x"),
        ("request.headers[:scheme]", "http", "https"),
        ("source.ip", "10.0.0.0/8", "11.0.0.0/8"), ("remote.ip", "10.0.0.1", "10.0.0.2"),
        ("source.namespace", "ns-1", "ns-2"), ("source.principal", "td/ns/ns-1/sa/a", "td/ns/ns-1/sa/b"),
        ("source.serviceAccount", "ns-1/a", "a"), ("source.trustDomain", "td", "dt"),
        ("request.auth.principal", "https://i/u", "https://i/v"), ("request.auth.audiences", "two", "three"),
        ("request.auth.presenter", "app", "ap"), ("request.auth.claims[scope]", "write", "read write"),
        ("request.auth.claims[nested][role]", "admin", "user"),
        ("request.auth.claims[https://x.example/team]", "b*", "r*"), ("request.auth.claims[iss]", "*i", "*j"),
        ("destination.ip", "240.240.0.0/16", "240.241.0.0/16"), ("destination.port", "8080", "80"),
        ("connection.sni", "api.example", "example"), ("connection.sni", "*.EXAMPLE", "*.test"),
    ])
    func conditions(_ key: String, _ fits: String, _ misses: String) {
        let tables: [(Policy.Rule, Bool)] = [
            (Sample.when(key, [fits]), true), (Sample.when(key, [misses]), false),
            (Sample.when(key, [misses, fits]), true), (Sample.when(key, not: [fits]), false),
            (Sample.when(key, not: [misses]), true), (Sample.when(key, [fits], not: [misses]), true),
            (Sample.when(key, [fits], not: [fits]), false),
        ]
        for (rule, holds) in tables {
            #expect(Sample.engine([Sample.policy(.allow, [rule])]).allows(Self.request) == holds, "ALLOW \(rule)")
            #expect(Sample.engine([Sample.policy(.deny, [rule])]).allows(Self.request) == !holds, "DENY \(rule)")
        }
    }

    @Test(arguments: [
        "request.headers[x-missing]", "source.namespace", "source.principal", "source.serviceAccount",
        "source.trustDomain", "request.auth.principal", "request.auth.audiences", "request.auth.presenter",
        "request.auth.claims[a]", "request.auth.claims[nested][no]", "connection.sni",
    ])
    func missingAttributes(_ key: String) {
        let bare = Sample.request(connection: Sample.connection(peer: nil))
        for value in ["x", "*"] {
            let values = Sample.when(key, [value])
            let notValues = Sample.when(key, not: [value])
            #expect(!Sample.engine([Sample.policy(.allow, [values])]).allows(bare))
            #expect(Sample.engine([Sample.policy(.deny, [values])]).allows(bare))
            #expect(Sample.engine([Sample.policy(.allow, [notValues])]).allows(bare))
            #expect(!Sample.engine([Sample.policy(.deny, [notValues])]).allows(bare))
        }
    }

    /// S24: what a token says cannot be said by a header.
    @Test func headersDoNotReplaceTokens() {
        let engine = Sample.engine([Sample.policy(.allow, [Sample.when("request.auth.claims[role]", ["admin"])])])
        let spoof = [
            HeaderField("request.auth.claims[role]", "admin"), HeaderField("role", "admin"),
            HeaderField("x-jwt-payload", "eyJyb2xlIjoiYWRtaW4ifQ"),
        ]
        #expect(!engine.allows(Sample.request(fields: spoof)))
    }

    /// Only the first token counts, as only one payload is known to policies.
    @Test func theFirstTokenCounts() {
        let engine = Sample.engine([Sample.policy(.allow, [Sample.when("request.auth.claims[role]", ["admin"])])])
        let user = ClaimValue.token([("role", .string("user"))])
        let admin = ClaimValue.token([("role", .string("admin"))])
        #expect(!engine.allows(Sample.request(tokens: [user, admin])))
        #expect(engine.allows(Sample.request(tokens: [admin, user])))
    }

    @Test(arguments: [
        ClaimValue.number("1"), .bool(true), .list([.number("1"), .bool(true)]),
    ])
    func claimsThatAreNoTextOnlyClose(_ value: ClaimValue) {
        let request = Sample.request(tokens: [.token([("a", value)])])
        let rule = Sample.when("request.auth.claims[a]", ["1", "true"])
        #expect(!Sample.engine([Sample.policy(.allow, [rule])]).allows(request))
        #expect(!Sample.engine([Sample.policy(.deny, [rule])]).allows(request))
    }

    /// S12
    @Test(arguments: [
        ("/allow/admin/", true), ("/allow/admin/temp", true), ("/allow/admin/temp.txt", true),
        ("/allow/admin/foo/temp.txt", true), ("/foo/buzz/bar/bat.txt", true), ("/foo/buzz/bar/bat/fuzz.txt", true),
        ("/foo/buzz/bar/bat", true), ("/store//cart", true), ("/store/foo/cart", true),
        ("/store/foo/bar/cart", true),
        ("/allow/admin", false), ("/allow/user/", false), ("/allow", false), ("/foo/bar/bat.txt", false),
        ("/foo//bar/bat.txt", false), ("/store/cart", false), ("/store/foo/cart/", false),
    ])
    func templates(_ path: String, _ isAllowed: Bool) {
        let engine = Sample.engine([
            Sample.policy(
                .allow,
                [Sample.to { $0.paths = ["/allow/admin/{**}", "/foo/{*}/bar/{**}", "/store/{**}/cart"] }]
            )
        ])
        #expect(engine.allows(Sample.request("GET", path, query: "param=value")) == isAllowed)
    }

    @Test(arguments: [
        ("/{*}", "/a", true), ("/{*}", "/", false), ("/{*}", "/a/b", false), ("/a/{*}/c", "/a/b/c", true),
        ("/a/{*}/c", "/a//c", false), ("/{**}", "/", true), ("/{**}", "/a/b", true), ("/{*}/{*}", "/a/b", true),
        ("/{*}/{**}/x", "/a/b/x", true), ("/{*}/{**}/x", "/a/x", false),
    ])
    func moreTemplates(_ template: String, _ path: String, _ fits: Bool) throws {
        #expect(try #require(PathPattern(parsing: template)).matches(path) == fits)
    }

    @Test(arguments: ["a/{*}", "/a{*}", "/{*}b", "/{a}", "/{**}/{**}", "/{**}/{*}", "/{*}*", "/}", "/*/{*}"])
    func noTemplates(_ text: String) {
        #expect(PathPattern(parsing: text) == nil)
    }
}

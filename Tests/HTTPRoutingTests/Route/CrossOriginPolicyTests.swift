import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Cross-origin requests")
struct CrossOriginPolicyTests {
    typealias F = RouteFixture

    private static func policy(_ change: (inout TulleL7.CrossOrigin) -> Void) throws -> CrossOriginPolicy {
        var rule = TulleL7.CrossOrigin()
        change(&rule)
        return try CrossOriginPolicy(rule)
    }

    private static func virtualService(forwards: Bool = true, credentials: Bool = false) throws -> CrossOriginPolicy {
        try self.policy { rule in
            rule.origins = [F.text(.exact, "cors.com"), F.text(.regex, "https://.*\\.ok\\.org")]
            rule.methods = ["POST", "GET"]
            rule.headers = ["X-Foo-Bar", "X-Foo-Baz"]
            rule.exposeHeaders = ["X-Exposed"]
            rule.maxAge = TulleL7.CrossOrigin.MaxAge()
            rule.maxAge?.seconds = 86_400
            rule.credentials = credentials
            rule.forwardsUnmatched = forwards
        }
    }

    private func preflight(_ origin: String?, method: String? = "DELETE", headers: String? = nil) -> RequestView {
        var fields: [(String, String)] = []
        if let origin { fields.append(("origin", origin)) }
        if let method { fields.append(("access-control-request-method", method)) }
        if let headers { fields.append(("access-control-request-headers", headers)) }
        return F.request(method: "OPTIONS", fields: fields)
    }

    private func fields(_ answer: CrossOriginPolicy.Answer) -> [String: String]? {
        let fields: [HeaderField]
        switch answer {
        case .reply(let reply) where reply.status == 200: fields = reply.fields
        case .fields(let added): fields = added
        default: return nil
        }
        return Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first }
    }

    @Test("I131 a preflight is answered with the configured lists, in their order")
    func preflight() throws {
        let answer = try Self.virtualService().answer(to: self.preflight("cors.com"))
        #expect(
            self.fields(answer) == [
                "access-control-allow-origin": "cors.com", "vary": "Origin", "access-control-allow-methods": "POST,GET",
                "access-control-allow-headers": "X-Foo-Bar,X-Foo-Baz", "access-control-max-age": "86400",
            ]
        )
    }

    @Test("I132, I133: a GET, and one without an origin")
    func actual() throws {
        let policy = try Self.virtualService(credentials: true)
        let get = policy.answer(to: F.request(fields: [("origin", "https://a.ok.org")]))
        #expect(
            self.fields(get) == [
                "access-control-allow-origin": "https://a.ok.org", "vary": "Origin",
                "access-control-allow-credentials": "true", "access-control-expose-headers": "X-Exposed",
            ]
        )
        #expect(policy.answer(to: F.request()) == .none)
        #expect(policy.answer(to: F.request(fields: [("origin", "https://evil.com")])) == .none)
    }

    @Test("what is not quite a preflight is no preflight")
    func noPreflight() throws {
        let policy = try Self.virtualService()
        #expect(policy.answer(to: self.preflight(nil)) == .none)
        let options = policy.answer(to: self.preflight("cors.com", method: nil))
        #expect(self.fields(options)?["access-control-allow-methods"] == nil)
        #expect(self.fields(options)?["access-control-allow-origin"] == "cors.com")
    }

    @Test("a preflight of another origin: forwarded, or answered without a word on origins")
    func unmatched() throws {
        let request = self.preflight("https://evil.com")
        #expect(try Self.virtualService().answer(to: request) == .none)
        let ignored = try Self.virtualService(forwards: false).answer(to: request)
        #expect(self.fields(ignored) == [:])
    }

    private static func gateway(
        origins: [String],
        methods: [String] = [],
        headers: [String] = [],
        exposed: [String] = [],
        credentials: Bool = false
    ) throws -> CrossOriginPolicy {
        try self.policy { rule in
            rule.originPatterns = origins
            rule.methods = methods
            rule.headers = headers
            rule.exposeHeaders = exposed
            rule.credentials = credentials
            rule.echoes = true
        }
    }

    @Test(
        "G25 HTTPRouteCORS: origins",
        arguments: [
            ("https://www.foo.com", true), ("http://www.foo.com", false), ("https://www.bar.com", true),
            ("https://xpto.www.bar.com", true), ("https://bar.com", false), ("https://.bar.com", false),
            ("https://www.bar.com:80", false), ("https://evil.com/.bar.com", false), ("https://evil@x.bar.com", false),
            ("http://www.bar.com:8080", true), ("null", false), ("https://www.foo.com.evil.com", false),
        ]
    )
    func origins(_ origin: String, _ isAllowed: Bool) throws {
        let policy = try Self.gateway(
            origins: ["https://www.foo.com", "https://*.bar.com", "http://*.bar.com:8080"],
            methods: ["GET", "OPTIONS"]
        )
        let answer = self.fields(policy.answer(to: self.preflight(origin, method: "GET")))
        #expect(answer?["access-control-allow-origin"] == (isAllowed ? origin : nil))
        #expect(answer?["access-control-allow-methods"] == (isAllowed ? "GET,OPTIONS" : nil))
    }

    @Test("G25: wildcards without credentials are sent as they are")
    func wildcards() throws {
        let policy = try Self.gateway(origins: ["*"], methods: ["*"], headers: ["*"], exposed: ["*"])
        let answer = policy.answer(to: self.preflight("https://a.com", method: "PUT", headers: "x-a, x-b"))
        #expect(
            self.fields(answer) == [
                "access-control-allow-origin": "*", "access-control-allow-methods": "*",
                "access-control-allow-headers": "*",
            ]
        )
        let get = policy.answer(to: F.request(fields: [("origin", "https://a.com")]))
        #expect(self.fields(get)?["access-control-expose-headers"] == "*")
    }

    @Test("G25: wildcards with credentials are what was asked, or nothing")
    func wildcardsWithCredentials() throws {
        let policy = try Self.gateway(
            origins: ["*"],
            methods: ["*"],
            headers: ["*"],
            exposed: ["*"],
            credentials: true
        )
        let answer = policy.answer(to: self.preflight("https://a.com", method: "PUT", headers: "x-a, x-b"))
        #expect(
            self.fields(answer) == [
                "access-control-allow-origin": "https://a.com", "vary": "Origin",
                "access-control-allow-credentials": "true", "access-control-allow-methods": "PUT",
                "access-control-allow-headers": "x-a, x-b",
            ]
        )
        let bare = self.fields(policy.answer(to: self.preflight("https://a.com", method: "PUT")))
        #expect(bare?["access-control-allow-headers"] == nil)
        let get = policy.answer(to: F.request(fields: [("origin", "https://a.com")]))
        #expect(self.fields(get)?["access-control-expose-headers"] == nil)
    }

    @Test("the answer takes the place of what the destination said")
    func applies() {
        var response = [HeaderField("access-control-allow-origin", "*"), HeaderField("vary", "accept")]
        CrossOriginPolicy.apply(
            [HeaderField("access-control-allow-origin", "https://a.com"), HeaderField("vary", "Origin")],
            to: &response
        )
        #expect(
            response == [
                HeaderField("access-control-allow-origin", "https://a.com"), HeaderField("vary", "accept"),
                HeaderField("vary", "Origin"),
            ]
        )
    }

    @Test(
        "refuses patterns that are no origins",
        arguments: [
            "", "a.com", "https://", "https://a.*.com", "*://a.com", "https://*", "https://*.", "https://*a.com",
        ]
    )
    func refuses(_ pattern: String) {
        #expect(throws: RouteFault.origin(pattern)) { try OriginPattern(pattern) }
    }
}

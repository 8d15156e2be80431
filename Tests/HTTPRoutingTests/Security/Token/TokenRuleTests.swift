import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Where tokens are found, which are needed, and what becomes of them (S16, I24 to I29, I195).
struct TokenRuleTests {
    static let good = TokenMint.token("{\"iss\":\"https://i\",\"sub\":\"u\"}")

    @Test func aRequestWithoutATokenPasses() {
        let outcome = TokenMint.engine(TokenMint.rule()).check(Sample.request())
        #expect(outcome.fault == nil)
        #expect(outcome.claims.isEmpty)
        #expect(TokenMint.engine().isEmpty)
    }

    @Test func aGoodTokenIsKnownAndTakenOut() {
        var view = Sample.request(query: "a=1&access_token=&b=2", fields: [TokenMint.bearer(Self.good)])
        let outcome = TokenMint.engine(TokenMint.rule()).check(view)
        #expect(outcome.fault == nil)
        outcome.apply(to: &view)
        #expect(view.tokens.first?[["sub"]] == .string("u"))
        #expect(view.fields.isEmpty)
        #expect(view.query == "a=1&b=2")
    }

    @Test func aForwardedTokenStays() {
        var view = Sample.request(query: "access_token=\(Self.good)", fields: [HeaderField("x", "1")])
        TokenMint.engine(TokenMint.rule { $0.forwardsToken = true }).check(view).apply(to: &view)
        #expect(view.query == "access_token=\(Self.good)")
        #expect(view.tokens.count == 1)
        TokenMint.engine(TokenMint.rule()).check(view).apply(to: &view)
        #expect(view.query == nil)
        #expect(view.fields == [HeaderField("x", "1")])
    }

    @Test func locationsReplaceTheUsualOnes() {
        let engine = TokenMint.engine(
            TokenMint.rule {
                $0.headers = [
                    .with { $0.name = "X-Token" },
                    .with {
                        $0.name = "x-pre"
                        $0.prefix = "JWT "
                    },
                ]
                $0.parameters = ["tok"]
                $0.cookies = ["session"]
            }
        )
        let requests = [
            Sample.request(fields: [HeaderField("x-token", Self.good)]),
            Sample.request(fields: [HeaderField("x-pre", "jwt \(Self.good)")]),
            Sample.request(query: "tok=\(Self.good)"),
            Sample.request(query: "%74ok=\(Self.good)"),
            Sample.request(fields: [HeaderField("cookie", "a=b; session=\(Self.good)")]),
            Sample.request(fields: [HeaderField("cookie", "a=b"), HeaderField("cookie", "session=\"\(Self.good)\"")]),
        ]
        for var view in requests {
            let outcome = engine.check(view)
            #expect(outcome.claims.count == 1, "\(view)")
            outcome.apply(to: &view)
            #expect(view.query == nil)
            // Cookies are never taken out.
            #expect(view.fields.allSatisfy { $0.name == "cookie" })
        }
        #expect(engine.check(bearer: Self.good).claims.isEmpty, "not looked at")
        #expect(engine.check(Sample.request(fields: [HeaderField("x-pre", Self.good)])).claims.isEmpty)
    }

    @Test func allTokensOfARuleHaveToBeGood() {
        let expired = TokenMint.token("{\"iss\":\"https://i\",\"exp\":1}")
        let engine = TokenMint.engine(TokenMint.rule())
        let both = Sample.request(query: "access_token=\(expired)", fields: [TokenMint.bearer(Self.good)])
        #expect(engine.check(both).fault == .expired)
        let same = Sample.request(query: "access_token=\(Self.good)", fields: [TokenMint.bearer(Self.good)])
        #expect(engine.check(same).claims.count == 1)
    }

    @Test func oneRuleIsEnough() {
        let engine = TokenMint.engine(TokenMint.rule("https://i"), TokenMint.rule("https://j"))
        let second = TokenMint.token("{\"iss\":\"https://j\",\"sub\":\"v\"}")
        #expect(engine.check(bearer: Self.good).claims.first?[["sub"]] == .string("u"))
        #expect(engine.check(bearer: second).claims.first?[["sub"]] == .string("v"))
        #expect(engine.check(bearer: TokenMint.token("{\"iss\":\"https://k\"}")).fault == .unknownIssuer)
        #expect(engine.check(bearer: TokenMint.token("{\"iss\":\"https://j\",\"exp\":5}")).fault == .expired)
    }

    @Test func tokensOfSeveralIssuersAreAllChecked() {
        let engine = TokenMint.engine(TokenMint.rule("https://i"), TokenMint.rule("https://j"))
        let second = TokenMint.token("{\"iss\":\"https://j\",\"sub\":\"v\"}")
        let both = engine.check(
            Sample.request(query: "access_token=\(second)", fields: [TokenMint.bearer(Self.good)])
        )
        #expect(both.fault == nil)
        #expect(both.claims.map { $0[["sub"]] } == [.string("u"), .string("v")])
        let stranger = TokenMint.token("{\"iss\":\"https://k\"}")
        let one = Sample.request(query: "access_token=\(stranger)", fields: [TokenMint.bearer(Self.good)])
        #expect(engine.check(one).fault == .unknownIssuer)
    }

    @Test(arguments: [
        ("\"exp\":\(TokenMint.now - 59)", nil), ("\"exp\":\(TokenMint.now - 60)", TokenFault.expired),
        ("\"exp\":0", .expired),
        ("\"exp\":1.8e9", nil), ("\"exp\":1e400", .notVerified), ("\"exp\":-5", .notVerified),
        ("\"exp\":\"\(TokenMint.now + 5)\"", .notVerified), ("\"exp\":null", .notVerified),
        ("\"nbf\":\(TokenMint.now + 60)", nil), ("\"nbf\":\(TokenMint.now + 61)", .notYetValid),
        ("\"exp\":99999999999999999999", nil), ("\"nbf\":99999999999999999999", .notYetValid), ("\"iat\":\"x\"", nil),
    ])
    func times(_ claim: String, _ fault: TokenFault?) {
        let token = TokenMint.token("{\"iss\":\"https://i\",\(claim)}")
        #expect(TokenMint.engine(TokenMint.rule()).check(bearer: token).fault == fault)
    }

    @Test(arguments: [
        ("\"aud\":\"a\"", nil), ("\"aud\":[\"x\",\"b\"]", nil), ("\"aud\":\"c\"", TokenFault.wrongAudience),
        ("\"aud\":[]", .wrongAudience), ("\"sub\":\"a\"", .wrongAudience), ("\"aud\":{\"a\":1}", .wrongAudience),
    ])
    func audiences(_ claim: String, _ fault: TokenFault?) {
        let token = TokenMint.token("{\"iss\":\"https://i\",\(claim)}")
        let engine = TokenMint.engine(TokenMint.rule { $0.audiences = ["a", "b"] })
        #expect(engine.check(bearer: token).fault == fault)
        #expect(TokenMint.engine(TokenMint.rule()).check(bearer: token).fault == nil, "any audience without a list")
    }

    @Test(arguments: [
        (TokenFault.notVerified, 401, "Jwt verification fails"), (.expired, 401, "Jwt is expired"),
        (.notYetValid, 401, "Jwt not yet valid"), (.unknownIssuer, 401, "Jwt issuer is not configured"),
        (.noKey, 401, "Jwks doesn't have key to match kid or alg from Jwt"),
        (.noKeySet, 401, "Jwks remote fetch is failed"), (.wrongAudience, 403, "Audiences in Jwt are not allowed"),
    ])
    func answers(_ fault: TokenFault, _ status: Int, _ body: String) {
        #expect(fault.status == status)
        #expect(fault.body == body)
        #expect(fault.detail == "jwt_authn_access_denied{\(String(body.map { $0 == " " ? "_" : $0 }))}")
    }

    @Test func theAnswerSaysWhatIsMissing() {
        let view = Sample.request("GET", "/a", fields: [TokenMint.bearer("x.y.z")])
        let outcome = TokenMint.engine(TokenMint.rule()).check(view)
        #expect(
            outcome.challenge(for: view)
                == HeaderField("www-authenticate", "Bearer realm=\"http://b.apps/a\", error=\"invalid_token\"")
        )
        let quoted = Sample.request("GET", "/\"x", fields: view.fields)
        #expect(outcome.challenge(for: quoted)?.value == "Bearer error=\"invalid_token\"")
        #expect(TokenOutcome(fault: .wrongAudience).challenge(for: view) == nil)
    }

    @Test func preflightsPassUnchecked() {
        let engine = TokenMint.engine(TokenMint.rule())
        let cross = [HeaderField("origin", "https://o"), HeaderField("access-control-request-method", "GET")]
        let bad = TokenMint.bearer("bad")
        #expect(engine.check(Sample.request("OPTIONS", fields: cross + [bad])).fault == nil)
        #expect(engine.check(Sample.request("OPTIONS", fields: [cross[1], bad])).fault == .notVerified)
        #expect(engine.check(Sample.request("OPTIONS", fields: [cross[0], bad])).fault == .notVerified)
        #expect(engine.check(Sample.request("GET", fields: cross + [bad])).fault == .notVerified)
    }

    @Test func claimsAreTold() {
        let payload = """
            {"iss":"https://i","sub":"u","n":{"a":{"b":"deep"}},"flag":true,"count":7,"x.y":"dotted",
            "list":["a"],"line":"a\\r\\nx: y","scope":"read write","groups":"g1 g2"}
            """
        let token = TokenMint.token(payload)
        let claims = [
            ("X-Deep", "n.a.b"), ("x-flag", "flag"), ("x-count", "count"), ("x-dot", "x.y"), ("x-list", "list"),
            ("x-line", "line"), ("x-none", "none"), ("x-scope", "scope"),
        ]
        let engine = TokenMint.engine(
            TokenMint.rule {
                $0.payloadHeader = "X-Payload"
                $0.spaceDelimitedClaims = ["groups"]
                $0.claimHeaders = claims.map { header, claim in
                    .with {
                        $0.header = header
                        $0.claim = claim
                    }
                }
            }
        )
        let spoofed = claims.map { HeaderField($0.0.lowercased(), "spoofed") } + [HeaderField("x-payload", "spoofed")]
        var view = Sample.request(fields: [TokenMint.bearer(token), HeaderField("x-kept", "1")] + spoofed)
        engine.check(view).apply(to: &view)
        #expect(
            view.fields.map { "\($0.name): \($0.value)" } == [
                "x-kept: 1", "x-payload: \(Base64URL.encode(payload.utf8))", "x-deep: deep", "x-flag: true",
                "x-count: 7",
                "x-dot: dotted", "x-scope: read write",
            ]
        )
        #expect(view.tokens.first?[["scope"]] == .list([.string("read"), .string("write")]))
        #expect(view.tokens.first?[["groups"]] == .list([.string("g1"), .string("g2")]))
        var bare = Sample.request(fields: spoofed)
        engine.check(bare).apply(to: &bare)
        #expect(bare.fields.isEmpty, "a request without a token must not tell claims")
    }
}

import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("AuthorizationPolicies and tokens", .serialized)
struct PolicyTests {
    private static func rule(_ fill: (inout TulleL7.AuthorizationPolicy.Rule) -> Void)
        -> TulleL7.AuthorizationPolicy.Rule
    {
        .with(fill)
    }

    @Test("a client by its identity: others are denied, with Envoy's words")
    func identities() throws {
        try withBench(routes: {
            $0.policy("shell") {
                $0.action = .allow
                $0.rules = [.with { $0.from = [.with { $0.principals = ["cluster.local/ns/demo/sa/shell"] }] }]
            }
        }) { bench, backends in
            #expect(try bench.request(.get("/")).status == 200)
            let other = try bench.client("other").request(WaypointBench.authority, .get("/"))
            #expect(other.status == 403)
            #expect(other.text == "RBAC: access denied")
            #expect(other["content-type"] == "text/plain")
            #expect(bench.logs(" 403 - rbac_access_denied_matched_policy[none]"))
            #expect(backends[0].heads == 1)
        }
    }

    @Test(
        "namespace, method, path and header",
        arguments: [
            ("GET", "/ok", "1", 200), ("POST", "/ok", "1", 403), ("GET", "/no", "1", 403), ("GET", "/ok", "2", 403),
        ]
    )
    func attributes(_ method: String, _ path: String, _ header: String, _ status: Int) throws {
        try withBench(routes: {
            $0.policy("all") {
                $0.action = .allow
                $0.rules = [
                    .with {
                        $0.from = [.with { $0.namespaces = ["demo"] }]
                        $0.to = [
                            .with {
                                $0.methods = ["GET"]
                                $0.paths = ["/ok"]
                            }
                        ]
                        $0.when = [
                            .with {
                                $0.key = "request.headers[x-level]"
                                $0.values = ["1"]
                            }
                        ]
                    }
                ]
            }
        }) { (bench, _) throws in
            let head = HTTPRequestHead(
                method: method,
                authority: "echo.demo",
                path: path,
                fields: [HeaderField("x-level", header)]
            )
            #expect(try bench.request(head).status == status)
        }
    }

    @Test("a policy in dry run is counted and enforces nothing")
    func dryRun() throws {
        try withBench(routes: {
            $0.policy("try") {
                $0.action = .deny
                $0.dryRun = true
                $0.rules = [.with { $0.to = [.with { $0.methods = ["GET"] }] }]
            }
        }) { (bench, _) throws in
            #expect(try bench.request(.get("/")).status == 200)
            #expect(bench.metric("istio_dry_run_total") { $0.contains("action=\"deny\"") && $0.contains("denied") })
        }
    }

    private static let tokens: @Sendable (inout TulleL7.ServiceRoutes) -> Void = { resource in
        resource.policy("staff") {
            $0.action = .allow
            $0.rules = [
                .with {
                    $0.from = [.with { $0.requestPrincipals = ["\(TestTokens.issuer)/*"] }]
                    $0.when = [
                        .with {
                            $0.key = "request.auth.claims[groups]"
                            $0.values = ["staff"]
                        }
                    ]
                }
            ]
        }
        resource.security?.tokens = [
            .with {
                $0.origin = "demo/tokens"
                $0.issuer = TestTokens.issuer
                $0.audiences = ["echo"]
                $0.keys = TestTokens.keys
                $0.claimHeaders = [
                    .with {
                        $0.header = "x-user"
                        $0.claim = "sub"
                    }
                ]
            }
        ]
    }

    @Test("claims of a signed token decide, by RSA and by elliptic curves")
    func claims() throws {
        try withBench(routes: Self.tokens) { bench, backends in
            let connection = try bench.connect()
            for token in [TestTokens.rsa, TestTokens.elliptic, TestTokens.rsa] {
                let head = HTTPRequestHead.get(
                    "/",
                    HeaderField("authorization", "Bearer \(token)"),
                    HeaderField("x-user", "root")
                )
                #expect(try connection.request(head).status == 200)
            }
            #expect(backends[0].requests.map { $0["x-user"] } == ["ann", "ann", "ann"])
            #expect(backends[0].requests.allSatisfy { $0["authorization"] == nil })
            let guest = try connection.request(.get("/", HeaderField("authorization", "Bearer \(TestTokens.guest)")))
            #expect(guest.status == 403)
            #expect(guest.text == "RBAC: access denied")
            #expect(try connection.request(.get("/")).status == 403)
            #expect(backends[0].heads == 3)
        }
    }

    @Test(
        "tokens that are refused, with Envoy's words",
        arguments: [
            (TestTokens.expired, 401, "Jwt is expired"),
            (TestTokens.otherAudience, 403, "Audiences in Jwt are not allowed"),
            (String(TestTokens.elliptic.dropLast(8)) + "AAAAAAAA", 401, "Jwt verification fails"),
            ("nonsense", 401, ""),
        ]
    )
    func refusals(_ token: String, _ status: Int, _ body: String) throws {
        try withBench(routes: Self.tokens) { bench, backends in
            let answer = try bench.request(.get("/", HeaderField("authorization", "Bearer \(token)")))
            #expect(answer.status == status)
            if !body.isEmpty { #expect(answer.text == body) }
            if status == 401 { #expect(answer["www-authenticate"]?.hasPrefix("Bearer realm=") == true) }
            #expect(bench.logs(" \(status) UAEX jwt_authn_access_denied{"))
            #expect(backends[0].heads == 0)
        }
    }

    @Test("a policy that comes counts from the next request on, also on a connection that is open")
    func changes() throws {
        try withBench { bench, backends in
            let connection = try bench.connect()
            #expect(try connection.request(.get("/")).status == 200)
            try bench.change { $0.policy("closed") { $0.action = .allow } }
            #expect(try connection.request(.get("/")).status == 403)
            try bench.change { _ in }
            #expect(try connection.request(.get("/")).status == 200)
            #expect(backends[0].heads == 2)
        }
    }
}

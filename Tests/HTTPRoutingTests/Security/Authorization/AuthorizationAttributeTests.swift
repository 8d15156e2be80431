import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// The fields of sources and operations (S1 to S10), each as ALLOW and, turned around, as DENY.
struct AuthorizationAttributeTests {
    struct Case: Sendable {
        var rule: Policy.Rule
        var fits: RequestView
        var misses: RequestView

        static func from(_ fill: (inout Policy.Source) -> Void, _ fits: String?, _ misses: String?) -> Case {
            Case(rule: Sample.from(fill), fits: Self.by(fits), misses: Self.by(misses))
        }

        static func at(_ fill: (inout Policy.Source) -> Void, _ fits: String, _ misses: String) -> Case {
            Case(
                rule: Sample.from(fill),
                fits: Sample.request(connection: Sample.connection(source: fits)),
                misses: Sample.request(connection: Sample.connection(source: misses))
            )
        }

        static func to(_ fill: (inout Policy.Operation) -> Void, _ fits: RequestView, _ misses: RequestView) -> Case {
            Case(rule: Sample.to(fill), fits: fits, misses: misses)
        }

        static func by(_ peer: String?) -> RequestView { Sample.request(connection: Sample.connection(peer: peer)) }

        static func host(_ name: String) -> RequestView { Sample.request(authority: name) }

        static func port(_ port: Int) -> RequestView {
            Sample.request(connection: Sample.connection(destination: "240.240.0.1:\(port)"))
        }

        static func user(_ issuer: String, _ subject: String) -> RequestView {
            Sample.request(tokens: [.token([("iss", .string(issuer)), ("sub", .string(subject))])])
        }
    }

    static let cases: [Case] = [
        .from({ $0.principals = ["td/ns/x/sa/y"] }, "td/ns/x/sa/y", "td/ns/x/sa/yy"),
        .from({ $0.principals = ["td/ns/x/*"] }, "td/ns/x/sa/y", "td/ns/xx/sa/y"),
        .from({ $0.principals = ["*/sa/y"] }, "td/ns/x/sa/y", "td/ns/x/sa/xy"),
        .from({ $0.principals = ["t*"] }, "td/ns/x/sa/y", "other/ns/x/sa/y"),
        .from({ $0.principals = ["*"] }, "td/ns/x/sa/y", nil),
        .from({ $0.principals = ["a", "td/ns/x/sa/y", "b"] }, "td/ns/x/sa/y", nil),
        .from({ $0.notPrincipals = ["td/ns/x/sa/y", "td/ns/z/*"] }, "td/ns/x/sa/z", "td/ns/x/sa/y"),
        .from({ $0.notPrincipals = ["td/ns/x/sa/y"] }, nil, "td/ns/x/sa/y"),
        .from({ $0.namespaces = ["x"] }, "td/ns/x/sa/y", "td/ns/y/sa/x"),
        .from({ $0.namespaces = ["x*"] }, "td/ns/x-1/sa/y", "td/ns/ax/sa/x"),
        .from({ $0.namespaces = ["*x"] }, "td/ns/1-x/sa/y", "td/ns/xa/sa/x"),
        .from({ $0.namespaces = ["*"] }, "td/ns/x/sa/y", nil),
        .from({ $0.namespaces = ["a.b"] }, "td/ns/a.b/sa/y", "td/ns/axb/sa/y"),
        .from({ $0.notNamespaces = ["x"] }, "td/ns/y/sa/y", "td/ns/x/sa/y"),
        .from({ $0.notNamespaces = ["x"] }, nil, "td/ns/x/sa/y"),
        .from({ $0.serviceAccounts = ["x/y"] }, "td/ns/x/sa/y", "td/ns/apps/sa/y"),
        .from({ $0.serviceAccounts = ["y"] }, "td/ns/apps/sa/y", "td/ns/x/sa/y"),
        // CVE-2026-39350: a dot is a dot.
        .from({ $0.serviceAccounts = ["x/a.b"] }, "td/ns/x/sa/a.b", "td/ns/x/sa/axb"),
        .from({ $0.notServiceAccounts = ["x/y"] }, nil, "td/ns/x/sa/y"),
        .from({ $0.trustDomains = ["td"] }, "td/ns/x/sa/y", "td2/ns/x/sa/y"),
        .from({ $0.trustDomains = ["*"] }, "td2/ns/x/sa/y", nil),
        .from({ $0.trustDomains = ["*.example"] }, "a.b.example/ns/x/sa/y", "example/ns/x/sa/y"),
        .from({ $0.trustDomains = ["a.*.example"] }, "a.b.example/ns/x/sa/y", "a.example/ns/x/sa/y"),
        .from({ $0.notTrustDomains = ["a*"] }, "td/ns/x/sa/y", "abc/ns/x/sa/y"),
        .at({ $0.ipBlocks = ["10.1.0.0/16"] }, "10.1.2.3:5", "10.2.2.3:5"),
        .at({ $0.ipBlocks = ["10.1.2.3"] }, "10.1.2.3:5", "10.1.2.4:5"),
        .at({ $0.ipBlocks = ["10.1.2.3"] }, "[::ffff:10.1.2.3]:5", "[::ffff:10.1.2.4]:5"),
        .at({ $0.ipBlocks = ["::ffff:10.1.0.0/112"] }, "10.1.2.3:5", "10.2.2.3:5"),
        .at({ $0.ipBlocks = ["2001:db8::/32"] }, "[2001:db8::5]:5", "[2001:db9::5]:5"),
        .at({ $0.notIpBlocks = ["10.1.0.0/16", "10.2.0.0/16"] }, "10.3.2.3:5", "10.2.2.3:5"),
        .to({ $0.hosts = ["b.apps"] }, Case.host("B.Apps"), Case.host("c.apps")),
        .to({ $0.hosts = ["*.apps"] }, Case.host("b.APPS"), Case.host("apps")),
        .to({ $0.hosts = ["b.*"] }, Case.host("b.apps:8080"), Case.host("c.apps")),
        .to({ $0.hosts = ["*"] }, Case.host("b"), Case.host("")),
        .to({ $0.notHosts = ["b.apps"] }, Case.host("c.apps"), Case.host("b.apps")),
        .to({ $0.methods = ["GET", "PUT"] }, Sample.request("PUT"), Sample.request("POST")),
        .to({ $0.methods = ["P*"] }, Sample.request("PUT"), Sample.request("GET")),
        .to({ $0.notMethods = ["GET"] }, Sample.request("PUT"), Sample.request("GET")),
        .to({ $0.ports = ["80", "8080"] }, Case.port(8080), Case.port(8081)),
        .to({ $0.notPorts = ["80"] }, Case.port(8080), Case.port(80)),
        .to({ $0.paths = ["/a"] }, Sample.request("GET", "/a", query: "x=/b"), Sample.request("GET", "/a/")),
        .to({ $0.paths = ["/a*"] }, Sample.request("GET", "/ab"), Sample.request("GET", "/A")),
        .to({ $0.paths = ["*/a"] }, Sample.request("GET", "/b/a"), Sample.request("GET", "/b/a/")),
        .to({ $0.paths = ["*"] }, Sample.request("GET", "/"), Sample.request("GET", "")),
        .to({ $0.notPaths = ["/a*"] }, Sample.request("GET", "/b"), Sample.request("GET", "/a")),
        Case(
            rule: Sample.from { $0.requestPrincipals = ["https://i/u"] },
            fits: Case.user("https://i", "u"),
            misses: Case.user("https://i", "v")
        ),
        Case(
            rule: Sample.from { $0.requestPrincipals = ["https://i/*"] },
            fits: Case.user("https://i", "u"),
            misses: Case.user("https://j", "u")
        ),
        Case(
            rule: Sample.from { $0.requestPrincipals = ["*/u"] },
            fits: Case.user("j", "u"),
            misses: Case.user("j", "uu")
        ),
        Case(
            rule: Sample.from { $0.requestPrincipals = ["*"] },
            fits: Case.user("j", "u"),
            misses: Sample.request()
        ),
        Case(
            rule: Sample.from { $0.notRequestPrincipals = ["*"] },
            fits: Sample.request(),
            misses: Case.user("j", "u")
        ),
    ]

    @Test(arguments: Self.cases)
    func allows(_ example: Case) {
        let engine = Sample.engine([Sample.policy(.allow, [example.rule])])
        #expect(engine.faults.isEmpty)
        #expect(engine.allows(example.fits), "\(example.rule) allows \(example.fits)")
        #expect(!engine.allows(example.misses), "\(example.rule) does not allow \(example.misses)")
    }

    @Test(arguments: Self.cases)
    func denies(_ example: Case) {
        let engine = Sample.engine([Sample.policy(.deny, [example.rule])])
        #expect(!engine.allows(example.fits), "\(example.rule) denies \(example.fits)")
        #expect(engine.allows(example.misses), "\(example.rule) does not deny \(example.misses)")
    }

    @Test func fieldsOfASourceAreJoinedByAndSourcesByOr() {
        let engine = Sample.engine([
            Sample.policy(
                .allow,
                [
                    Sample.rule(
                        from: [
                            .with {
                                $0.namespaces = ["x"]
                                $0.notPrincipals = ["td/ns/x/sa/bad"]
                            },
                            .with { $0.namespaces = ["y"] },
                        ],
                        to: [.with { $0.methods = ["GET"] }, .with { $0.paths = ["/open"] }],
                        when: [
                            .with {
                                $0.key = "request.headers[x-on]"
                                $0.values = ["1"]
                            }
                        ]
                    )
                ]
            )
        ])
        let on = [HeaderField("x-on", "1")]
        func allows(_ peer: String, _ method: String, _ path: String, _ fields: [HeaderField]) -> Bool {
            engine.allows(Sample.request(method, path, fields: fields, connection: Sample.connection(peer: peer)))
        }
        #expect(allows("td/ns/x/sa/good", "GET", "/", on))
        #expect(!allows("td/ns/x/sa/bad", "GET", "/", on))
        #expect(allows("td/ns/y/sa/bad", "PUT", "/open", on))
        #expect(!allows("td/ns/y/sa/bad", "PUT", "/", on))
        #expect(!allows("td/ns/z/sa/good", "GET", "/", on))
        #expect(!allows("td/ns/x/sa/good", "GET", "/", []))
    }

    /// S21
    @Test func aPeerWithoutIdentityIsNobody() {
        let engine = Sample.engine([Sample.policy(.allow, [Sample.from { $0.principals = ["*"] }])])
        #expect(!engine.allows(Sample.request(connection: Sample.connection(peer: nil))))
        let open = Sample.engine([Sample.policy(.allow, [Sample.rule()])])
        #expect(open.allows(Sample.request(connection: Sample.connection(peer: nil))))
    }

    @Test(arguments: [
        ("new/ns/x/sa/y", "new"), ("old/ns/x/sa/y", "new"), ("cluster.local/ns/x/sa/y", "new"),
        ("new/ns/x/sa/y", "old"), ("old/ns/x/sa/y", "older"), ("old/ns/x*", "new"), ("cluster.local/*", "older"),
        ("*new/ns/x/sa/y", "old"), ("ol*", "new"),
    ])
    func identitiesGoByAllNamesOfTheTrustDomain(_ pattern: String, _ domain: String) {
        let peer = Sample.request(connection: Sample.connection(peer: "\(domain)/ns/x/sa/y"))
        let stranger = Sample.request(connection: Sample.connection(peer: "foreign/ns/x/sa/y"))
        let domains = ["new", "old", "older"]
        let allow = Sample.engine(
            [Sample.policy(.allow, [Sample.from { $0.principals = [pattern] }])],
            trustDomains: domains
        )
        #expect(allow.allows(peer))
        #expect(!allow.allows(stranger))
        let others = Sample.engine(
            [Sample.policy(.allow, [Sample.from { $0.notPrincipals = [pattern] }])],
            trustDomains: domains
        )
        #expect(!others.allows(peer))
        #expect(others.allows(stranger))
    }
}

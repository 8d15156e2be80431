import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Requests that are written to be read one way here and another behind (§8.3): rules that close fit any reading, rules
/// that open only what all readings agree on.
struct AuthorizationBypassTests {
    /// GHSA-w44g-8m76-8gc5
    @Test(arguments: ["get", "Get", "gEt"])
    func methodsInOtherCase(_ method: String) {
        let request = Sample.request(method)
        #expect(!Sample.engine([Sample.policy(.deny, [Sample.to { $0.methods = ["GET"] }])]).allows(request))
        #expect(
            !Sample.engine([Sample.policy(.deny, [Sample.when("request.headers[:method]", ["GET"])])]).allows(request)
        )
        #expect(!Sample.engine([Sample.policy(.allow, [Sample.to { $0.methods = ["GET"] }])]).allows(request))
        #expect(!Sample.engine([Sample.policy(.allow, [Sample.to { $0.notMethods = ["GET"] }])]).allows(request))
        #expect(!Sample.engine([Sample.policy(.deny, [Sample.to { $0.notMethods = ["GET"] }])]).allows(request))
    }

    /// CVE-2026-26308
    @Test(arguments: [["good", "evil"], ["evil", "good"], ["good", "evil", "good"]])
    func headersThatAreThereTwice(_ values: [String]) {
        let request = Sample.request(fields: values.map { HeaderField("x-role", $0) })
        let key = "request.headers[x-role]"
        #expect(!Sample.engine([Sample.policy(.deny, [Sample.when(key, ["evil"])])]).allows(request))
        #expect(!Sample.engine([Sample.policy(.allow, [Sample.when(key, ["good"])])]).allows(request))
        #expect(!Sample.engine([Sample.policy(.allow, [Sample.when(key, ["good*"])])]).allows(request))
        #expect(!Sample.engine([Sample.policy(.allow, [Sample.when(key, not: ["evil"])])]).allows(request))
        #expect(!Sample.engine([Sample.policy(.deny, [Sample.when(key, not: ["good"])])]).allows(request))
        #expect(Sample.engine([Sample.policy(.allow, [Sample.when(key, ["good", "evil"])])]).allows(request))
        let joined = values.joined(separator: ",")
        #expect(!Sample.engine([Sample.policy(.deny, [Sample.when(key, [joined])])]).allows(request))
    }

    /// CVE-2021-39155, CVE-2022-21679
    @Test(arguments: [
        "EVIL.example", "evil.example:80", "evil.example.", "evil.example.:80", "evil.example:9999", "u@evil.example",
        "evil.example..",
    ])
    func hostsInOtherForms(_ authority: String) {
        let request = Sample.request(authority: authority)
        for pattern in ["evil.example", "*.example", "evil.*"] {
            #expect(!Sample.engine([Sample.policy(.deny, [Sample.to { $0.hosts = [pattern] }])]).allows(request))
            #expect(!Sample.engine([Sample.policy(.allow, [Sample.to { $0.notHosts = [pattern] }])]).allows(request))
        }
    }

    @Test func hostsWithPorts() {
        let deny = Sample.engine([Sample.policy(.deny, [Sample.to { $0.hosts = ["a.example:80"] }])])
        #expect(!deny.allows(Sample.request(authority: "a.example")))
        #expect(!deny.allows(Sample.request(authority: "a.example.:80")))
        #expect(deny.allows(Sample.request(authority: "a.example:81")))
        let allow = Sample.engine([Sample.policy(.allow, [Sample.to { $0.hosts = ["a.example"] }])])
        #expect(!allow.allows(Sample.request(authority: "a.example:80")), "as Istio: the port is part of the host")
        let v6 = Sample.engine([Sample.policy(.deny, [Sample.to { $0.hosts = ["[2001:db8::1]"] }])])
        #expect(!v6.allows(Sample.request(authority: "[2001:DB8::1]:8080")))
    }

    /// Texts that Swift takes for equal and the wire does not.
    @Test func bytesAreCompared() {
        let composed = "/caf\u{e9}"
        let decomposed = "/cafe\u{301}"
        #expect(composed == decomposed)
        let engine = Sample.engine([Sample.policy(.allow, [Sample.to { $0.paths = [composed] }])])
        #expect(engine.allows(Sample.request("GET", composed)))
        #expect(!engine.allows(Sample.request("GET", decomposed)))
    }

    @Test func subjectsWithSlashesAreNoOtherIssuer() {
        let request = Sample.request(tokens: [.token([("iss", .string("https://a")), ("sub", .string("b/c"))])])
        let rule = Sample.from { $0.requestPrincipals = ["https://a/b/c"] }
        #expect(!Sample.engine([Sample.policy(.allow, [rule])]).allows(request))
        #expect(!Sample.engine([Sample.policy(.deny, [rule])]).allows(request))
    }

    /// S23
    @Test(arguments: [
        (0, ["203.0.113.9"], "10.0.0.1"), (1, ["203.0.113.9"], "203.0.113.9"),
        (1, ["198.51.100.1, 203.0.113.9"], "203.0.113.9"), (1, ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        (2, ["198.51.100.1 , 203.0.113.9"], "198.51.100.1"), (2, ["198.51.100.1", "203.0.113.9"], "198.51.100.1"),
        (2, ["203.0.113.9"], "10.0.0.1"), (1, [], "10.0.0.1"), (1, ["203.0.113.9:4711"], "203.0.113.9"),
        (1, ["[2001:db8::1]"], "2001:db8::1"), (1, ["[2001:db8::1]:80"], "2001:db8::1"),
        (1, ["::ffff:203.0.113.9"], "203.0.113.9"),
    ])
    func clientAddresses(_ proxies: Int, _ values: [String], _ expected: String) throws {
        let fields = values.map { HeaderField("x-forwarded-for", $0) }
        let peer = try #require(IPAddress(parsing: "10.0.0.1"))
        let found = ClientAddress.find(in: fields, trustedProxies: proxies, peer: peer)
        #expect(found == .known(try #require(IPAddress(parsing: expected))))
        let engine = Sample.engine(
            [Sample.policy(.allow, [Sample.from { $0.remoteIpBlocks = [expected] }])],
            trustedProxies: proxies
        )
        #expect(engine.allows(Sample.request(fields: fields)))
    }

    @Test(arguments: ["unknown", "", "203.0.113.9, ", "[203.0.113.9]", "1.2.3.4.5", "203.0.113.9:x"])
    func whatNoProxyWritesClosesEveryRule(_ value: String) {
        let request = Sample.request(fields: [HeaderField("x-forwarded-for", value)])
        let block = ["203.0.113.0/24"]
        let rules: [(Policy.Action, Policy.Rule)] = [
            (.deny, Sample.from { $0.remoteIpBlocks = block }), (.deny, Sample.from { $0.notRemoteIpBlocks = block }),
            (.allow, Sample.from { $0.remoteIpBlocks = block }),
            (.allow, Sample.from { $0.notRemoteIpBlocks = block }),
        ]
        for (action, rule) in rules {
            #expect(!Sample.engine([Sample.policy(action, [rule])], trustedProxies: 1).allows(request))
        }
    }
}

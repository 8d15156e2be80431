import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Policies where bytes are not read (S20).
struct AuthorizationStreamTests {
    private func verdict(_ policies: [Policy], peer: String? = "td/ns/ns-1/sa/a") -> AccessVerdict {
        let engine = Sample.engine(policies, kind: .streams)
        return engine.standing(for: Sample.connection(peer: peer, serverName: "a.example")).decision().verdict
    }

    static let requestRules: [Policy.Rule] = [
        Sample.to { $0.paths = ["/a"] }, Sample.to { $0.notPaths = ["/a"] }, Sample.to { $0.methods = ["GET"] },
        Sample.to { $0.hosts = ["b"] }, Sample.from { $0.requestPrincipals = ["*"] },
        Sample.when("request.headers[x]", ["1"]), Sample.when("request.headers[x]", not: ["1"]),
        Sample.when("request.auth.claims[x]", ["1"]),
    ]

    @Test(arguments: Self.requestRules)
    func whatNobodyReadsClosesBothWays(_ rule: Policy.Rule) {
        #expect(self.verdict([Sample.policy(.allow, [rule])]) == .deny(.notAllowed))
        #expect(!self.verdict([Sample.policy(.deny, [rule])]).isAllowed)
        let custom = Sample.engine([Sample.policy(.custom, provider: "ext", [rule])], kind: .streams)
        #expect(custom.standing(for: Sample.connection()).gate() == .ask(["ext"]))
    }

    @Test func theRestOfADenyRuleStillHolds() {
        let rule = Sample.rule(
            from: [.with { $0.namespaces = ["ns-2"] }],
            to: [.with { $0.paths = ["/a"] }]
        )
        #expect(self.verdict([Sample.policy(.deny, [rule])]).isAllowed)
        #expect(!self.verdict([Sample.policy(.deny, [rule])], peer: "td/ns/ns-2/sa/a").isAllowed)
    }

    @Test func otherRulesOfAnAllowPolicyStayUsable() {
        let rules = [Sample.to { $0.paths = ["/a"] }, Sample.from { $0.namespaces = ["ns-1"] }]
        let expected = PolicyRule(namespace: "apps", name: "p", index: 1)
        #expect(self.verdict([Sample.policy(.allow, rules)]) == .allow(expected))
    }

    @Test(arguments: [
        Sample.from { $0.principals = ["td/ns/ns-1/sa/a"] }, Sample.from { $0.ipBlocks = ["10.0.0.0/8"] },
        Sample.from { $0.remoteIpBlocks = ["10.0.0.0/8"] }, Sample.from { $0.serviceAccounts = ["ns-1/a"] },
        Sample.to { $0.ports = ["8080"] }, Sample.when("connection.sni", ["a.example"]),
        Sample.when("destination.ip", ["240.240.0.1"]), Sample.when("source.trustDomain", ["td"]),
    ])
    func whatConnectionsShowWorks(_ rule: Policy.Rule) {
        #expect(self.verdict([Sample.policy(.allow, [rule])]).isAllowed)
        #expect(!self.verdict([Sample.policy(.deny, [rule])]).isAllowed)
    }
}

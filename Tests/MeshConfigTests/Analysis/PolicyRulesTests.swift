import MeshConfig
import Testing

@Suite("Analysis of policies")
struct PolicyRulesTests {
    private typealias Policy = Declared.AuthorizationPolicy

    @Test("TUL0201: HTTP in what ztunnel enforces, with what becomes of it")
    func http() throws {
        func found(_ action: Policy.Action, _ rule: Policy.Rule) -> Finding? {
            Analyzer.findings(in: [Make.policy(Policy(action: action, rules: [rule]))]).first
        }
        let methods = Make.to { $0.methods = ["GET"] }
        let allow = try #require(found(.allow, methods))
        #expect(allow.code == .policyNeedsWaypoint)
        #expect(allow.message.contains("methods") && allow.message.contains("allow nothing"))
        #expect(found(.deny, methods)?.message.contains("deny nothing") == true)
        let ports = Make.to {
            $0.ports = ["80"]
            $0.paths = ["/x"]
        }
        #expect(found(.deny, ports)?.message.contains("deny whatever fits the rest") == true)
        #expect(
            found(.allow, Make.from { $0.requestPrincipals = ["*"] })?.message.contains("requestPrincipals") == true
        )
        let condition = Policy.Rule(when: [.init(key: "request.headers[x]", values: ["1"])])
        #expect(found(.allow, condition)?.message.contains("when request.headers[x]") == true)
        #expect(found(.allow, Make.to { $0.ports = ["80"] }) == nil)
        #expect(found(.allow, Policy.Rule(when: [.init(key: "source.ip", values: ["10.0.0.1"])])) == nil)
    }

    @Test("TUL0201 is not for policies of waypoints")
    func targeted() {
        let target = Declared.TargetReference(group: "", kind: "Service", name: "web")
        let policy = Make.policy(Policy(targetRefs: [target], rules: [Make.to { $0.methods = ["GET"] }]))
        #expect(codes([policy]).isEmpty)
    }

    @Test("TUL0202: a selector that matches nothing, where labels are known")
    func selector() {
        let selector = Declared.Selector(matchLabels: ["app": "web"])
        let policies = [
            Make.policy(Policy(selector: selector, action: .deny, rules: [Make.to { $0.ports = ["1"] }])),
            Make.resource("pa", .peerAuthentication(.init(selector: selector, mode: .strict))),
        ]
        func facts(_ labels: [String: String]?, in namespace: String = "shop") -> AnalysisFacts {
            AnalysisFacts(workloads: [Make.workload(in: namespace, labels: labels)])
        }
        #expect(codes(policies, facts(["app": "db"])) == [.selectorMatchesNothing, .selectorMatchesNothing])
        #expect(codes(policies, facts(["app": "web"], in: "other")).count == 2)
        #expect(codes(policies, facts(["app": "web", "x": "y"])).isEmpty)
        #expect(codes(policies, facts(nil)).isEmpty)
        #expect(codes(policies).isEmpty)
        let entry = Make.resource("vm", .workloadEntry(.init(address: "10.0.0.9", labels: ["app": "web"])))
        #expect(codes(policies + [entry], facts(["app": "db"])).isEmpty)
    }

    @Test("TUL0203 and TUL0204: a target must be there, and have a waypoint")
    func targets() {
        func policy(_ kind: String, _ name: String) -> DeclaredResource {
            Make.policy(Policy(targetRefs: [.init(group: "", kind: kind, name: name)], action: .deny, rules: [.init()]))
        }
        let bound = AnalysisFacts(services: [Make.service(waypoint: "shop/waypoint")])
        let free = AnalysisFacts(services: [Make.service()])
        #expect(codes([policy("Service", "web")], bound).isEmpty)
        #expect(codes([policy("Service", "web")], free) == [.policyTargetWithoutWaypoint])
        #expect(codes([policy("Service", "gone")], free) == [.policyTargetMissing])
        #expect(codes([policy("Service", "gone")]).isEmpty, "without a mesh nobody knows what ECS has")
        #expect(codes([policy("ServiceEntry", "pay")]) == [.policyTargetMissing])
        #expect(codes([policy("ServiceEntry", "pay"), Make.entry()]) == [.policyTargetWithoutWaypoint])
        #expect(codes([policy("ServiceEntry", "pay"), Make.entry(), Make.bound(), Make.waypoint()]).isEmpty)
        #expect(codes([policy("Gateway", "waypoint")]) == [.policyTargetMissing])
        #expect(codes([policy("Gateway", "waypoint"), Make.bound(), Make.waypoint()]).isEmpty)
        #expect(codes([policy("GatewayClass", "istio-waypoint")]).isEmpty)
    }

    @Test(
        "TUL0205: an ALLOW policy must admit the waypoint",
        arguments: [
            (["principals": ["cluster.local/ns/shop/sa/front"]], false),
            (["principals": ["cluster.local/ns/shop/sa/waypoint"]], true),
            (["principals": ["other.domain/ns/shop/sa/*"]], true), (["principals": ["*/sa/waypoint"]], true),
            (["principals": ["*"]], true), (["principals": ["*/sa/front"]], false),
            (["namespaces": ["shop"]], true), (["namespaces": ["front", "sh*"]], true),
            (["namespaces": ["front"]], false),
            (["serviceAccounts": ["waypoint"]], true), (["serviceAccounts": ["shop/waypoint"]], true),
            (["serviceAccounts": ["front/waypoint"]], false), (["notPrincipals": ["*/sa/waypoint"]], false),
            (["notNamespaces": ["shop"]], false), (["notServiceAccounts": ["waypoint"]], false),
            (["ipBlocks": ["10.0.0.0/8"]], true),
        ] as [([String: [String]], Bool)]
    )
    func admission(_ fields: [String: [String]], _ admits: Bool) {
        let rule = Make.from { source in
            source.principals = fields["principals"] ?? []
            source.namespaces = fields["namespaces"] ?? []
            source.serviceAccounts = fields["serviceAccounts"] ?? []
            source.notPrincipals = fields["notPrincipals"] ?? []
            source.notNamespaces = fields["notNamespaces"] ?? []
            source.notServiceAccounts = fields["notServiceAccounts"] ?? []
            source.ipBlocks = fields["ipBlocks"] ?? []
        }
        let mesh = [Make.policy(Policy(rules: [rule])), Make.bound(), Make.waypoint(), Make.entry()]
        #expect(codes(mesh) == (admits ? [] : [.policyBarsWaypoint]))
    }

    @Test("TUL0205 is for what the policy covers, with the accounts that waypoints run as")
    func admissionScope() {
        let rule = Make.from { $0.namespaces = ["front"] }
        func mesh(_ policy: Policy, in namespace: String = "shop") -> [DeclaredResource] {
            [Make.policy(policy, in: namespace), Make.waypoint(), Make.bound()]
        }
        var facts = AnalysisFacts(
            services: [Make.service(waypoint: "shop/waypoint"), Make.service("waypoint")],
            workloads: [Make.workload(labels: ["app": "web"]), Make.workload("waypoint", labels: [:])]
        )
        facts.workloads[1].serviceAccount = "proxy"
        #expect(codes(mesh(Policy(rules: [rule])), facts) == [.policyBarsWaypoint])
        #expect(codes(mesh(Policy(rules: [Make.from { $0.serviceAccounts = ["proxy"] }])), facts).isEmpty)
        #expect(codes(mesh(Policy(action: .deny, rules: [rule])), facts).isEmpty)
        #expect(codes(mesh(Policy(rules: [rule]), in: "tulle-system"), facts) == [.policyBarsWaypoint])
        #expect(codes(mesh(Policy(selector: .init(matchLabels: ["app": "web"]), rules: [rule])), facts).count == 1)
        facts.workloads.append(Make.workload("db", labels: ["app": "db"]))
        #expect(codes(mesh(Policy(selector: .init(matchLabels: ["app": "db"]), rules: [rule])), facts).isEmpty)
        let outside = Make.entry(location: .external)
        #expect(codes([Make.policy(Policy(rules: [rule])), Make.bound(), Make.waypoint(), outside]).isEmpty)
    }

    @Test("TUL0206: trust domains at L4")
    func trustDomains() {
        #expect(codes([Make.policy(Policy(rules: [Make.from { $0.trustDomains = ["a"] }]))]) == [.trustDomainsIgnored])
        #expect(
            codes([Make.policy(Policy(rules: [Make.from { $0.notTrustDomains = ["a"] }]))]) == [.trustDomainsIgnored]
        )
        #expect(codes([Make.policy(Policy(rules: [Make.from { $0.principals = ["a/*"] }]))]).isEmpty)
    }

    @Test(
        "TUL0207: actions that ztunnel does not know",
        arguments: [Declared.AuthorizationPolicy.Action.audit, .custom]
    )
    func actions(_ action: Declared.AuthorizationPolicy.Action) {
        #expect(codes([Make.policy(Policy(action: action, rules: [.init()]))]) == [.actionUnsupported])
        let target = Declared.TargetReference(group: "", kind: "Service", name: "web")
        #expect(codes([Make.policy(Policy(targetRefs: [target], action: action, rules: [.init()]))]).isEmpty)
    }

    private static func peers(
        _ name: String,
        in namespace: String = "shop",
        created: Int64 = 0,
        _ peers: Declared.PeerAuthentication
    ) -> DeclaredResource {
        Make.resource(name, in: namespace, created: created, .peerAuthentication(peers))
    }

    @Test("TUL0211: a port must be a workload's, not a service's")
    func peerPorts() throws {
        func policy(_ port: UInt16) -> DeclaredResource {
            Self.peers("pa", .init(selector: .init(matchLabels: [:]), portLevelModes: [port: .permissive]))
        }
        let facts = AnalysisFacts(
            services: [Make.service()],
            workloads: [Make.workload(labels: [:], ports: [8080, 9090])]
        )
        let found = try #require(Analyzer.findings(in: [policy(80)], facts: facts).first)
        #expect(found.code == .peerPortUnknown)
        #expect(found.message.contains("port 80") && found.message.contains("8080, 9090"))
        #expect(found.message.hasSuffix("it is the port of service web"))
        #expect(codes([policy(8080)], facts).isEmpty)
        #expect(codes([policy(80)]).isEmpty)
        #expect(
            codes([policy(80)], AnalysisFacts(workloads: [Make.workload(in: "other", labels: [:])])) != [
                .peerPortUnknown
            ]
        )
    }

    @Test("TUL0212: two for the same workloads, told at the younger")
    func twice() {
        let strict = Declared.PeerAuthentication(mode: .strict)
        let one = Self.peers("a", created: 9, strict)
        let older = Self.peers("z", created: 3, strict)
        #expect(Analyzer.findings(in: [one, older]).map { $0.key?.name } == ["a"])
        #expect(codes([one, older]) == [.peerAuthenticationTwice])
        #expect(codes([one, Self.peers("z", in: "other", strict)]).isEmpty)
        let selected = Declared.PeerAuthentication(selector: .init(matchLabels: ["a": "b", "c": "d"]), mode: .strict)
        #expect(codes([one, Self.peers("s", selected)]).isEmpty)
        #expect(codes([Self.peers("s", selected), Self.peers("t", selected)]) == [.peerAuthenticationTwice])
    }

    @Test("TUL0213: a selector in the root namespace, wherever that is")
    func rootSelector() {
        let selected = Declared.PeerAuthentication(selector: .init(matchLabels: ["a": "b"]), mode: .strict)
        #expect(codes([Self.peers("pa", in: "tulle-system", selected)]) == [.peerSelectorInRoot])
        #expect(codes([Self.peers("pa", in: "shop", selected)]).isEmpty)
        #expect(codes([Self.peers("pa", in: "tulle-system", .init(mode: .strict))]).isEmpty)
        let root = Make.resource("default", .meshConfig(.init(rootNamespace: "shop")))
        #expect(codes([root, Self.peers("pa", in: "shop", selected)]) == [.peerSelectorInRoot])
    }
}

import MeshConfig
import MeshProtos
import Testing

@testable import MeshCompile

@Suite("An AuthorizationPolicy on the wire")
struct PolicyTranslationTests {
    private typealias D = Declare

    private func translate(_ resource: DeclaredResource) throws -> PolicyTranslation {
        guard case .authorizationPolicy(let policy) = resource.spec else { throw Wire.Unreadable() }
        return PolicyTranslation(policy, metadata: resource.metadata, rootNamespace: D.root)
    }

    private func text(_ kind: IstioSecurity.StringMatch.Kind) -> IstioSecurity.StringMatch { .with { $0.kind = kind } }

    private func block(_ bytes: [UInt8], _ length: UInt32) -> IstioSecurity.Address {
        .with {
            $0.address = bytes
            $0.length = length
        }
    }

    private func account(_ namespace: String, _ name: String) -> IstioSecurity.ServiceAccountMatch {
        .with {
            $0.namespace = namespace
            $0.serviceAccount = name
        }
    }

    @Test("53: operations, then sources, then one clause a condition, each field in its place")
    func everyField() throws {
        let rule = D.Policy.Rule(
            from: [
                D.source {
                    $0.principals = ["cluster.local/ns/shop/sa/orders", "*", "cluster.local/*", "*/sa/cart"]
                    $0.notPrincipals = ["x"]
                    $0.namespaces = ["shop"]
                    $0.notNamespaces = ["at*"]
                },
                D.source {
                    $0.serviceAccounts = ["orders", "attic/cart"]
                    $0.notServiceAccounts = ["a/b"]
                    $0.ipBlocks = ["10.0.0.1", "10.0.3.4/16", "bad"]
                    $0.notIpBlocks = ["2001:db8::/32"]
                },
            ],
            to: [
                D.operation { $0.ports = ["80", "8080", "65536"] },
                D.operation { $0.notPorts = ["9090"] },
            ],
            when: [
                .init(key: "destination.ip", values: ["10.1.0.0/24"], notValues: ["10.1.0.7"]),
                .init(key: "destination.port", values: ["443"]),
            ]
        )
        let authorization = try #require(try self.translate(D.policy(.allow, [rule])).authorization)
        #expect(authorization.name == "p")
        #expect(authorization.namespace == "shop")
        #expect(authorization.scope == .namespace)
        #expect(authorization.action == .allow)
        let clauses = try #require(authorization.rules.first?.clauses)
        #expect(authorization.rules.count == 1)
        #expect(clauses.count == 4)
        #expect(
            clauses.first?.matches == [
                .with { $0.destinationPorts = [80, 8080] }, .with { $0.notDestinationPorts = [9090] },
            ]
        )
        #expect(
            clauses.dropFirst().first?.matches == [
                .with {
                    $0.principals = [
                        self.text(.exact("cluster.local/ns/shop/sa/orders")), self.text(.presence),
                        self.text(.prefix("cluster.local/")), self.text(.suffix("/sa/cart")),
                    ]
                    $0.notPrincipals = [self.text(.exact("x"))]
                    $0.namespaces = [self.text(.exact("shop"))]
                    $0.notNamespaces = [self.text(.prefix("at"))]
                },
                .with {
                    $0.serviceAccounts = [self.account("shop", "orders"), self.account("attic", "cart")]
                    $0.notServiceAccounts = [self.account("a", "b")]
                    $0.sourceIPs = [self.block([10, 0, 0, 1], 32), self.block([10, 0, 3, 4], 16)]
                    $0.notSourceIPs = [
                        self.block([0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 12), 32)
                    ]
                },
            ]
        )
        #expect(
            clauses.dropFirst(2).map(\.matches) == [
                [
                    .with {
                        $0.destinationIPs = [self.block([10, 1, 0, 0], 24)]
                        $0.notDestinationIPs = [self.block([10, 1, 0, 7], 32)]
                    }
                ],
                [.with { $0.destinationPorts = [443] }],
            ]
        )
    }

    @Test("53: the bytes are those of Istio's message")
    func bytes() throws {
        let authorization = try self.translate(
            D.policy(.deny, [D.to { $0.ports = ["8080"] }], selector: ["app": "echo"], dryRun: true)
        ).authorization
        // name "p", namespace "shop", scope 2, action 1, groups { rules { matches { ports 8080 } } }, dry_run
        let expected: [UInt8] = [
            0x0a, 0x01, 0x70, 0x12, 0x04, 0x73, 0x68, 0x6f, 0x70, 0x18, 0x02, 0x20, 0x01, 0x2a, 0x08, 0x0a, 0x06, 0x12,
            0x04, 0x4a, 0x02, 0x90, 0x3f, 0x30, 0x01,
        ]
        let decoded = try IstioSecurity.Authorization(decoding: authorization?.serialized ?? [])
        #expect(decoded == authorization)
        #expect(decoded.isDryRun)
        #expect(authorization?.serialized == expected)
    }

    @Test("53, 55: the scope follows from namespace and selector")
    func scopes() throws {
        let cases: [(String, [String: String]?, IstioSecurity.Authorization.Scope)] = [
            ("shop", nil, .namespace), (D.root, nil, .everywhere), ("shop", ["app": "x"], .workloadSelector),
            (D.root, ["app": "x"], .workloadSelector), ("shop", [:], .workloadSelector),
        ]
        for (namespace, selector, scope) in cases {
            let policy = D.policy(.allow, [], selector: selector, in: namespace)
            #expect(try self.translate(policy).authorization?.scope == scope)
        }
    }

    @Test("53: no rules stay no rules, and an empty rule stays one without clauses")
    func noRules() throws {
        #expect(try self.translate(D.policy(.allow, [])).authorization?.rules == [])
        #expect(try self.translate(D.policy(.allow, [.init()])).authorization?.rules == [.init()])
        #expect(try self.translate(D.policy(.deny, [.init()])).authorization?.rules == [.init()])
    }

    @Test("54: a policy with targets is not ztunnel's, and ztunnel says nothing of it")
    func targets() throws {
        let spec = D.Policy(targetRefs: [.init(group: "", kind: "Service", name: "orders")], action: .deny)
        let translation = try self.translate(D.resource(.authorizationPolicy(spec), "p"))
        #expect(translation.authorization == nil)
        #expect(translation.condition == nil)
    }

    @Test("54: AUDIT and CUSTOM are not sent", arguments: [D.Policy.Action.audit, .custom])
    func actions(_ action: Declared.AuthorizationPolicy.Action) throws {
        let translation = try self.translate(D.policy(action, [.init()]))
        #expect(translation.authorization == nil)
        #expect(translation.condition?.isTrue == false)
        #expect(translation.condition?.kind == .ztunnelAccepted)
        #expect(translation.condition?.reason == "UnsupportedValue")
        #expect(translation.condition?.message.contains(action.rawValue) == true)
    }

    static let statuses: [(String, DeclaredResource, String, [String])] = [
        ("L4-only DENY", D.policy(.deny, [D.to { $0.ports = ["80"] }]), "Accepted", []),
        ("dry run", D.policy(.deny, [.init()], dryRun: true), "Accepted", []),
        ("trust domain in DENY", D.policy(.deny, [D.from { $0.trustDomains = ["td"] }]), "Accepted", []),
        (
            "L7-only DENY", D.policy(.deny, [D.to { $0.methods = ["GET"] }]), "UnsupportedValue",
            ["to.operation.methods", "refuses every connection"]
        ),
        (
            "mixed DENY",
            D.policy(
                .deny,
                [
                    D.to {
                        $0.ports = ["80"]
                        $0.paths = ["/x"]
                        $0.hosts = ["x"]
                    }
                ]
            ),
            "UnsupportedValue", ["to.operation.hosts, to.operation.paths;", "refuse more"]
        ),
        (
            "L4 from and L7 when",
            D.policy(
                .deny,
                [
                    .init(
                        from: [D.source { $0.namespaces = ["attic"] }],
                        when: [.init(key: "request.headers[x]", values: ["y"])]
                    )
                ]
            ),
            "UnsupportedValue", ["when[request.headers[x]]", "refuse more"]
        ),
        (
            "ALLOW with methods", D.policy(.allow, [D.to { $0.methods = ["GET"] }]), "UnsupportedValue",
            ["to.operation.methods", "allow nothing"]
        ),
        (
            "ALLOW with trust domains", D.policy(.allow, [D.from { $0.trustDomains = ["td"] }]), "UnsupportedValue",
            ["from.source.trustDomains", "allow nothing"]
        ),
        (
            "a port that is none", D.policy(.allow, [D.to { $0.ports = ["x", "80"] }]), "UnsupportedValue",
            ["to.operation.ports", "match nothing"]
        ),
    ]

    @Test("54: the status says what could not be told, and what follows", arguments: statuses)
    func status(_ name: String, _ policy: DeclaredResource, _ reason: String, _ parts: [String]) throws {
        let condition = try #require(try self.translate(policy).condition)
        #expect(condition.kind == .ztunnelAccepted)
        #expect(condition.isTrue)
        #expect(condition.reason == reason)
        for part in parts { #expect(condition.message.contains(part), "\(condition.message)") }
    }
}

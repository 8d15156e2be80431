import MeshConfig

extension PolicyScenario {
    private typealias D = Declare

    /// One rule, as ALLOW and as DENY.
    private static func both(
        _ name: String,
        _ allowed: String? = nil,
        _ refusedBy: String? = nil,
        _ rule: D.Policy.Rule
    )
        -> [PolicyScenario]
    {
        [
            PolicyScenario("ALLOW \(name)", allowed, [D.policy(.allow, [rule])]),
            PolicyScenario("DENY \(name)", refusedBy, [D.policy(.deny, [rule])]),
        ]
    }

    /// Single fields: the first text is who an ALLOW lets through, the second who a DENY does.
    static let fields: [PolicyScenario] = [
        Self.both("nothing but a rule", "abcdefghi", "", D.Policy.Rule()),
        Self.both("a principal", "afh", "bcdegi", D.from { $0.principals = ["cluster.local/ns/shop/sa/orders"] }),
        Self.both(
            "a principal with scheme",
            "afh",
            nil,
            D.from { $0.principals = ["spiffe://cluster.local/ns/shop/sa/orders"] }
        ),
        Self.both("any principal", "abcdfhi", "eg", D.from { $0.principals = ["*"] }),
        Self.both("start of principal", "abcfhi", "deg", D.from { $0.principals = ["cluster.local/*"] }),
        Self.both("end of principal", "acdfh", "begi", D.from { $0.principals = ["*/sa/orders"] }),
        Self.both("star inside", "", "abcdefghi", D.from { $0.principals = ["cluster.local/*/sa/orders"] }),
        Self.both(
            "two principals",
            nil,
            nil,
            D.from { $0.principals = ["*/sa/cart", "other.example/ns/shop/sa/orders"] }
        ),
        Self.both(
            "not a principal",
            "bcdegi",
            "afh",
            D.from { $0.notPrincipals = ["cluster.local/ns/shop/sa/orders"] }
        ),
        Self.both("no principal", "eg", "abcdfhi", D.from { $0.notPrincipals = ["*"] }),
        Self.both("a namespace", "abdfh", nil, D.from { $0.namespaces = ["shop"] }),
        Self.both("start of namespace", "abdfhi", nil, D.from { $0.namespaces = ["shop*"] }),
        Self.both("not a namespace", "cegi", nil, D.from { $0.notNamespaces = ["shop"] }),
        Self.both("any namespace", "abcdfhi", nil, D.from { $0.namespaces = ["*"] }),
        Self.both("own account", "adfh", nil, D.from { $0.serviceAccounts = ["orders"] }),
        Self.both("account elsewhere", "c", nil, D.from { $0.serviceAccounts = ["attic/orders"] }),
        Self.both("not an account", "bcegi", nil, D.from { $0.notServiceAccounts = ["shop/orders"] }),
        Self.both("a block", "abcdefg", "hi", D.from { $0.ipBlocks = ["10.0.0.0/16"] }),
        Self.both("host bits", "abcdefg", "hi", D.from { $0.ipBlocks = ["10.0.255.1/16"] }),
        Self.both("an address", "h", nil, D.from { $0.ipBlocks = ["10.9.0.1"] }),
        Self.both("IPv6 block", "i", nil, D.from { $0.ipBlocks = ["2001:db8::/32"] }),
        Self.both("all of IPv4", "abcdefgh", nil, D.from { $0.ipBlocks = ["0.0.0.0/0"] }),
        Self.both("not a block", "hi", nil, D.from { $0.notIpBlocks = ["10.0.0.0/16"] }),
        Self.both("a port", "fg", "abcdehi", D.to { $0.ports = ["9090"] }),
        Self.both("not a port", "abcdehi", nil, D.to { $0.notPorts = ["9090"] }),
        Self.both("when source.ip", "h", nil, D.when("source.ip", ["10.9.0.0/24"])),
        Self.both("when source.ip not", "abcdefgi", nil, D.when("source.ip", not: ["10.9.0.0/24"])),
        Self.both("when source.namespace", "c", nil, D.when("source.namespace", ["attic"])),
        Self.both(
            "when source.namespace both",
            "ai",
            nil,
            D.Policy.Rule(
                from: [D.source { $0.notIpBlocks = ["10.9.0.0/16"] }],
                to: [D.operation { $0.notPorts = ["9090"] }],
                when: [
                    .init(key: "source.namespace", values: ["shop*"], notValues: ["attic"]),
                    .init(key: "source.principal", values: ["cluster.local/*"], notValues: ["*/sa/cart"]),
                ]
            )
        ),
        Self.both("when source.principal", "b", nil, D.when("source.principal", ["*/sa/cart"])),
        Self.both("when destination.ip", "i", nil, D.when("destination.ip", ["2001:db8::/64"])),
        Self.both("when destination.port", "fg", nil, D.when("destination.port", ["9090"])),
        Self.both("when destination.port not", "abcdehi", nil, D.when("destination.port", not: ["9090"])),
    ].flatMap { $0 }

    /// How parts are joined.
    static let joins: [PolicyScenario] = [
        Self.both(
            "two sources",
            "ch",
            nil,
            D.Policy.Rule(from: [
                D.source { $0.namespaces = ["attic"] }, D.source { $0.ipBlocks = ["10.9.0.0/16"] },
            ])
        ),
        Self.both(
            "two fields of one source",
            "afh",
            nil,
            D.from {
                $0.namespaces = ["shop"]
                $0.principals = ["cluster.local/*"]
                $0.notServiceAccounts = ["cart"]
            }
        ),
        Self.both(
            "source and operation",
            "f",
            nil,
            D.Policy.Rule(
                from: [D.source { $0.namespaces = ["shop"] }],
                to: [D.operation { $0.ports = ["9090"] }]
            )
        ),
        Self.both(
            "source or not, two operations",
            "adfh",
            nil,
            D.Policy.Rule(
                from: [D.source { $0.serviceAccounts = ["orders"] }],
                to: [D.operation { $0.ports = ["9090"] }, D.operation { $0.notPorts = ["9090"] }]
            )
        ),
        Self.both(
            "two conditions",
            "h",
            nil,
            D.Policy.Rule(when: [
                .init(key: "source.namespace", values: ["shop"]), .init(key: "source.ip", values: ["10.9.0.0/16"]),
            ])
        ),
        Self.both(
            "conditions that exclude each other",
            "",
            "abcdefghi",
            D.Policy.Rule(when: [
                .init(key: "source.namespace", values: ["shop"]), .init(key: "source.namespace", values: ["attic"]),
            ])
        ),
        [
            PolicyScenario(
                "two rules",
                "cfg",
                [
                    D.policy(.allow, [D.from { $0.namespaces = ["attic"] }, D.to { $0.ports = ["9090"] }])
                ]
            ),
            PolicyScenario("ALLOW without rules", "", [D.policy(.allow, [])]),
            PolicyScenario("DENY without rules", "abcdefghi", [D.policy(.deny, [])]),
            PolicyScenario(
                "two ALLOW policies",
                "bc",
                [
                    D.policy(.allow, [D.from { $0.namespaces = ["attic"] }], name: "one"),
                    D.policy(.allow, [D.from { $0.serviceAccounts = ["cart"] }], name: "two"),
                ]
            ),
            PolicyScenario(
                "DENY before ALLOW",
                "abd",
                [
                    D.policy(.allow, [D.from { $0.namespaces = ["shop"] }], name: "one"),
                    D.policy(
                        .deny,
                        [D.to { $0.ports = ["9090"] }, D.from { $0.ipBlocks = ["10.9.0.1"] }],
                        name: "two"
                    ),
                ]
            ),
            PolicyScenario("nothing at all", "abcdefghi", []),
        ],
    ].flatMap { $0 }

    /// Which policies count for a workload.
    static let scopes: [PolicyScenario] = [
        PolicyScenario("another namespace's", "abcdefghi", [D.policy(.deny, [.init()], in: "attic")]),
        PolicyScenario("the root namespace's", "", [D.policy(.deny, [.init()], in: D.root)]),
        PolicyScenario("selected", "", [D.policy(.deny, [.init()], selector: ["app": "echo"])]),
        PolicyScenario(
            "selected by two labels",
            "",
            [
                D.policy(.deny, [.init()], selector: ["app": "echo", "tier": "back"])
            ]
        ),
        PolicyScenario("not selected", "abcdefghi", [D.policy(.deny, [.init()], selector: ["app": "other"])]),
        PolicyScenario(
            "one label of two",
            "abcdefghi",
            [
                D.policy(.deny, [.init()], selector: ["app": "echo", "tier": "front"])
            ]
        ),
        PolicyScenario("an empty selector", "", [D.policy(.deny, [.init()], selector: [:])]),
        PolicyScenario(
            "selected from the root",
            "",
            [
                D.policy(.deny, [.init()], selector: ["app": "echo"], in: D.root)
            ]
        ),
        PolicyScenario(
            "not selected from the root",
            "abcdefghi",
            [
                D.policy(.deny, [.init()], selector: ["app": "other"], in: D.root)
            ]
        ),
        PolicyScenario(
            "an ALLOW that selects others",
            "abcdefghi",
            [
                D.policy(.allow, [], selector: ["app": "other"])
            ]
        ),
        PolicyScenario(
            "a bare account is of the policy's namespace",
            "",
            [
                D.policy(.allow, [D.from { $0.serviceAccounts = ["orders"] }], in: D.root)
            ]
        ),
        PolicyScenario("dry run", "abcdefghi", [D.policy(.deny, [.init()], dryRun: true)]),
        PolicyScenario(
            "dry run that selects",
            "abcdefghi",
            [
                D.policy(.deny, [.init()], selector: ["app": "echo"], dryRun: true)
            ]
        ),
        PolicyScenario("dry run ALLOW", "abcdefghi", [D.policy(.allow, [], dryRun: true)]),
        PolicyScenario("AUDIT", "abcdefghi", [D.policy(.audit, [.init()])]),
        PolicyScenario(
            "CUSTOM that selects",
            "abcdefghi",
            [
                D.policy(.custom, [.init()], selector: ["app": "echo"])
            ]
        ),
    ]

    /// What a ztunnel can't tell never lets anything through.
    static let unsupported: [PolicyScenario] = [
        Self.both("methods", "", "", D.to { $0.methods = ["GET"] }),
        Self.both(
            "ports and methods",
            "",
            "abcdehi",
            D.to {
                $0.ports = ["9090"]
                $0.methods = ["GET"]
            }
        ),
        Self.both(
            "source and methods",
            "",
            "cegi",
            D.Policy.Rule(
                from: [D.source { $0.namespaces = ["shop"] }],
                to: [D.operation { $0.notMethods = ["GET"] }]
            )
        ),
        Self.both(
            "source or JWT",
            "",
            "",
            D.Policy.Rule(from: [
                D.source { $0.namespaces = ["shop"] }, D.source { $0.requestPrincipals = ["*"] },
            ])
        ),
        Self.both(
            "source with JWT",
            "",
            "cegi",
            D.from {
                $0.namespaces = ["shop"]
                $0.requestPrincipals = ["*"]
            }
        ),
        Self.both(
            "header",
            "",
            "cegi",
            D.Policy.Rule(
                from: [D.source { $0.namespaces = ["shop"] }],
                when: [.init(key: "request.headers[x-user]", values: ["root"])]
            )
        ),
        Self.both("trust domain", "", "abcefghi", D.from { $0.trustDomains = ["other.example"] }),
        Self.both(
            "trust domain of namespace",
            "",
            "abcefghi",
            D.from {
                $0.trustDomains = ["other.example"]
                $0.namespaces = ["shop"]
            }
        ),
        Self.both("trust domain's start", "", "abcefghi", D.from { $0.trustDomains = ["other*"] }),
        Self.both("trust domain's end", "", "", D.from { $0.trustDomains = ["*.example"] }),
        Self.both("any trust domain", "", "eg", D.from { $0.trustDomains = ["*"] }),
        Self.both("not a trust domain", "", "abcfhi", D.from { $0.notTrustDomains = ["cluster.local"] }),
        Self.both(
            "trust domain and principal",
            "",
            nil,
            D.from {
                $0.trustDomains = ["other.example"]
                $0.principals = ["*/sa/orders"]
            }
        ),
        Self.both("a port that is none", "", "", D.to { $0.ports = ["http"] }),
        Self.both("a port that is none and one that is", "fg", "abcdehi", D.to { $0.ports = ["70000", "9090"] }),
        Self.both("not a port that is none", "", nil, D.to { $0.notPorts = ["http", "8080"] }),
        Self.both("a block that is none", "", "", D.from { $0.ipBlocks = ["10.0.0.0/33"] }),
        Self.both("blocks that are none beside one", "h", nil, D.from { $0.ipBlocks = ["x", "10.9.0.1"] }),
        Self.both("a source that says nothing", "", "", D.Policy.Rule(from: [D.Policy.Source()])),
        Self.both("an unknown attribute", "", "", D.when("experimental.envoy", ["x"])),
        [
            PolicyScenario(
                "ALLOW of methods beside another rule",
                "c",
                [
                    D.policy(.allow, [D.to { $0.methods = ["GET"] }, D.from { $0.namespaces = ["attic"] }])
                ]
            ),
            PolicyScenario(
                "DENY of methods beside an L4 rule",
                "",
                [
                    D.policy(.deny, [D.to { $0.methods = ["GET"] }, D.from { $0.namespaces = ["attic"] }])
                ]
            ),
        ],
    ].flatMap { $0 }
}

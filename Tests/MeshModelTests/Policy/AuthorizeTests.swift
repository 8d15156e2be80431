import Testing

@testable import MeshModel

@Suite struct AuthorizeTests {
    static let orders = Mesh.id("orders")
    static let other = Mesh.id("intruder", "attic")

    private func policy(
        _ name: String,
        _ action: AuthorizationPolicy.Action,
        scope: AuthorizationPolicy.Scope = .namespace,
        namespace: String = "shop",
        dryRun: Bool = false,
        _ clauses: [[PolicyMatch]]? = []
    ) -> AuthorizationPolicy {
        AuthorizationPolicy(
            name: name,
            namespace: namespace,
            scope: scope,
            action: action,
            rules: clauses.map { [.init(clauses: $0.map { .init(matches: $0) })] } ?? [],
            isDryRun: dryRun
        )
    }

    private func match(_ fill: (inout PolicyMatch) -> Void) -> PolicyMatch {
        var match = PolicyMatch()
        fill(&match)
        return match
    }

    private func verdict(
        _ policies: [AuthorizationPolicy],
        peer: SPIFFEID? = Self.orders,
        from source: String = "10.0.0.5",
        to destination: String = "10.0.0.9:8080",
        listed: [String] = []
    ) -> AuthorizationVerdict {
        let workload = Mesh.workload("echo", "10.0.0.9") { $0.authorizationPolicies = listed }
        let facts = ConnectionFacts(
            peer: peer,
            sourceIP: Mesh.ip(source),
            destination: Mesh.socket(destination)
        )
        return authorize(facts, workload: workload, snapshot: Mesh.snapshot([workload], [], policies))
    }

    @Test func withoutPoliciesEveryConnectionPasses() {
        #expect(self.verdict([]) == .allow(policy: nil))
        #expect(self.verdict([], peer: nil) == .allow(policy: nil))
    }

    @Test func aDenyThatDoesNotMatchLetsPass() {
        #expect(self.verdict([self.policy("d", .deny, nil)]) == .allow(policy: nil))
    }

    @Test func anAllowThatDoesNotMatchRefusesAllOthers() {
        #expect(self.verdict([self.policy("a", .allow, nil)]) == .deny(policy: nil, .policyNotAllowed))
    }

    private func verdict(
        rejected: [RejectedPolicy],
        _ policies: [AuthorizationPolicy] = [],
        listed: [String] = []
    ) -> AuthorizationVerdict {
        let workload = Mesh.workload("echo", "10.0.0.9") { $0.authorizationPolicies = listed }
        let facts = ConnectionFacts(
            peer: Self.orders,
            sourceIP: Mesh.ip("10.0.0.5"),
            destination: Mesh.socket("10.0.0.9:8080")
        )
        var change = MeshChange()
        change.policies = policies
        change.rejectedPolicies = rejected
        return authorize(facts, workload: workload, snapshot: Mesh.snapshot([workload], [], []).applying(change))
    }

    @Test func aPolicyThatCouldNotBeReadClosesWhatItWouldCover() {
        let whole = RejectedPolicy(key: "system/d", coverage: .mesh)
        let own = RejectedPolicy(key: "shop/d", coverage: .namespace("shop"))
        let foreign = RejectedPolicy(key: "attic/d", coverage: .namespace("attic"))
        let listed = RejectedPolicy(key: "shop/l", coverage: .listed)
        #expect(self.verdict(rejected: [whole]) == .deny(policy: "system/d", .policyInvalid))
        #expect(self.verdict(rejected: [own, whole]) == .deny(policy: "shop/d", .policyInvalid))
        #expect(self.verdict(rejected: [foreign, listed]) == .allow(policy: nil))
        #expect(self.verdict(rejected: [listed], listed: ["shop/l"]) == .deny(policy: "shop/l", .policyInvalid))
        let allow = self.policy("a", .allow)
        #expect(self.verdict(rejected: [own], [allow]) == .deny(policy: "shop/d", .policyInvalid))
        let deny = self.policy("e", .deny)
        #expect(self.verdict(rejected: [own], [deny]) == .deny(policy: "shop/e", .policyDenied))
    }

    @Test func anEarlierVersionOfAnUnreadablePolicyStaysInUse() {
        let held = self.policy("d", .deny, nil)
        let rejected = RejectedPolicy(key: "shop/d", coverage: .mesh)
        #expect(self.verdict(rejected: [rejected], [held]) == .allow(policy: nil))
    }

    @Test func aReadableVersionOrItsRemovalOpensAgain() {
        let rejected = MeshChange.with { $0.rejectedPolicies = [RejectedPolicy(key: "shop/d", coverage: .mesh)] }
        let closed = MeshSnapshot().applying(rejected)
        #expect(closed.rejectedPolicy(namespace: "shop") == "shop/d")
        let readable = MeshChange.with { $0.policies = [self.policy("d", .deny, nil)] }
        #expect(closed.applying(readable).rejectedPolicy(namespace: "shop") == nil)
        #expect(closed.applying(.with { $0.removedPolicies = ["shop/d"] }) == MeshSnapshot())
    }

    @Test func tooManyUnreadablePoliciesCloseTheWholeMesh() {
        let many = (0..<2_000).map { RejectedPolicy(key: "attic/\($0)", coverage: .namespace("attic")) }
        #expect(self.verdict(rejected: many) == .deny(policy: "", .policyInvalid))
        #expect(self.verdict(rejected: Array(many.prefix(1_000))) == .allow(policy: nil))
    }

    @Test func anAllowThatMatchesIsNamed() {
        #expect(self.verdict([self.policy("a", .allow)]) == .allow(policy: "shop/a"))
    }

    @Test func denyBeatsAllow() {
        let policies = [self.policy("a", .allow), self.policy("d", .deny)]
        #expect(self.verdict(policies) == .deny(policy: "shop/d", .policyDenied))
    }

    @Test func dryRunsDecideNothing() {
        #expect(self.verdict([self.policy("d", .deny, dryRun: true)]) == .allow(policy: nil))
        #expect(self.verdict([self.policy("a", .allow, dryRun: true, nil)]) == .allow(policy: nil))
        let both = [self.policy("a", .allow, nil), self.policy("b", .allow, dryRun: true)]
        #expect(self.verdict(both) == .deny(policy: nil, .policyNotAllowed))
    }

    @Test func scopesSelectWorkloads() {
        let foreign = self.policy("d", .deny, namespace: "attic")
        let mesh = self.policy("d", .deny, scope: .mesh, namespace: "system")
        let selected = self.policy("d", .deny, scope: .workload)
        #expect(self.verdict([foreign]) == .allow(policy: nil))
        #expect(self.verdict([mesh]) == .deny(policy: "system/d", .policyDenied))
        #expect(self.verdict([selected]) == .allow(policy: nil))
        #expect(self.verdict([selected], listed: ["shop/d"]) == .deny(policy: "shop/d", .policyDenied))
    }

    @Test func aListedPolicyThatIsMissingRefuses() {
        #expect(self.verdict([], listed: ["shop/gone"]) == .deny(policy: "shop/gone", .policyMissing))
        let allow = self.policy("a", .allow)
        #expect(self.verdict([allow], listed: ["shop/gone"]) == .deny(policy: "shop/gone", .policyMissing))
        // A DENY that is known says more.
        let deny = self.policy("d", .deny, scope: .workload)
        let verdict = self.verdict([deny], listed: ["shop/gone", "shop/d"])
        #expect(verdict == .deny(policy: "shop/d", .policyDenied))
    }

    @Test("rules, clauses and matches are joined as the specification says")
    func joins() {
        let yes = self.match { $0.destinationPorts = [8080] }
        let no = self.match { $0.destinationPorts = [1] }
        let empty = PolicyMatch()
        let cases: [(clauses: [[PolicyMatch]], matches: Bool)] = [
            ([], true),  // no clauses: everything
            ([[]], true),  // a clause without matches: everything
            ([[yes]], true),
            ([[no]], false),
            ([[yes, no]], true),  // any match
            ([[yes], [no]], false),  // all clauses
            ([[yes], []], true),
            ([[empty]], false),  // an empty match never matches
            ([[empty, yes]], true),
        ]
        for (index, entry) in cases.enumerated() {
            let verdict = self.verdict([self.policy("d", .deny, entry.clauses)])
            #expect(verdict.isAllowed == !entry.matches, "case \(index)")
        }
        // Any rule.
        var policy = self.policy("d", .deny, [[no]])
        policy.rules.append(.init(clauses: []))
        #expect(!self.verdict([policy]).isAllowed)
    }

    @Test("attributes against: no identity, the identity that matches, another one")
    func attributes() {
        typealias Row = (name: String, match: PolicyMatch, none: Bool, same: Bool, different: Bool)
        let account = PolicyMatch.ServiceAccount(namespace: "shop", name: "orders")
        let principal = "cluster.local/ns/shop/sa/orders"
        let rows: [Row] = [
            ("namespace", self.match { $0.namespaces = [.exact("shop")] }, false, true, false),
            ("not namespace", self.match { $0.notNamespaces = [.exact("shop")] }, true, false, true),
            ("no namespace", self.match { $0.namespaces = [.exact("")] }, true, false, false),
            ("principal", self.match { $0.principals = [.exact(principal)] }, false, true, false),
            ("not principal", self.match { $0.notPrincipals = [.exact(principal)] }, true, false, true),
            ("presence", self.match { $0.principals = [.presence] }, false, true, true),
            ("not presence", self.match { $0.notPrincipals = [.presence] }, true, false, false),
            ("with scheme", self.match { $0.principals = [.exact("spiffe://" + principal)] }, false, false, false),
            ("account", self.match { $0.serviceAccounts = [account] }, false, true, false),
            ("not account", self.match { $0.notServiceAccounts = [account] }, true, false, true),
            (
                "both",
                self.match {
                    $0.principals = [.presence]
                    $0.notNamespaces = [.prefix("att")]
                }, false, true, false
            ),
        ]
        for row in rows {
            let policies = [self.policy("d", .deny, [[row.match]])]
            #expect(self.verdict(policies, peer: nil).isAllowed == !row.none, "\(row.name), no identity")
            #expect(self.verdict(policies, peer: Self.orders).isAllowed == !row.same, "\(row.name), same")
            #expect(self.verdict(policies, peer: Self.other).isAllowed == !row.different, "\(row.name), other")
        }
    }

    @Test func addressesAndPorts() {
        func block(_ text: String, _ length: Int) -> PolicyMatch.Block {
            PolicyMatch.Block(base: Mesh.ip(text), prefixLength: length)
        }
        let rows: [(match: PolicyMatch, matches: Bool)] = [
            (self.match { $0.sourceIPs = [block("10.0.0.0", 24)] }, true),
            (self.match { $0.sourceIPs = [block("10.0.0.4", 32)] }, false),
            (self.match { $0.sourceIPs = [block("10.0.0.5", 32)] }, true),
            (self.match { $0.sourceIPs = [block("0.0.0.0", 0)] }, true),
            (self.match { $0.sourceIPs = [block("::", 0)] }, false),
            (self.match { $0.notSourceIPs = [block("10.0.0.0", 8)] }, false),
            (self.match { $0.destinationIPs = [block("10.0.0.9", 32)] }, true),
            (self.match { $0.notDestinationIPs = [block("10.0.0.9", 32)] }, false),
            (self.match { $0.destinationPorts = [80, 8080] }, true),
            (self.match { $0.destinationPorts = [80] }, false),
            (self.match { $0.notDestinationPorts = [80] }, true),
            (self.match { $0.notDestinationPorts = [8080] }, false),
        ]
        for (index, row) in rows.enumerated() {
            #expect(self.verdict([self.policy("d", .deny, [[row.match]])]).isAllowed == !row.matches, "row \(index)")
            // An IPv4 peer on an IPv6 socket is an IPv4 peer.
            let mapped = self.verdict([self.policy("d", .deny, [[row.match]])], from: "::ffff:10.0.0.5")
            #expect(mapped.isAllowed == !row.matches, "row \(index), mapped")
        }
    }

    @Test func strictMutualTLSIsADenyOfPeersWithoutIdentity() {
        let strict = self.policy(
            "istio_converted_static_strict",
            .deny,
            scope: .workload,
            namespace: "tulle-system",
            [[self.match { $0.notPrincipals = [.presence] }]]
        )
        #expect(!self.verdict([strict], peer: nil, listed: [strict.key]).isAllowed)
        #expect(self.verdict([strict], listed: [strict.key]).isAllowed)
    }

    @Test(
        "texts are compared byte by byte",
        arguments: [
            (StringMatch.exact("a"), "a", true), (.exact("a"), "A", false), (.exact("a"), "ab", false),
            (.exact("\u{e9}"), "e\u{301}", false), (.prefix("ab"), "abc", true), (.prefix("ab"), "a", false),
            (.prefix("e"), "e\u{301}", true), (.suffix("bc"), "abc", true), (.suffix("abc"), "bc", false),
            (.presence, "x", true), (.presence, "", false), (.exact("x"), "", false), (.prefix("x"), "", false),
            (.suffix("x"), "", false),
        ]
    )
    func strings(_ match: StringMatch, _ text: String, _ expected: Bool) {
        #expect(match.matches(text) == expected)
    }
}

extension MeshChange {
    fileprivate static func with(_ fill: (inout MeshChange) -> Void) -> MeshChange {
        var change = MeshChange()
        fill(&change)
        return change
    }
}

import MeshModel
import Testing

struct DryRunTests {
    private let workload: Workload
    private let facts: ConnectionFacts

    init() throws {
        let identity = try SPIFFEID(trustDomain: "td", namespace: "demo", serviceAccount: "echo")
        self.workload = Workload(uid: "u", identity: identity)
        let address = try #require(SocketAddress(parsing: "10.0.0.2:80"))
        self.facts = ConnectionFacts(peer: identity, sourceIP: address.ip, destination: address)
    }

    private func run(_ policies: [(AuthorizationPolicy.Action, port: UInt16, isDryRun: Bool)]) -> DryRun? {
        var change = MeshChange()
        for (index, policy) in policies.enumerated() {
            var match = PolicyMatch()
            match.destinationPorts = [policy.port]
            change.policies.append(
                AuthorizationPolicy(
                    name: "p\(index)",
                    namespace: "demo",
                    scope: .namespace,
                    action: policy.0,
                    rules: [.init(clauses: [.init(matches: [match])])],
                    isDryRun: policy.isDryRun
                )
            )
        }
        return DryRun(self.facts, workload: self.workload, snapshot: MeshSnapshot(change))
    }

    @Test("without a dry run there is nothing to say")
    func saysNothing() {
        #expect(self.run([]) == nil)
        #expect(self.run([(.deny, 80, false)]) == nil)
    }

    @Test("a DENY that matches, and ALLOWs of which none does, would refuse")
    func wouldRefuse() throws {
        #expect(try #require(self.run([(.deny, 80, true)])).denying == ["demo/p0"])
        #expect(try #require(self.run([(.deny, 80, true)])).wouldRefuse)
        #expect(try #require(self.run([(.allow, 81, true)])).wouldRefuse)
    }

    @Test("a DENY that doesn't match, and an ALLOW that does, would not")
    func wouldAllow() throws {
        #expect(
            try #require(self.run([(.deny, 81, true), (.allow, 81, true), (.allow, 80, true)])).wouldRefuse == false
        )
    }

    @Test("what decides a workload's verdicts is equal until a policy of its own changes")
    func tellsChanges() throws {
        var change = MeshChange()
        change.workloads = [self.workload]
        let first = MeshSnapshot(change)
        let before = ApplicablePolicies(for: self.workload, in: first)
        func policy(_ namespace: String, _ scope: AuthorizationPolicy.Scope) -> MeshSnapshot {
            var change = MeshChange()
            change.policies = [
                AuthorizationPolicy(name: "p", namespace: namespace, scope: scope, action: .deny, rules: [])
            ]
            return first.applying(change)
        }
        #expect(ApplicablePolicies(for: self.workload, in: policy("other", .namespace)) == before)
        #expect(ApplicablePolicies(for: self.workload, in: policy("demo", .workload)) == before)
        #expect(ApplicablePolicies(for: self.workload, in: policy("demo", .namespace)) != before)
        #expect(ApplicablePolicies(for: self.workload, in: policy("other", .mesh)) != before)
        var listing = self.workload
        listing.authorizationPolicies = ["demo/p"]
        #expect(ApplicablePolicies(for: listing, in: first) != before)
        #expect(
            ApplicablePolicies(for: listing, in: first)
                != ApplicablePolicies(for: listing, in: policy("demo", .workload))
        )
    }
}

import Testing

@testable import MeshModel

@Suite("Rules found by the peer's name") struct PolicyIndexTests {
    /// Rules by `seed`, with names of few peers, so that many meet.
    private static func rules(_ count: Int, _ random: inout Numbers) -> [AuthorizationPolicy.Rule] {
        func match() -> PolicyMatch {
            var match = PolicyMatch()
            let name = "a\(random.below(6))"
            switch random.below(7) {
            case 0: match.principals = [.exact("cluster.local/ns/shop/sa/\(name)"), .exact("other/ns/shop/sa/\(name)")]
            case 1: match.principals = [.exact("cluster.local/ns/shop/sa/\(name)"), .prefix("cluster.local/ns/attic/")]
            case 2: match.serviceAccounts = [.init(namespace: random.below(2) == 0 ? "shop" : "attic", name: name)]
            case 3: match.notPrincipals = [.suffix("/\(name)")]
            case 4: match.namespaces = [.exact("attic")]
            case 5: match.destinationPorts = [UInt16(random.below(3))]
            default: break
            }
            if random.below(3) == 0 { match.destinationPorts = [UInt16(random.below(3))] }
            return match
        }
        return (0..<count).map { _ in
            .init(
                clauses: (0..<random.below(3) + 1).map { _ in
                    .init(matches: (0..<random.below(4)).map { _ in match() })
                }
            )
        }
    }

    private struct Numbers {
        var generator: SystemRandomNumberGenerator = .init()
        mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self.generator) }
    }

    private static func policy(_ rules: [AuthorizationPolicy.Rule]) -> AuthorizationPolicy {
        AuthorizationPolicy(name: "many", namespace: "shop", scope: .namespace, action: .allow, rules: rules)
    }

    @Test("many rules say what each of them says by itself")
    func agrees() {
        var random = Numbers()
        var verdicts: Set<Bool> = []
        for _ in 0..<300 {
            // Rules that hold for everybody would leave little to see.
            let rules = Self.rules(40, &random).filter { rule in !rule.clauses.allSatisfy { $0.matches.isEmpty } }
            var peers: [SPIFFEID?] = [nil]
            for name in 0..<7 { peers += [Mesh.id("a\(name)"), Mesh.id("a\(name)", "attic")] }
            for peer in peers {
                let facts = ConnectionFacts(
                    peer: peer,
                    sourceIP: Mesh.ip("10.0.0.5"),
                    destination: Mesh.socket("10.0.0.9:\(random.below(4))")
                )
                for part in [Array(rules), Array(rules.prefix(17))] where part.count >= 16 {
                    let alone = part.contains { Self.policy([$0]).matches(facts) }
                    let together = Self.policy(part).matches(facts)
                    verdicts.insert(together)
                    guard alone == together else {
                        Issue.record("\(facts): \(together) together, \(alone) one by one, of \(part)")
                        return
                    }
                }
            }
        }
        #expect(verdicts == [true, false])
    }

    @Test("a match of many names holds for those that one of them alone holds for")
    func manyNames() {
        func facts(_ peer: SPIFFEID?) -> ConnectionFacts {
            ConnectionFacts(peer: peer, sourceIP: Mesh.ip("10.0.0.5"), destination: Mesh.socket("10.0.0.9:80"))
        }
        let names = (0..<40).map { "a\($0)" }
        let lists: [(inout PolicyMatch, [String]) -> Void] = [
            { $0.principals = $1.map { .exact("cluster.local/ns/shop/sa/\($0)") } },
            { $0.serviceAccounts = $1.map { .init(namespace: "shop", name: $0) } },
            { match, names in
                match.principals = names.map { .exact("cluster.local/ns/shop/sa/\($0)") }
                match.notPrincipals = [.suffix("7")]
                match.notServiceAccounts = [.init(namespace: "shop", name: "a9")]
            },
            { match, names in
                match.principals = names.map { .exact("cluster.local/ns/shop/sa/\($0)") }
                match.principals.append(.prefix("cluster.local/ns/attic/"))
            },
        ]
        let peers = [nil] + (names + ["a40", "A1"]).flatMap { [Mesh.id($0), Mesh.id($0, "attic")] }
        for fill in lists {
            var together = PolicyMatch()
            fill(&together, names)
            let alone = names.map { name in
                var match = PolicyMatch()
                fill(&match, [name])
                return match
            }
            let verdicts = peers.map { together.matches(facts($0)) }
            #expect(verdicts == peers.map { peer in alone.contains { $0.matches(facts(peer)) } })
            #expect(Set(verdicts) == [true, false])
            var other = PolicyMatch()
            fill(&other, names.reversed())
            #expect(together != other)
        }
    }

    @Test("names beyond ASCII are compared by their bytes, also among many")
    func bytes() {
        let (one, other) = ("cluster.local/ns/shop/sa/\u{e9}", "cluster.local/ns/shop/sa/e\u{301}")
        #expect(one == other)
        let rest = (0..<20).map { StringMatch.exact("cluster.local/ns/shop/sa/a\($0)") }
        #expect(PrincipalIndex(rest + [.exact(one)]) == nil)
        #expect(PrincipalIndex(rest + [.presence]) == nil)
        // A Kelvin sign is the same text as a K.
        let index = PrincipalIndex(rest + [.exact("K")])
        #expect(index?.contains("K") == true)
        #expect(index?.contains("\u{212a}") == false)
        #expect(!StringMatch.exact(one).matches(other))
    }

    @Test("rules that are changed are found anew, and the index tells no policies apart")
    func changes() {
        func named(_ name: String) -> AuthorizationPolicy.Rule {
            var match = PolicyMatch()
            match.principals = [.exact("cluster.local/ns/shop/sa/\(name)")]
            return .init(clauses: [.init(matches: [match])])
        }
        let facts = ConnectionFacts(
            peer: Mesh.id("orders", "shop"),
            sourceIP: Mesh.ip("10.0.0.5"),
            destination: Mesh.socket("10.0.0.9:80")
        )
        var policy = Self.policy((0..<1_000).map { named("nobody-\($0)") })
        #expect(!policy.matches(facts))
        policy.rules.append(named("orders"))
        #expect(policy.matches(facts))
        #expect(policy == Self.policy(policy.rules))
        #expect(policy.hashValue == Self.policy(policy.rules).hashValue)
    }
}

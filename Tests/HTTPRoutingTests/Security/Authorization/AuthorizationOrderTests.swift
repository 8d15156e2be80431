import MeshProtos
import Testing

@testable import HTTPRouting

/// The order of actions, and what an empty policy means (S14, S15, S25).
struct AuthorizationOrderTests {
    @Test func withoutPoliciesEverythingPasses() {
        #expect(Sample.engine([]).decision(Sample.request()).verdict == .allow(nil))
        #expect(Sample.engine([]).isEmpty)
    }

    @Test(arguments: [
        (Policy.Action.allow, [Policy.Rule](), false),
        (.allow, [Sample.rule()], true),
        (.deny, [], true),
        (.deny, [Sample.rule()], false),
        (.audit, [Sample.rule()], true),
    ])
    func emptyPolicies(_ action: Policy.Action, _ rules: [Policy.Rule], _ isAllowed: Bool) {
        #expect(Sample.engine([Sample.policy(action, rules)]).allows(Sample.request()) == isAllowed)
    }

    @Test func denyBeatsAllow() {
        let engine = Sample.engine([
            Sample.policy(.allow, name: "open", [Sample.rule()]),
            Sample.policy(
                .deny,
                name: "shut",
                [Sample.to { $0.methods = ["PUT"] }, Sample.to { $0.paths = ["/admin*"] }]
            ),
        ])
        let rule = PolicyRule(namespace: "apps", name: "shut", index: 1)
        let verdict = engine.decision(Sample.request("GET", "/admin/x")).verdict
        #expect(verdict == .deny(.matched(rule)))
        #expect(
            AccessDenial.matched(rule).detail
                == "rbac_access_denied_matched_policy[ns[apps]-policy[shut]-rule[1]]"
        )
        #expect(
            engine.decision(Sample.request("GET", "/")).verdict
                == .allow(PolicyRule(namespace: "apps", name: "open", index: 0))
        )
    }

    @Test func noAllowRuleFits() {
        let engine = Sample.engine([Sample.policy(.allow, [Sample.to { $0.methods = ["GET"] }])])
        #expect(engine.decision(Sample.request("POST")).verdict == .deny(.notAllowed))
        #expect(AccessDenial.notAllowed.detail == "rbac_access_denied_matched_policy[none]")
        #expect(AccessDenial.status == 403)
        #expect(AccessDenial.body == "RBAC: access denied")
    }

    @Test func policiesOfOneActionAreJoined() {
        let engine = Sample.engine([
            Sample.policy(.allow, name: "a", [Sample.to { $0.paths = ["/a"] }]),
            Sample.policy(.allow, name: "b", [Sample.to { $0.paths = ["/b"] }]),
        ])
        #expect(engine.allows(Sample.request("GET", "/a")))
        #expect(engine.allows(Sample.request("GET", "/b")))
        #expect(!engine.allows(Sample.request("GET", "/c")))
    }

    @Test func auditOnlyReports() {
        let engine = Sample.engine([Sample.policy(.audit, name: "log", [Sample.to { $0.methods = ["GET"] }])])
        let decision = engine.decision(Sample.request("GET"))
        #expect(decision.verdict == .allow(nil))
        #expect(decision.audits == [PolicyRule(namespace: "apps", name: "log", index: 0)])
        #expect(engine.decision(Sample.request("PUT")).audits.isEmpty)
    }

    /// S14
    @Test func dryRunsHaveNoEffectAndAreCounted() {
        let engine = Sample.engine([
            Sample.policy(.deny, name: "d", dryRun: true, [Sample.to { $0.methods = ["PUT"] }]),
            Sample.policy(.allow, name: "a", dryRun: true, [Sample.to { $0.paths = ["/ok"] }]),
        ])
        let denied = engine.decision(Sample.request("PUT", "/no"))
        #expect(denied.verdict == .allow(nil))
        let rule = PolicyRule(namespace: "apps", name: "d", index: 0)
        #expect(denied.shadowDeny == ShadowVerdict(isAllowed: false, rule: rule))
        #expect(denied.shadowAllow == ShadowVerdict(isAllowed: false, rule: nil))
        let allowed = engine.decision(Sample.request("GET", "/ok"))
        #expect(allowed.shadowDeny == ShadowVerdict(isAllowed: true, rule: nil))
        #expect(allowed.shadowAllow?.isAllowed == true)
        #expect(Sample.engine([]).decision(Sample.request()).shadowAllow == nil)
    }

    /// S15
    @Test func customPoliciesSayWhomToAsk() {
        let engine = Sample.engine(
            [
                Sample.policy(.custom, name: "z", provider: "zeta", [Sample.to { $0.paths = ["/a*"] }]),
                Sample.policy(.custom, name: "e", provider: "ext", [Sample.to { $0.paths = ["/a", "/b"] }]),
                Sample.policy(.custom, name: "n", provider: "missing", [Sample.to { $0.paths = ["/c"] }]),
                Sample.policy(.custom, name: "s", dryRun: true, provider: "missing", [Sample.rule()]),
                Sample.policy(.deny, name: "d", [Sample.to { $0.paths = ["/b"] }]),
            ],
            authorizers: ["ext", "zeta"]
        )
        #expect(engine.gate(Sample.request("GET", "/a")) == .ask(["ext", "zeta"]))
        #expect(engine.gate(Sample.request("GET", "/ab")) == .ask(["zeta"]))
        #expect(engine.gate(Sample.request("GET", "/b")) == .ask(["ext"]))
        #expect(!engine.allows(Sample.request("GET", "/b")))
        #expect(engine.gate(Sample.request("GET", "/x")) == .open)
        let rule = PolicyRule(namespace: "apps", name: "n", index: 0)
        #expect(engine.gate(Sample.request("GET", "/c")) == .deny(.unknownAuthorizer(rule, name: "missing")))
    }

    @Test(arguments: [
        (Policy.Action.allow, Sample.to { $0.ports = ["http"] }, "port http must be 1...65535"),
        (.deny, Sample.to { $0.ports = ["0"] }, "port 0 must be 1...65535"),
        (
            .deny, Sample.from { $0.ipBlocks = ["10.0.0.0/33"] },
            "ipBlocks 10.0.0.0/33 must be an IP address or <address>/<prefix length>"
        ),
        (.allow, Sample.from { _ in }, "from.source is empty; at least one field is needed"),
        (.deny, Sample.to { _ in }, "to.operation is empty; at least one field is needed"),
        (.deny, Sample.when("request.nothing", ["x"]), "when key request.nothing is none that a waypoint knows"),
        (
            .deny, Sample.when("request.headers[a b]", ["x"]),
            "when request.headers[a b]: the name between brackets is none of a header"
        ),
        (
            .deny, Sample.when("request.headers[a][b]", ["x"]),
            "when key request.headers[a][b] is none that a waypoint knows"
        ),
        (.deny, Sample.when("source.ip"), "when source.ip needs values or notValues"),
        (
            .allow, Sample.to { $0.paths = ["/a/{**}/{*}"] },
            "path /a/{**}/{*} must have {*} and one {**}, followed by plain segments, as whole segments"
        ),
        (.allow, Sample.from { $0.trustDomains = ["*a*"] }, "trust domain *a* must have at most one *"),
        (
            .allow, Sample.from { $0.serviceAccounts = ["a/b/c"] },
            "service account a/b/c must be <account> or <namespace>/<account>"
        ),
    ])
    func whatCannotBeEnforcedRefusesAll(_ action: Policy.Action, _ rule: Policy.Rule, _ reason: String) {
        let engine = Sample.engine([
            Sample.policy(.allow, name: "open", [Sample.rule()]), Sample.policy(action, name: "bad", [rule]),
        ])
        let fault = PolicyFault(policy: "apps/bad", reason: reason)
        #expect(engine.faults == [fault])
        #expect(engine.decision(Sample.request()).verdict == .deny(.invalid(fault)))
        #expect(engine.gate(Sample.request()) == .deny(.invalid(fault)))
    }

    @Test func faultsOfWhatIsNotEnforcedOnlyShow() {
        let engine = Sample.engine([
            Sample.policy(.deny, dryRun: true, [Sample.to { $0.ports = ["x"] }]),
            Sample.policy(.audit, [Sample.to { $0.ports = ["x"] }]),
        ])
        #expect(engine.faults.count == 2)
        #expect(engine.allows(Sample.request()))
    }

    @Test func customWithoutProviderAndForeignActionsRefuse() {
        #expect(!Sample.engine([Sample.policy(.custom, [])]).allows(Sample.request()))
        #expect(!Sample.engine([Sample.policy(Policy.Action(rawValue: 9), [])]).allows(Sample.request()))
    }

    @Test func requestsMeetOnlyRulesAboutTheirClient() {
        let rules = (0..<1_000).map { number in
            Sample.rule(from: [.with { $0.principals = ["td/ns/n/sa/s\(number)"] }], to: [.with { $0.paths = ["/a"] }])
        }
        let policies = stride(from: 0, to: 1_000, by: 100).map { start in
            Sample.policy(.allow, name: "p\(start)", Array(rules[start..<start + 100]))
        }
        let elsewhere = Sample.policy(.deny, [Sample.rule(from: [.with { $0.namespaces = ["x"] }])])
        let engine = Sample.engine(policies + [elsewhere])
        let connection = Sample.connection(peer: "td/ns/n/sa/s517")
        let standing = engine.standing(for: connection)
        #expect(standing.ruleCount == 1)
        let expected = PolicyRule(namespace: "apps", name: "p500", index: 17)
        #expect(standing.decision(Sample.request("GET", "/a", connection: connection)).verdict == .allow(expected))
        #expect(engine.standing(for: Sample.connection(peer: "td/ns/n/sa/t")).ruleCount == 0)
    }
}

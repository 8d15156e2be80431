import MeshModel

/// How the policies of a service look at one connection: the rules that its requests can still fit.
///
/// Most rules fail on the peer, the addresses or the port, which all requests of a connection share. So a request costs
/// what the rules about this client cost, not what all rules do.
package struct AuthorizationStanding: Sendable {
    private let engine: AuthorizationEngine
    private let connection: ConnectionFacts
    private let principals: [String]
    private let custom: [[Int]]
    private let deny: [Int]
    private let allow: [Int]
    private let audit: [Int]
    private let shadowDeny: [Int]
    private let shadowAllow: [Int]

    init(_ engine: AuthorizationEngine, _ connection: ConnectionFacts) {
        self.engine = engine
        self.connection = connection
        self.principals = connection.peer.map { engine.names.names(of: $0) } ?? []
        var subject = Self.subject(Self.blank(connection), self.principals, engine)
        self.custom = engine.custom.map { $0.rules.candidates(&subject) }
        self.deny = engine.deny.candidates(&subject)
        self.allow = engine.allow.candidates(&subject)
        self.audit = engine.audit.candidates(&subject)
        self.shadowDeny = engine.shadowDeny.candidates(&subject)
        self.shadowAllow = engine.shadowAllow.candidates(&subject)
    }

    /// How many rules a request of this connection is compared with.
    var ruleCount: Int {
        self.custom.reduce(0) { $0 + $1.count } + self.deny.count + self.allow.count + self.audit.count
            + self.shadowDeny.count + self.shadowAllow.count
    }

    /// Who has to be asked about the request before ``decision(_:)``.
    package func gate(_ view: RequestView) -> AuthorizerGate {
        if let closing = self.engine.closing { return .deny(.invalid(closing)) }
        guard !self.engine.custom.isEmpty else { return .open }
        var subject = Self.subject(view, self.principals, self.engine)
        var authorizers: [String] = []
        for (asking, places) in zip(self.engine.custom, self.custom) {
            guard let rule = asking.rules.first(of: places, &subject) else { continue }
            guard asking.isKnown else { return .deny(.unknownAuthorizer(rule, name: asking.authorizer)) }
            authorizers.append(asking.authorizer)
        }
        return authorizers.isEmpty ? .open : .ask(authorizers)
    }

    /// What DENY and ALLOW policies say about the request, as it is after authorizers changed it.
    package func decision(_ view: RequestView) -> AccessDecision {
        if let closing = self.engine.closing { return AccessDecision(verdict: .deny(.invalid(closing))) }
        guard !self.engine.isEmpty else { return AccessDecision(verdict: .allow(nil)) }
        var subject = Self.subject(view, self.principals, self.engine)
        var decision = AccessDecision(verdict: self.verdict(&subject))
        for place in self.audit where self.engine.audit.rules[place].holds(&subject) {
            decision.audits.append(self.engine.audit.rules[place].origin)
        }
        if self.engine.shadowDeny.policies > 0 {
            let rule = self.engine.shadowDeny.first(of: self.shadowDeny, &subject)
            decision.shadowDeny = ShadowVerdict(isAllowed: rule == nil, rule: rule)
        }
        if self.engine.shadowAllow.policies > 0 {
            let rule = self.engine.shadowAllow.first(of: self.shadowAllow, &subject)
            decision.shadowAllow = ShadowVerdict(isAllowed: rule != nil, rule: rule)
        }
        return decision
    }

    /// ``gate(_:)`` for a connection whose bytes nobody reads.
    package func gate() -> AuthorizerGate { self.gate(Self.blank(self.connection)) }

    /// ``decision(_:)`` for a connection whose bytes nobody reads.
    package func decision() -> AccessDecision { self.decision(Self.blank(self.connection)) }

    private func verdict(_ subject: inout AccessSubject) -> AccessVerdict {
        if let rule = self.engine.deny.first(of: self.deny, &subject) { return .deny(.matched(rule)) }
        guard self.engine.allow.policies > 0 else { return .allow(nil) }
        guard let rule = self.engine.allow.first(of: self.allow, &subject) else { return .deny(.notAllowed) }
        return .allow(rule)
    }

    private static func subject(
        _ view: RequestView,
        _ principals: [String],
        _ engine: AuthorizationEngine
    ) -> AccessSubject {
        AccessSubject(view, principals: principals, trustedProxies: engine.trustedProxies)
    }

    private static func blank(_ connection: ConnectionFacts) -> RequestView {
        RequestView(method: "", scheme: "", authority: "", path: "", fields: [], connection: connection)
    }
}

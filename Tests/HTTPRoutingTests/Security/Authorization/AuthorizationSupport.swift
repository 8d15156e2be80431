import MeshModel
import MeshProtos

@testable import HTTPRouting

typealias Policy = TulleL7.AuthorizationPolicy

/// Policies and requests for tests, with as few words as they need.
enum Sample {
    static func policy(
        _ action: Policy.Action,
        name: String = "p",
        namespace: String = "apps",
        dryRun: Bool = false,
        provider: String = "",
        _ rules: [Policy.Rule]
    ) -> Policy {
        Policy.with {
            $0.namespace = namespace
            $0.name = name
            $0.action = action
            $0.dryRun = dryRun
            $0.provider = provider
            $0.rules = rules
        }
    }

    static func rule(
        from: [Policy.Source] = [],
        to: [Policy.Operation] = [],
        when: [Policy.Condition] = []
    ) -> Policy.Rule {
        Policy.Rule.with {
            $0.from = from
            $0.to = to
            $0.when = when
        }
    }

    static func from(_ fill: (inout Policy.Source) -> Void) -> Policy.Rule { self.rule(from: [.with(fill)]) }
    static func to(_ fill: (inout Policy.Operation) -> Void) -> Policy.Rule { self.rule(to: [.with(fill)]) }
    static func when(_ key: String, _ values: [String] = [], not: [String] = []) -> Policy.Rule {
        self.rule(when: [
            .with {
                $0.key = key
                $0.values = values
                $0.notValues = not
            }
        ])
    }

    static func connection(
        peer: String? = "td/ns/ns-1/sa/a",
        source: String = "10.0.0.1:41000",
        destination: String = "240.240.0.1:8080",
        serverName: String? = nil
    ) -> HTTPRouting.ConnectionFacts {
        HTTPRouting.ConnectionFacts(
            peer: peer.flatMap { try? SPIFFEID(parsing: "spiffe://" + $0) },
            local: try? SPIFFEID(parsing: "spiffe://td/ns/apps/sa/waypoint"),
            source: SocketAddress(parsing: source) ?? SocketAddress(ip: IPAddress(v4: 0), port: 0),
            destination: SocketAddress(parsing: destination) ?? SocketAddress(ip: IPAddress(v4: 0), port: 0),
            serverName: serverName
        )
    }

    static func request(
        _ method: String = "GET",
        _ path: String = "/",
        query: String? = nil,
        authority: String = "b.apps",
        fields: [HeaderField] = [],
        tokens: [ClaimValue] = [],
        connection: HTTPRouting.ConnectionFacts? = nil
    ) -> RequestView {
        RequestView(
            method: method,
            scheme: "http",
            authority: authority,
            path: path,
            query: query,
            fields: fields,
            tokens: tokens,
            connection: connection ?? self.connection()
        )
    }

    static func engine(
        _ policies: [Policy],
        trustDomains: [String] = ["td"],
        trustedProxies: Int = 0,
        authorizers: Set<String> = ["ext"],
        kind: AuthorizationEngine.Kind = .requests
    ) -> AuthorizationEngine {
        AuthorizationEngine(
            policies,
            settings: AuthorizationSettings(
                trustDomains: trustDomains,
                trustedProxies: trustedProxies,
                authorizers: authorizers
            ),
            kind: kind
        )
    }
}

extension AuthorizationEngine {
    /// What the policies say about a request.
    func decision(_ view: RequestView) -> AccessDecision { self.standing(for: view.connection).decision(view) }

    /// Who has to be asked.
    func gate(_ view: RequestView) -> AuthorizerGate { self.standing(for: view.connection).gate(view) }

    /// Whether the request may pass.
    func allows(_ view: RequestView) -> Bool { self.decision(view).verdict.isAllowed }
}

extension ClaimValue {
    /// A token's payload of texts and lists.
    static func token(_ members: [(String, ClaimValue)]) -> ClaimValue {
        .object(members.map { Member(name: $0.0, value: $0.1) })
    }
}

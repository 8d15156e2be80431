import MeshModel
import MeshProtos

/// Lists of who may, and the one that the scripts ask for: the last of each.
enum ScriptPolicies {
    /// How many callers a list names.
    static let callers = 1_000

    /// The service account of a caller.
    static func caller(_ number: Int) -> String { "caller-\(number)" }

    /// The last caller.
    static func last() throws -> SPIFFEID { try ScriptMesh.identity(self.caller(self.callers - 1)) }

    private static func principal(_ number: Int) -> String { "cluster.local/ns/demo/sa/\(self.caller(number))" }

    /// For connections: a rule a caller.
    static let ruleEach = Self.policy(
        (0..<Self.callers).map { number in
            var match = PolicyMatch()
            match.principals = [.exact(Self.principal(number))]
            return AuthorizationPolicy.Rule(clauses: [.init(matches: [match])])
        }
    )

    /// For connections: all callers in one rule.
    static let ruleForAll: AuthorizationPolicy = {
        var match = PolicyMatch()
        match.principals = (0..<Self.callers).map { .exact(Self.principal($0)) }
        return Self.policy([AuthorizationPolicy.Rule(clauses: [.init(matches: [match])])])
    }()

    private static func policy(_ rules: [AuthorizationPolicy.Rule]) -> AuthorizationPolicy {
        AuthorizationPolicy(name: "callers", namespace: "demo", scope: .namespace, action: .allow, rules: rules)
    }

    /// For requests: one rule for everybody who reads, and one caller who may also write.
    static let requests = TulleL7.AuthorizationPolicy.with {
        $0.namespace = "demo"
        $0.name = "readers"
        $0.action = .allow
        $0.rules = [
            .with {
                $0.from = [.with { $0.namespaces = ["demo"] }]
                $0.to = [
                    .with {
                        $0.methods = ["GET", "HEAD"]
                        $0.paths = ["/api/*"]
                    }
                ]
            },
            .with {
                $0.from = [.with { $0.principals = [Self.principal(1)] }]
                $0.to = [.with { $0.methods = ["POST"] }]
            },
        ]
    }

    /// For requests: a rule a caller, with its own method and paths.
    static let requestsOfCallers = TulleL7.AuthorizationPolicy.with {
        $0.namespace = "demo"
        $0.name = "callers"
        $0.action = .allow
        $0.rules = (0..<Self.callers).map { number in
            .with {
                $0.from = [.with { $0.principals = [Self.principal(number)] }]
                $0.to = [
                    .with {
                        $0.methods = ["GET"]
                        $0.paths = ["/api/*"]
                    }
                ]
            }
        }
    }
}

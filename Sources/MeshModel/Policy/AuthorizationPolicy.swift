/// Who may connect to which workloads, as Istio's ztunnel enforces it.
///
/// The levels alternate: any rule, all of its clauses, any of a clause's matches, all of a match's attributes, any of an
/// attribute's values.
package struct AuthorizationPolicy: Hashable, Sendable {
    /// Which workloads it applies to.
    package enum Scope: String, Hashable, Sendable, CaseIterable {
        /// All.
        case mesh
        /// Those of its namespace.
        case namespace
        /// Those that list it.
        case workload
    }

    /// What a match means.
    package enum Action: String, Hashable, Sendable, CaseIterable {
        case allow, deny
    }

    /// All of its clauses must match; one without clauses matches everything.
    package struct Rule: Hashable, Sendable {
        /// The clauses.
        package var clauses: [Clause]

        /// A rule of `clauses`.
        package init(clauses: [Clause]) { self.clauses = clauses }

        fileprivate func matches(_ connection: ConnectionFacts, _ principal: String?) -> Bool {
            self.clauses.allSatisfy { clause in
                clause.matches.isEmpty || clause.matches.contains { $0.matches(connection, principal: principal) }
            }
        }
    }

    /// Any of its matches must match; one without matches matches everything.
    package struct Clause: Hashable, Sendable {
        /// The matches.
        package var matches: [PolicyMatch]

        /// A clause of `matches`.
        package init(matches: [PolicyMatch]) { self.matches = matches }
    }

    /// The name, unique in its namespace.
    package var name: String
    /// The namespace.
    package var namespace: String
    /// Which workloads it applies to.
    package var scope: Scope
    /// What a match means.
    package var action: Action
    /// The rules; a policy without rules matches nothing.
    package var rules: [Rule] { didSet { self.index = PolicyIndex(self.rules) } }
    /// Whether it decides nothing.
    package var isDryRun: Bool
    private var index: PolicyIndex?

    /// A policy.
    package init(
        name: String,
        namespace: String,
        scope: Scope,
        action: Action,
        rules: [Rule],
        isDryRun: Bool = false
    ) {
        self.name = name
        self.namespace = namespace
        self.scope = scope
        self.action = action
        self.rules = rules
        self.isDryRun = isDryRun
        self.index = PolicyIndex(rules)
    }

    /// `namespace/name`, as workloads list it and xDS names it.
    package var key: String { "\(self.namespace)/\(self.name)" }

    /// Whether a rule matches.
    package func matches(_ connection: ConnectionFacts) -> Bool {
        let principal = connection.peer?.principal
        guard let index else { return self.rules.contains { $0.matches(connection, principal) } }
        return index.contains(for: connection.peer, principal) { self.rules[$0].matches(connection, principal) }
    }
}

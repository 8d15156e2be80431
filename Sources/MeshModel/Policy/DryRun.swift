/// What policies in dry run would do to a connection: nothing is refused for it, but the operator wants to know.
package struct DryRun: Hashable, Sendable {
    /// The DENY policies that match, by key.
    package var denying: [String] = []
    /// The ALLOW policies that match, by key.
    package var allowing: [String] = []
    /// Whether there are ALLOW policies and none of them matches.
    package var isNotAllowed = false

    /// Whether enforcing the policies would refuse a connection that is let through now.
    package var wouldRefuse: Bool { !self.denying.isEmpty || self.isNotAllowed }

    /// Evaluates the dry runs for `workload`; nil when none applies.
    package init?(_ connection: ConnectionFacts, workload: Workload, snapshot: MeshSnapshot) {
        var count = 0
        var allows = 0
        let listed = workload.authorizationPolicies.lazy.compactMap { snapshot.policy(key: $0) }
        for policy in Array(snapshot.unlistedPolicies(namespace: workload.namespace)) + listed where policy.isDryRun {
            count += 1
            if policy.action == .allow { allows += 1 }
            guard policy.matches(connection) else { continue }
            if policy.action == .deny { self.denying.append(policy.key) } else { self.allowing.append(policy.key) }
        }
        guard count > 0 else { return nil }
        self.isNotAllowed = allows > 0 && self.allowing.isEmpty
    }
}

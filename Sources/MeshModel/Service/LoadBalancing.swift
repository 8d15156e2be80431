/// How one of a service's endpoints is chosen.
package struct LoadBalancing: Hashable, Sendable {
    /// What the preference means.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Every endpoint counts.
        case any
        /// Only endpoints that match every scope.
        case strict
        /// The endpoints that match most scopes.
        case failover
        /// No choice: the original destination is used.
        case passthrough
    }

    /// An attribute that client and endpoint may share.
    package enum Scope: String, Hashable, Sendable, CaseIterable {
        case region, zone, subzone, node, cluster, network
    }

    /// What the preference means.
    package var mode: Mode
    /// Attributes that should equal the client's, most important first.
    package var preference: [Scope]
    /// Whether unhealthy endpoints count too.
    package var allowsUnhealthy: Bool

    /// By default any healthy endpoint.
    package init(mode: Mode = .any, preference: [Scope] = [], allowsUnhealthy: Bool = false) {
        self.mode = mode
        self.preference = preference
        self.allowsUnhealthy = allowsUnhealthy
    }
}

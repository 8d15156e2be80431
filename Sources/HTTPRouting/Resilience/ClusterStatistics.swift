/// The numbers of a cluster at one moment.
package struct ClusterStatistics: Sendable, Hashable {
    /// One endpoint.
    package struct Endpoint: Sendable, Hashable {
        /// What discovery says of it.
        package var facts: EndpointFacts
        /// Requests or connections under way.
        package var active: Int
        /// Whether it failed too often lately.
        package var isEjected: Bool
        /// Whether active health checks find it not well.
        package var failsChecks: Bool
        /// Whether it asked to be used only for what others can't carry.
        package var isDegraded: Bool
        /// Its priority, zero first; nil where it takes part in none.
        package var priority: Int?

        /// Whether nothing speaks against it.
        package var isWell: Bool { self.facts.isHealthy && !self.isEjected && !self.failsChecks }
    }

    /// The endpoints, in discovery's order.
    package var endpoints: [Endpoint]
    /// How often one was ejected so far.
    package var ejections: Int
    /// What is under way and what was refused; nil for a part of the cluster.
    package var limits: LimitNumbers?

    /// How many there are.
    package var total: Int { self.endpoints.count }
    /// How many nothing speaks against.
    package var healthy: Int { self.endpoints.count { $0.isWell } }
    /// How many are ejected.
    package var ejected: Int { self.endpoints.count { $0.isEjected } }
}

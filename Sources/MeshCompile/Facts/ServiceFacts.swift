package import MeshModel

/// What is known of a service that the platform has: one or more ECS services of a name, a Kubernetes Service.
package struct ServiceFacts: Hashable, Sendable {
    /// How it comes by its virtual addresses.
    package enum Addresses: Hashable, Sendable {
        /// They are given out here.
        case automatic
        /// The platform gave them; without any it is reached by its endpoints' addresses only.
        case fixed([IPAddress])
    }

    /// Namespace and full host name.
    package var key: NamespacedHostname
    /// The short name, a DNS label.
    package var name: String
    /// Further names that it is asked for by.
    package var aliases: [String] = []
    /// Its ports.
    package var ports: [ServicePort] = []
    /// How it comes by its virtual addresses.
    package var addresses = Addresses.automatic
    /// Whether the host name is its own by right, so that it is the one that clients of all namespaces get.
    package var isCanonical = true
    /// Labels.
    package var labels: [String: String] = [:]
    /// Annotations.
    package var annotations: [String: String] = [:]
    /// What its owner says of its waypoint; nil to take it from labels, else from its namespace.
    package var waypoint: WaypointChoice?
    /// Which endpoints are taken first; nil to take it from annotations, its own or its namespace's.
    package var distribution: TrafficDistribution?
    /// Whether endpoints that are not ready count as well.
    package var publishesNotReady = false

    /// A service without ports.
    package init(key: NamespacedHostname, name: String) {
        self.key = key
        self.name = name
    }
}

package import MeshConfig
package import MeshXDS

/// What one compilation changed. Policies come first, on the wire as here: a workload must not arrive before the
/// policies that it lists.
package struct CompiledChange: Sendable, Hashable {
    /// What became of one type of resource, sorted by name.
    package struct Resources: Sendable, Hashable {
        /// New ones, and those whose content is another.
        package var changed: [ResourceCatalog.Resource] = []
        /// Names that are gone.
        package var removed: [String] = []

        /// Whether nothing changed.
        package var isEmpty: Bool { self.changed.isEmpty && self.removed.isEmpty }
    }

    /// Policies: `istio.security.Authorization`.
    package var policies = Resources()
    /// Workloads and services: `istio.workload.Address`.
    package var addresses = Resources()
    /// What one waypoint gets beside these.
    package struct Waypoint: Sendable, Hashable {
        /// What holds for it as a whole: `tulle.l7.v1.WaypointSettings`.
        package var settings = Resources()
        /// The services that are bound to it: `tulle.l7.v1.ServiceRoutes`.
        package var routes = Resources()

        /// Whether nothing changed.
        package var isEmpty: Bool { self.settings.isEmpty && self.routes.isEmpty }
    }

    /// What waypoints get, by whose it is.
    package var waypoints: [WaypointIdentity: Waypoint] = [:]
    /// What is known now of declared resources, for those where it is another; empty for those of which nothing is.
    package var statuses: [ResourceKey: [ResourceCondition]] = [:]

    /// No change.
    package init() {}

    /// Whether there is nothing to tell data planes.
    package var isEmpty: Bool { self.policies.isEmpty && self.addresses.isEmpty && self.waypoints.isEmpty }
}

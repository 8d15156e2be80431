/// One thing that is known of a declared resource, in the shape of Kubernetes' conditions.
package struct ResourceCondition: Hashable, Sendable, Comparable {
    /// The kinds of condition.
    package enum Kind: String, Hashable, Sendable, CaseIterable, Comparable {
        /// Gateways and routes: whether it can be carried out.
        case accepted = "Accepted"
        /// Routes: whether all that they name is there.
        case resolvedRefs = "ResolvedRefs"
        /// Gateways: whether it has an address and takes connections. Routes: whether waypoints have it.
        case programmed = "Programmed"
        /// AuthorizationPolicy without targets: whether ztunnels enforce it.
        case ztunnelAccepted = "ZtunnelAccepted"
        /// AuthorizationPolicy with targets: whether waypoints enforce it.
        case waypointAccepted = "WaypointAccepted"
        /// ServiceEntry, WorkloadEntry: whether the waypoint that was asked for stands in front of it.
        case waypointBound = "istio.io/WaypointBound"
        /// ServiceEntry: that it can't work without a waypoint and has none.
        case waypointMissing = "istio.io/WaypointMissing"
        /// ServiceEntry: who may see it.
        case visibilityApplied = "istio.io/VisibilityApplied"
        /// ServiceEntry: that another owns one of its host names.
        case shadowed = "tulle.mesh/Shadowed"
        /// ECSAccount: whether its clusters are read in all of its regions.
        case discovered = "tulle.mesh/Discovered"

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// Which kind.
    package var kind: Kind
    /// Whether it holds.
    package var isTrue: Bool
    /// A word for programs.
    package var reason: String
    /// A sentence for people.
    package var message: String

    /// Joins the four.
    package init(_ kind: Kind, _ isTrue: Bool, reason: String, message: String) {
        self.kind = kind
        self.isTrue = isTrue
        self.reason = reason
        self.message = message
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.kind.rawValue, left.reason, left.message) < (right.kind.rawValue, right.reason, right.message)
    }
}

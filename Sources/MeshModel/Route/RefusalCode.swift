/// Why a connection is refused: a closed set of stable names for the access log, the metric and the page of codes.
package enum RefusalCode: String, Hashable, Sendable, CaseIterable {
    /// The service does not declare the port that was asked for.
    case portNotDeclared = "port_not_declared"
    /// No endpoint of the service is healthy, reachable and listening on the port.
    case noHealthyEndpoint = "no_healthy_endpoint"
    /// The workload has no address of a family that its service allows.
    case noUsableAddress = "no_usable_address"
    /// The waypoint in front of the destination is unknown or has no workload to use; it is never bypassed.
    case waypointUnavailable = "waypoint_unavailable"
    /// The destination is in another network, and no gateway into that network is known and usable.
    case gatewayUnavailable = "network_gateway_unavailable"
    /// A DENY policy matched.
    case policyDenied = "policy_denied"
    /// ALLOW policies apply, and none matched.
    case policyNotAllowed = "policy_not_allowed"
    /// The workload lists a policy that has not arrived.
    case policyMissing = "policy_missing"
    /// A policy that would apply to the workload could not be read, and no earlier version of it is held.
    case policyInvalid = "policy_invalid"
}

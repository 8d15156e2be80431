/// Why a connection is refused: a closed set of stable names for the access log, the metric and the page of codes.
package enum RefusalCode: String, Hashable, Sendable, CaseIterable {
    /// The service does not declare the port that was asked for.
    case portNotDeclared = "port_not_declared"
    /// No endpoint of the service is healthy, reachable and listening on the port.
    case noHealthyEndpoint = "no_healthy_endpoint"
    /// The workload has no address of a family that its service allows.
    case noUsableAddress = "no_usable_address"
    /// The endpoints have a host name instead of addresses, which is not supported yet.
    case endpointNeedsDNS = "endpoint_needs_dns"
    /// The destination has a waypoint, which is not supported yet and must not be bypassed.
    case waypointUnsupported = "waypoint_unsupported"
    /// The destination is in another network, and gateways between networks are not supported yet.
    case networkGatewayUnsupported = "network_gateway_unsupported"
    /// A DENY policy matched.
    case policyDenied = "policy_denied"
    /// ALLOW policies apply, and none matched.
    case policyNotAllowed = "policy_not_allowed"
    /// The workload lists a policy that has not arrived.
    case policyMissing = "policy_missing"
    /// A policy that would apply to the workload could not be read, and no earlier version of it is held.
    case policyInvalid = "policy_invalid"
}

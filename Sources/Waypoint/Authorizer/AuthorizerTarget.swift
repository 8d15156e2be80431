import HTTPRouting

/// An authorizer of the waypoint's settings: how it is asked, and where it is.
struct AuthorizerTarget: Sendable {
    let plan: AuthorizerPlan
    let cluster: ClusterPlan
}

/// What a policy may know of an inbound connection.
package struct ConnectionFacts: Hashable, Sendable {
    /// The verified identity of the peer; nil for plain TCP.
    package var peer: SPIFFEID?
    /// The address the connection comes from, canonical.
    package var sourceIP: IPAddress
    /// The address and port the bytes will be delivered to.
    package var destination: SocketAddress

    /// Joins the three.
    package init(peer: SPIFFEID?, sourceIP: IPAddress, destination: SocketAddress) {
        self.peer = peer
        self.sourceIP = sourceIP.canonical
        self.destination = destination.canonical
    }
}

/// Whether a connection may pass, and what decided it.
package enum AuthorizationVerdict: Hashable, Sendable {
    /// It may; the policy is nil when no ALLOW policy applies.
    case allow(policy: String?)
    /// It may not. The policy is nil when ALLOW policies apply and none matched.
    case deny(policy: String?, RefusalCode)

    /// Whether it may pass.
    package var isAllowed: Bool {
        if case .allow = self { true } else { false }
    }
}

/// Decides whether a connection may reach `workload`.
///
/// The order is that of Istio's ztunnel: a DENY policy that matches decides; then, without ALLOW policies, the connection
/// passes; with them one must match. Dry runs decide nothing. Other than Istio, a policy that the workload lists and that
/// has not arrived refuses the connection (``RefusalCode/policyMissing``), as it may be a DENY; so does one that would
/// apply and could not be read (``RefusalCode/policyInvalid``).
package func authorize(
    _ connection: ConnectionFacts,
    workload: Workload,
    snapshot: MeshSnapshot
) -> AuthorizationVerdict {
    var missing: String?
    var hasAllow = false
    var allowedBy: String?

    /// Notes what `policy` says; true when it denies.
    func denies(_ policy: AuthorizationPolicy) -> Bool {
        guard !policy.isDryRun else { return false }
        switch policy.action {
        case .deny:
            return policy.matches(connection)
        case .allow:
            hasAllow = true
            if allowedBy == nil, policy.matches(connection) { allowedBy = policy.key }
            return false
        }
    }

    for policy in snapshot.unlistedPolicies(namespace: workload.namespace) where denies(policy) {
        return .deny(policy: policy.key, .policyDenied)
    }
    for key in workload.authorizationPolicies {
        guard let policy = snapshot.policy(key: key) else {
            missing = missing ?? key
            continue
        }
        if denies(policy) { return .deny(policy: key, .policyDenied) }
    }
    if let missing {
        return .deny(policy: missing, snapshot.isRejected(key: missing) ? .policyInvalid : .policyMissing)
    }
    if let rejected = snapshot.rejectedPolicy(namespace: workload.namespace) {
        return .deny(policy: rejected, .policyInvalid)
    }
    guard hasAllow else { return .allow(policy: nil) }
    guard let allowedBy else { return .deny(policy: nil, .policyNotAllowed) }
    return .allow(policy: allowedBy)
}

/// Why a request or connection is refused.
package enum AccessDenial: Hashable, Sendable {
    /// A DENY rule fits.
    case matched(PolicyRule)
    /// There are ALLOW policies and none fits.
    case notAllowed
    /// A policy cannot be enforced as it is written, so nobody passes.
    case invalid(PolicyFault)
    /// A CUSTOM rule fits whose authorizer is not among the waypoint's.
    case unknownAuthorizer(PolicyRule, name: String)

    /// Envoy's response code detail, for access logs.
    package var detail: String {
        switch self {
        case .matched(let rule): "rbac_access_denied_matched_policy[\(rule)]"
        case .notAllowed: "rbac_access_denied_matched_policy[none]"
        case .invalid(let fault): "rbac_access_denied_invalid_policy[\(fault.policy)]"
        case .unknownAuthorizer(let rule, _): "rbac_access_denied_unknown_authorizer[\(rule)]"
        }
    }

    /// The status of the answer; gRPC's is PERMISSION_DENIED, 7.
    package static let status = 403
    /// The body of the answer, as Envoy writes it.
    package static let body = "RBAC: access denied"
}

/// Whether a request may pass, by ALLOW and DENY policies.
package enum AccessVerdict: Hashable, Sendable {
    /// It may; the rule is nil where there is no ALLOW policy.
    case allow(PolicyRule?)
    /// It may not.
    case deny(AccessDenial)

    /// Whether it may.
    package var isAllowed: Bool {
        if case .allow = self { true } else { false }
    }
}

/// Who has to be asked before anything else, by CUSTOM policies.
package enum AuthorizerGate: Hashable, Sendable {
    /// Nobody.
    case open
    /// All of these, by the names of the waypoint's settings, in the order of their names; each must allow.
    case ask([String])
    /// Asking is not possible, so nobody passes.
    case deny(AccessDenial)
}

/// What the dry runs of one action would have done.
package struct ShadowVerdict: Hashable, Sendable {
    /// Whether enforcing them would let the request pass.
    package let isAllowed: Bool
    /// The rule that fits, if one does.
    package let rule: PolicyRule?
}

/// All that authorization says about a request or connection.
package struct AccessDecision: Hashable, Sendable {
    /// Whether it may pass.
    package var verdict: AccessVerdict
    /// The AUDIT rules that fit: the access log gets its hint.
    package var audits: [PolicyRule] = []
    /// What the dry runs of action ALLOW would have done; nil without any.
    package var shadowAllow: ShadowVerdict?
    /// What the dry runs of action DENY would have done; nil without any.
    package var shadowDeny: ShadowVerdict?
}

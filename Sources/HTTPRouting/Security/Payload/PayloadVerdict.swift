package import MeshModel

/// Why a body is refused, with the answer.
package struct PayloadDenial: Hashable, Sendable {
    /// What was wrong.
    package enum Reason: Hashable, Sendable {
        /// A DENY rule fits.
        case matched(PolicyRule)
        /// ALLOW policies are for this request and no rule of theirs fits.
        case notAllowed(policy: String)
        /// It is larger than may be inspected.
        case oversize(policy: String)
        /// It is not what it says it is, or readers could differ about it.
        case malformed(policy: String)
        /// It is compressed, so nobody here can read it.
        case compressed(policy: String)
        /// It did not arrive in time.
        case late(policy: String)
        /// A policy cannot be enforced as it is written.
        case invalid(PolicyFault)
    }

    package var reason: Reason
    package var status: Int
    package var body: String
    package var fields: [HeaderField]

    /// The response code detail, for access logs: it names the policy, never a value.
    package var detail: String {
        switch self.reason {
        case .matched(let rule): "payload_denied_matched_policy[\(rule)]"
        case .notAllowed(let policy): "payload_denied_not_allowed[\(policy)]"
        case .oversize(let policy): "payload_oversize[\(policy)]"
        case .malformed(let policy): "payload_malformed[\(policy)]"
        case .compressed(let policy): "payload_compressed[\(policy)]"
        case .late(let policy): "payload_timeout[\(policy)]"
        case .invalid(let fault): "payload_invalid_policy[\(fault.policy)]"
        }
    }
}

/// What PayloadPolicies say about a request.
package struct PayloadVerdict: Hashable, Sendable {
    /// Why it is refused; nil where it passes.
    package var denial: PayloadDenial?
    /// The AUDIT rules that fit.
    package var audits: [PolicyRule] = []
    /// The dry runs that would have refused it.
    package var shadows: [PayloadDenial] = []
}

/// What a request with a body has to wait for.
package enum PayloadStart: Sendable {
    /// Nothing: no policy is for it.
    case pass
    /// Its body, of which nothing may pass before the verdict.
    case inspect(PayloadInspection)
    /// It has its verdict already.
    case decided(PayloadVerdict)
}

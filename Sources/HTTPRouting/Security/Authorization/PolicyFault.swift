/// Why a policy cannot be enforced as it is written. What it covers is closed until it can be.
package struct PolicyFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The policy as `<namespace>/<name>`.
    package let policy: String
    /// The field with its value, and what is allowed.
    package let reason: String

    /// Joins the two.
    package init(policy: String, reason: String) {
        self.policy = policy
        self.reason = reason
    }

    package var description: String { "policy \(self.policy): \(self.reason)" }
}

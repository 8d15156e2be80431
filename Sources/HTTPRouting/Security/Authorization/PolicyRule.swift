/// One rule of one policy, as logs name what decided.
package struct PolicyRule: Hashable, Sendable, CustomStringConvertible {
    /// The policy's namespace.
    package let namespace: String
    /// The policy's name.
    package let name: String
    /// The rule's place in the policy, from 0.
    package let index: Int

    /// Joins the three.
    package init(namespace: String, name: String, index: Int) {
        self.namespace = namespace
        self.name = name
        self.index = index
    }

    /// `ns[<namespace>]-policy[<name>]-rule[<index>]`, Istio's name of it.
    package var description: String { "ns[\(self.namespace)]-policy[\(self.name)]-rule[\(self.index)]" }
}

/// Whose a waypoint's configuration is: the identity of its instances.
///
/// The service account is the one that the Gateway's annotation names, else that of the Gateway's own name. What instances
/// say of themselves does not count, as a task may say anything.
package struct WaypointIdentity: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The mesh's own trust domain.
    package var trustDomain: String
    /// The namespace.
    package var namespace: String
    /// The service account.
    package var serviceAccount: String

    /// Joins the three.
    package init(trustDomain: String, namespace: String, serviceAccount: String) {
        self.trustDomain = trustDomain
        self.namespace = namespace
        self.serviceAccount = serviceAccount
    }

    /// As policies write it, and `SPIFFEID.principal`: the URI without `spiffe://`.
    package var description: String { "\(self.trustDomain)/ns/\(self.namespace)/sa/\(self.serviceAccount)" }

    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

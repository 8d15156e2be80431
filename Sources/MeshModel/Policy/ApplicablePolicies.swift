/// All that ``authorize(_:workload:snapshot:)`` reads of a snapshot for one workload: equal values, equal verdicts.
///
/// It tells a holder of many connections whether a change of the mesh can have changed any verdict.
package struct ApplicablePolicies: Equatable, Sendable {
    private var namespace: String
    private var unlisted: [AuthorizationPolicy]
    private var listed: [Listed]
    private var rejected: String?

    private struct Listed: Equatable, Sendable {
        var key: String
        var policy: AuthorizationPolicy?
        var isRejected: Bool
    }

    /// The policies for `workload` at the moment of `snapshot`.
    package init(for workload: Workload, in snapshot: MeshSnapshot) {
        self.namespace = workload.namespace
        self.unlisted = Array(snapshot.unlistedPolicies(namespace: workload.namespace))
        self.listed = workload.authorizationPolicies.map {
            Listed(key: $0, policy: snapshot.policy(key: $0), isRejected: snapshot.isRejected(key: $0))
        }
        self.rejected = snapshot.rejectedPolicy(namespace: workload.namespace)
    }
}

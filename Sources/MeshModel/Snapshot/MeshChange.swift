/// What one response of the control plane changes; removals come first.
package struct MeshChange: Hashable, Sendable {
    /// Names of workloads (uid) and services (`namespace/hostname`) that are gone.
    package var removedAddresses: [String] = []
    /// Keys (`namespace/name`) of policies that are gone.
    package var removedPolicies: [String] = []
    /// New and changed workloads.
    package var workloads: [Workload] = []
    /// New and changed services.
    package var services: [Service] = []
    /// New and changed policies.
    package var policies: [AuthorizationPolicy] = []
    /// New and changed policies that could not be read.
    package var rejectedPolicies: [RejectedPolicy] = []

    /// No change.
    package init() {}

    /// Whether nothing changes.
    package var isEmpty: Bool { self == MeshChange() }
}

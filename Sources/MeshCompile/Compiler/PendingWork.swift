import MeshConfig
import MeshModel

/// What one compilation still has to look at, and what it found so far.
struct PendingWork {
    /// Whether the mesh's configuration changed, so that everything has to be looked at.
    var isEverything = false
    var namespaces: Set<String> = []
    var policies: Set<ResourceKey> = []
    var entries: Set<ResourceKey> = []
    var workloadEntries: Set<ResourceKey> = []
    var gateways: Set<ResourceKey> = []
    /// Names with other claims than before.
    var names: Set<NamespacedHostname> = []
    /// Workloads that may back other services than before.
    var memberships: Set<String> = []
    var services: Set<NamespacedHostname> = []
    var workloads: Set<String> = []
    /// What waypoints are told.
    var l7 = L7Work()
    /// Resources whose conditions may be others.
    var statuses: Set<ResourceKey> = []
    /// What will be handed out.
    var change = CompiledChange()
}

/// How much was done since the start; tests hold it against the number of changes.
package struct CompilerCounts: Hashable, Sendable {
    /// Workloads and services turned into bytes.
    package var encodings = 0
    /// Policies turned into bytes.
    package var policyEncodings = 0
    /// Workloads and services that were joined with the rest of the mesh.
    package var resolutions = 0
    /// Workloads whose services were looked for.
    package var selections = 0
    /// What waypoints are told, turned into bytes: for each of them its settings, and its services.
    package var routeEncodings = 0
}

import MeshConfig
import MeshModel
import MeshXDS

/// What the compilation for waypoints remembers.
struct L7State {
    var index = L7Index()
    /// Services by their further names.
    var namesByAlias: [String: Set<NamespacedHostname>] = [:]
    /// The services that are, or ask to be, bound to a waypoint.
    var bound: [ResourceKey: Set<NamespacedHostname>] = [:]
    /// The same, by service.
    var waypoints: [NamespacedHostname: Set<ResourceKey>] = [:]
    /// The resources of each service, by whose they are.
    var routes: [NamespacedHostname: [WaypointIdentity: ResourceCatalog.Resource]] = [:]
    /// What holds for each waypoint, with whose it is.
    var settings: [ResourceKey: (owner: WaypointIdentity, resource: ResourceCatalog.Resource)] = [:]
    /// Keys for tokens, by where they come from.
    var keySets: [KeySource: String] = [:]
    /// Whether keys of sessions are others than at the last compilation.
    var isRekeyed = false
    /// The labels that DestinationRules compare, with how many of them do.
    var labelKeys: [String: Int] = [:]
    var labelKeysByRule: [ResourceKey: Set<String>] = [:]
    /// Host names of services that waypoints ask for something: authorizers.
    var providers: Set<String> = []
}

/// What has to be looked at again for waypoints.
struct L7Work {
    /// Changes of what resources are attached to, by kind.
    var changes: [(ResourceKind, L7References)] = []
    /// VirtualServices that changed, as others may delegate to them.
    var delegates: Set<ResourceKey> = []
    /// Services that are others than before, with what they were.
    var services: [NamespacedHostname: ServiceClaim?] = [:]
    /// Waypoints that are others than before.
    var gateways: Set<ResourceKey> = []
    var keySets: Set<KeySource> = []
}

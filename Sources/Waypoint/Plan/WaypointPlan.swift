import HTTPRouting
import MeshModel
import MeshTelemetry

/// Everything that a waypoint knows at one moment, made ready for decisions. Never changed: a change makes another one,
/// which shares what did not change.
package final class WaypointPlan: Sendable {
    /// The workloads and services of the mesh.
    let mesh: MeshSnapshot
    /// This waypoint's own workload.
    let own: Workload
    /// What holds for the waypoint as a whole.
    let settings: PlanSettings
    /// The services that are bound to us, by key.
    let services: [NamespacedHostname: ServicePlan]
    /// What decides for workloads that are bound to us, by address.
    let workloads: ServicePlan
    /// Whether our settings came: until then nobody is served.
    let isComplete: Bool
    /// Whom nobody is led to.
    let bounds: EgressBounds
    /// The states of all clusters.
    let clusterStates: Set<ObjectIdentifier>

    init(
        mesh: MeshSnapshot,
        own: Workload,
        settings: PlanSettings,
        services: [NamespacedHostname: ServicePlan],
        workloads: ServicePlan,
        isComplete: Bool,
        bounds: EgressBounds = .standard
    ) {
        self.mesh = mesh
        self.own = own
        self.settings = settings
        self.services = services
        self.workloads = workloads
        self.isComplete = isComplete
        self.bounds = bounds
        var states = Set(services.values.flatMap { $0.clusters.map { ObjectIdentifier($0.state) } })
        // Connections to authorizers must not end with each change of the mesh.
        for authorizer in settings.authorizers.values { states.insert(ObjectIdentifier(authorizer.cluster.state)) }
        self.clusterStates = states
    }

    /// All destinations: those of services, and authorizers.
    var clusters: [ClusterPlan] {
        self.services.values.flatMap(\.clusters) + self.settings.authorizers.values.map(\.cluster)
    }

    /// Knows nothing and serves nobody.
    static func empty(own: Workload) -> WaypointPlan {
        let settings = PlanSettings()
        return WaypointPlan(
            mesh: MeshSnapshot(),
            own: own,
            settings: settings,
            services: [:],
            workloads: ServicePlan.closed(settings),
            isComplete: false
        )
    }

    /// Whether a gateway's address is ours: its workloads have our identity.
    func isOwn(_ waypoint: GatewayAddress) -> Bool {
        self.mesh.workloads(behind: waypoint, from: self.own).contains { $0.identity == self.own.identity }
    }

    /// The client of a connection, for telemetry: by the identity that the tunnel proved, and by what the mesh knows of
    /// its address.
    func source(of facts: ConnectionFacts) -> PeerLabels {
        let address = NetworkAddress(network: self.own.network, ip: facts.source.ip)
        var labels = PeerLabels.Facts()
        if let workload = self.mesh.workload(at: address), workload.identity == facts.peer {
            labels = PeerLabels.Facts(workload)
        }
        if let peer = facts.peer {
            labels.principal = peer.uri
            labels.namespace = peer.namespace
        }
        return PeerLabels(labels)
    }
}

extension PeerLabels.Facts {
    /// What the mesh says of a workload.
    init(_ workload: Workload) {
        self.init()
        self.workload = workload.workloadName
        self.canonicalService = workload.canonicalName
        self.canonicalRevision = workload.canonicalRevision
        self.namespace = workload.namespace
        self.principal = workload.identity.uri
        self.cluster = workload.clusterID
        self.kind = workload.kind.rawValue
        self.instance = workload.name
    }
}

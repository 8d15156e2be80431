package import MeshModel

/// What is known of one running instance, whatever it runs on: an ECS task, a pod, a machine.
package struct WorkloadFacts: Hashable, Sendable {
    /// Unique in the mesh, stable while it lives, never used again.
    package var uid: String
    /// The instance's name.
    package var name: String
    /// Its namespace, a DNS label.
    package var namespace: String
    /// Who it is, with the namespace.
    package var serviceAccount = "default"
    /// Its addresses, the first family first.
    package var addresses: [IPAddress] = []
    /// A name to resolve where it has no addresses; empty for none.
    package var hostname = ""
    /// The network of its addresses; nil for the mesh's own.
    package var network: String?
    /// Whether it is reached through HBONE.
    package var tunnel = Workload.Tunnel.none
    /// Whether it terminates HBONE itself, without a ztunnel.
    package var hasNativeTunnel = false
    /// The host that it runs on; empty where unknown.
    package var node = ""
    /// Where it runs.
    package var locality = Locality()
    /// What selectors see. The label ``MeshKeys/gatewayName`` says which waypoint it is an instance of.
    package var labels: [String: String] = [:]
    /// Whether it takes new connections.
    package var isHealthy = true
    /// Its share of connections next to others of its services; nil for 1.
    package var capacity: UInt32?
    /// The name of what it is an instance of.
    package var workloadName = ""
    /// The application's name for telemetry; nil to take it from labels, else `workloadName`.
    package var canonicalName: String?
    /// The application's version for telemetry; nil to take it from labels, else `latest`.
    package var canonicalRevision: String?
    /// Which member of the mesh saw it; nil for ourselves.
    package var clusterID: String?
    /// Whether it shares its host's addresses.
    package var usesHostNetwork = false
    /// The services that it backs, with its own ports for theirs.
    package var services: [NamespacedHostname: [ServicePort]] = [:]
    /// Where it listens, by the names of ports, for services that select it by labels.
    package var portsByName: [String: UInt16] = [:]
    /// Whether its owner wants plain connections refused, whatever PeerAuthentications say.
    package var refusesPlain = false
    /// What its owner says of its waypoint; nil to take it from labels, else from its namespace.
    package var waypoint: WaypointChoice?

    /// A healthy workload of nothing.
    package init(uid: String, name: String, namespace: String) {
        self.uid = uid
        self.name = name
        self.namespace = namespace
    }
}

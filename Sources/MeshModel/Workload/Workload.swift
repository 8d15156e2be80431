/// One running instance: on ECS a task. Copies share their memory until one of them is changed.
package struct Workload: Hashable, Sendable {
    /// How a workload is reached.
    package enum Tunnel: String, Hashable, Sendable, CaseIterable {
        /// Plain TCP.
        case none
        /// HTTP/2 CONNECT over mutual TLS.
        case hbone
    }

    /// What kind of controller owns a workload.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case deployment, cronjob, pod, job
    }

    /// How an application that is itself a proxy is told the original destination.
    package struct ApplicationTunnel: Hashable, Sendable {
        /// Whether the bytes begin with a PROXY protocol header, version 2.
        package var usesProxyProtocol: Bool
        /// The port it listens on; nil keeps the port.
        package var port: UInt16?

        /// Joins the two.
        package init(usesProxyProtocol: Bool, port: UInt16?) {
            self.usesProxyProtocol = usesProxyProtocol
            self.port = port
        }
    }

    /// Unique in the mesh and never used again.
    package var uid: String {
        get { self.facts.value.uid }
        _modify { yield &self.facts.value.uid }
    }
    /// The instance's name.
    package var name: String {
        get { self.facts.value.name }
        _modify { yield &self.facts.value.name }
    }
    /// Who it is.
    package var identity: SPIFFEID {
        get { self.facts.value.identity }
        _modify { yield &self.facts.value.identity }
    }
    /// The network its addresses belong to; "" is the default network.
    package var network: String {
        get { self.facts.value.network }
        _modify { yield &self.facts.value.network }
    }
    /// Its addresses, canonical.
    package var addresses: [IPAddress] {
        get { self.facts.value.addresses }
        _modify { yield &self.facts.value.addresses }
    }
    /// A name to resolve when it has no addresses; "" for none.
    package var hostname: String {
        get { self.facts.value.hostname }
        _modify { yield &self.facts.value.hostname }
    }
    /// How it is reached.
    package var tunnel: Tunnel {
        get { self.facts.value.tunnel }
        _modify { yield &self.facts.value.tunnel }
    }
    /// Whether it terminates HBONE itself.
    package var hasNativeTunnel: Bool {
        get { self.facts.value.hasNativeTunnel }
        _modify { yield &self.facts.value.hasNativeTunnel }
    }
    /// Whether it takes new connections.
    package var isHealthy: Bool {
        get { self.facts.value.isHealthy }
        _modify { yield &self.facts.value.isHealthy }
    }
    /// Whether it shares its host's network, so that its address is not its alone.
    package var usesHostNetwork: Bool {
        get { self.facts.value.usesHostNetwork }
        _modify { yield &self.facts.value.usesHostNetwork }
    }
    /// Its weight among its service's endpoints.
    package var capacity: UInt32 {
        get { self.facts.value.capacity }
        _modify { yield &self.facts.value.capacity }
    }
    /// The services it backs and its own ports for them.
    package var services: [NamespacedHostname: [ServicePort]] {
        get { self.facts.value.services }
        _modify { yield &self.facts.value.services }
    }
    /// Keys of the policies that select it.
    package var authorizationPolicies: [String] {
        get { self.facts.value.authorizationPolicies }
        _modify { yield &self.facts.value.authorizationPolicies }
    }
    /// The waypoint in front of it.
    package var waypoint: GatewayAddress? {
        get { self.facts.value.waypoint }
        _modify { yield &self.facts.value.waypoint }
    }
    /// The way into its network from other networks.
    package var networkGateway: GatewayAddress? {
        get { self.facts.value.networkGateway }
        _modify { yield &self.facts.value.networkGateway }
    }
    /// How its application is told the original destination.
    package var applicationTunnel: ApplicationTunnel? {
        get { self.facts.value.applicationTunnel }
        _modify { yield &self.facts.value.applicationTunnel }
    }
    /// Where it runs.
    package var locality: Locality {
        get { self.facts.value.locality }
        _modify { yield &self.facts.value.locality }
    }
    /// The host it runs on.
    package var node: String {
        get { self.facts.value.node }
        _modify { yield &self.facts.value.node }
    }
    /// The cluster it runs in.
    package var clusterID: String {
        get { self.facts.value.clusterID }
        _modify { yield &self.facts.value.clusterID }
    }
    /// The application's name, for telemetry.
    package var canonicalName: String {
        get { self.facts.value.canonicalName }
        _modify { yield &self.facts.value.canonicalName }
    }
    /// The application's version, for telemetry.
    package var canonicalRevision: String {
        get { self.facts.value.canonicalRevision }
        _modify { yield &self.facts.value.canonicalRevision }
    }
    /// What kind of controller owns it.
    package var kind: Kind {
        get { self.facts.value.kind }
        _modify { yield &self.facts.value.kind }
    }
    /// The name of the controller that owns it.
    package var workloadName: String {
        get { self.facts.value.workloadName }
        _modify { yield &self.facts.value.workloadName }
    }
    /// Its labels, as far as destinations of waypoints ask for them.
    package var labels: [String: String] {
        get { self.facts.value.labels }
        _modify { yield &self.facts.value.labels }
    }

    /// A healthy workload without addresses.
    package init(uid: String, identity: SPIFFEID) { self.facts = Shared(Facts(uid: uid, identity: identity)) }

    /// What the properties above stand for; large fields first, so that no room is lost between them.
    private struct Facts: Hashable, Sendable {
        var uid: String
        var identity: SPIFFEID
        var name = ""
        var network = ""
        var hostname = ""
        var node = ""
        var clusterID = ""
        var canonicalName = ""
        var canonicalRevision = ""
        var workloadName = ""
        var locality = Locality()
        var addresses: [IPAddress] = []
        var services: [NamespacedHostname: [ServicePort]] = [:]
        var authorizationPolicies: [String] = []
        var labels: [String: String] = [:]
        var waypoint: GatewayAddress?
        var networkGateway: GatewayAddress?
        var capacity: UInt32 = 1
        var applicationTunnel: ApplicationTunnel?
        var tunnel = Tunnel.none
        var kind = Kind.pod
        var hasNativeTunnel = false
        var isHealthy = true
        var usesHostNetwork = false
    }

    private var facts: Shared<Facts>

    /// Its namespace.
    package var namespace: String { self.identity.namespace }
}

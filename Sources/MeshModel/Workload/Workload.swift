/// One running instance: on ECS a task.
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
    package var uid: String
    /// The instance's name.
    package var name = ""
    /// Who it is.
    package var identity: SPIFFEID
    /// The network its addresses belong to; "" is the default network.
    package var network = ""
    /// Its addresses, canonical.
    package var addresses: [IPAddress] = []
    /// A name to resolve when it has no addresses; "" for none.
    package var hostname = ""
    /// How it is reached.
    package var tunnel = Tunnel.none
    /// Whether it terminates HBONE itself.
    package var hasNativeTunnel = false
    /// Whether it takes new connections.
    package var isHealthy = true
    /// Whether it shares its host's network, so that its address is not its alone.
    package var usesHostNetwork = false
    /// Its weight among its service's endpoints.
    package var capacity: UInt32 = 1
    /// The services it backs and its own ports for them.
    package var services: [NamespacedHostname: [ServicePort]] = [:]
    /// Keys of the policies that select it.
    package var authorizationPolicies: [String] = []
    /// The waypoint in front of it.
    package var waypoint: GatewayAddress?
    /// The way into its network from other networks.
    package var networkGateway: GatewayAddress?
    /// How its application is told the original destination.
    package var applicationTunnel: ApplicationTunnel?
    /// Where it runs.
    package var locality = Locality()
    /// The host it runs on.
    package var node = ""
    /// The cluster it runs in.
    package var clusterID = ""
    /// The application's name, for telemetry.
    package var canonicalName = ""
    /// The application's version, for telemetry.
    package var canonicalRevision = ""
    /// What kind of controller owns it.
    package var kind = Kind.pod
    /// The name of the controller that owns it.
    package var workloadName = ""
    /// Its labels, as far as destinations of waypoints ask for them.
    package var labels: [String: String] = [:]

    /// A healthy workload without addresses.
    package init(uid: String, identity: SPIFFEID) {
        self.uid = uid
        self.identity = identity
    }

    /// Its namespace.
    package var namespace: String { self.identity.namespace }
}

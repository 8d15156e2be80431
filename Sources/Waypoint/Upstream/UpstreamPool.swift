import HTTPRouting
import MeshModel
import TunnelEngine

/// What tells one set of upstream connections from another.
struct UpstreamKey: Hashable {
    /// The cluster's state: another cluster to the same endpoint has other limits.
    var cluster: ObjectIdentifier
    /// The endpoint's uid.
    var endpoint: String
    /// Its application's port.
    var port: UInt16
    /// What is spoken.
    var version: HTTPVersion
}

/// The upstream connections of one loop.
final class UpstreamPool {
    /// The worker owns the pool and outlives it.
    unowned let worker: WaypointWorker
    private var hosts: [UpstreamKey: UpstreamHost] = [:]

    init(worker: WaypointWorker) {
        self.worker = worker
    }

    /// Opens a stream to an endpoint for the ticket, now or soon.
    func serve(_ ticket: UpstreamTicket, cluster: ClusterPlan, endpoint: EndpointHandle, version: HTTPVersion) {
        let key = UpstreamKey(
            cluster: ObjectIdentifier(cluster.state),
            endpoint: endpoint.id,
            port: endpoint.address.port,
            version: version
        )
        if let known = self.hosts[key] { return known.serve(ticket, cluster: cluster) }
        let host = UpstreamHost(pool: self, key: key, cluster: cluster, endpoint: endpoint)
        self.hosts[key] = host
        host.serve(ticket, cluster: cluster)
        self.settle(host)
    }

    /// Forgets a host of which nothing is left.
    func settle(_ host: UpstreamHost) {
        if host.isEmpty, self.hosts[host.key] === host { self.hosts[host.key] = nil }
    }

    /// Lets go of connections to endpoints that are gone, and of clusters that are gone.
    /// - Parameter kept: clusters that are no plan's.
    func planChanged(_ plan: WaypointPlan, keeping kept: Set<ObjectIdentifier>) {
        for (key, host) in self.hosts
        where !(plan.clusterStates.contains(key.cluster) || kept.contains(key.cluster))
            || !host.isWanted(by: plan)
        {
            host.drain()
        }
    }

    /// Ends everything at once.
    func close() {
        for host in Array(self.hosts.values) { host.close() }
        self.hosts = [:]
    }
}

import BoringTLS
import DataPlane
import HTTPRouting
import MeshModel
import TunnelEngine

/// What tells one set of upstream connections from another.
struct UpstreamKey: Hashable {
    /// The cluster's state: another cluster to the same endpoint has other limits.
    var cluster: ObjectIdentifier
    /// The endpoint's uid.
    var endpoint: String
    /// Its application's address.
    var address: SocketAddress
    /// What is spoken.
    var version: HTTPVersion
    /// By which rules TLS was begun; nil without TLS.
    var security: UpstreamSecurity.Mark?
    /// Whom the PROXY header names: such a connection carries nobody else's requests.
    var proxied: ProxyHeader?
}

/// The upstream connections of one loop.
final class UpstreamPool {
    /// The worker owns the pool and outlives it.
    unowned let worker: WaypointWorker
    private var hosts: [UpstreamKey: UpstreamHost] = [:]
    /// Hosts whose connections name a client, by its address.
    private var proxied: [SocketAddress: Set<UpstreamKey>] = [:]
    /// The latest rules of TLS, by clusters.
    private var marks: [ObjectIdentifier: UpstreamSecurity.Mark] = [:]

    init(worker: WaypointWorker) {
        self.worker = worker
    }

    /// Opens a stream to an endpoint for the ticket, now or soon.
    func serve(_ ticket: UpstreamTicket, cluster: ClusterPlan, endpoint: EndpointHandle, version: HTTPVersion) {
        let security: UpstreamSecurity.Moment?
        do throws(UpstreamMaterial.Failure) {
            security = try cluster.security?.moment(now: self.worker.loop.now, host: cluster.host(of: endpoint))
        } catch {
            return ticket.finish(.failure(EndpointDial.Failure(noTLS: error)))
        }
        let key = UpstreamKey(
            cluster: ObjectIdentifier(cluster.state),
            endpoint: endpoint.id,
            address: endpoint.address,
            version: version,
            security: security?.mark,
            proxied: ticket.proxied
        )
        if let known = self.hosts[key] { return known.serve(ticket, cluster: cluster) }
        let manner = UpstreamManner(
            preface: cluster.preface(naming: ticket.proxied),
            security: security,
            protocols: TLSProtocols(version)
        )
        let host = UpstreamHost(pool: self, key: key, cluster: cluster, endpoint: endpoint, manner: manner)
        self.hosts[key] = host
        if let source = key.proxied?.source { self.proxied[source, default: []].insert(key) }
        self.note(key)
        host.serve(ticket, cluster: cluster)
        self.settle(host)
    }

    /// Lets go of connections that were made by rules of TLS that do not hold any more.
    private func note(_ key: UpstreamKey) {
        guard self.marks[key.cluster] != key.security else { return }
        self.marks[key.cluster] = key.security
        for (other, host) in self.hosts where other.cluster == key.cluster && other.security != key.security {
            host.drain()
        }
    }

    /// Forgets a host of which nothing is left.
    func settle(_ host: UpstreamHost) {
        guard host.isEmpty, self.hosts[host.key] === host else { return }
        self.hosts[host.key] = nil
        if let source = host.key.proxied?.source {
            self.proxied[source]?.remove(host.key)
            if self.proxied[source]?.isEmpty == true { self.proxied[source] = nil }
        }
    }

    /// A client's connection is over: those that name it are of no use any more.
    func sourceEnded(_ source: SocketAddress) {
        for key in self.proxied[source] ?? [] { self.hosts[key]?.drain() }
    }

    /// Lets go of connections to endpoints that are gone, and of clusters that are gone.
    /// - Parameter kept: clusters that are no plan's.
    func planChanged(_ plan: WaypointPlan, keeping kept: Set<ObjectIdentifier>) {
        func isCurrent(_ cluster: ObjectIdentifier) -> Bool {
            plan.clusterStates.contains(cluster) || kept.contains(cluster)
        }
        for (key, host) in self.hosts where !isCurrent(key.cluster) || !host.isWanted(by: plan) {
            host.drain()
        }
        if !self.marks.isEmpty { self.marks = self.marks.filter { isCurrent($0.key) } }
    }

    /// Ends everything at once.
    func close() {
        for host in Array(self.hosts.values) { host.close() }
        self.hosts = [:]
        self.proxied = [:]
        self.marks = [:]
    }
}

extension EndpointDial.Failure {
    /// TLS can't begin: no endpoint is asked, and nothing is sent in the clear.
    init(noTLS failure: UpstreamMaterial.Failure) {
        self.init(kind: .noRoute, reason: failure.reason, transport: "TLS_error: invalid_configuration")
    }
}

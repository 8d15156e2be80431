package import DataPlane
package import MeshModel
package import TunnelEngine

/// One event loop of the data plane, and the proxies of all served workloads on it.
///
/// `@unchecked Sendable`: apart from `init`, everything runs on the loop's own thread; other threads reach it by
/// `loop.submit` only.
package final class Worker: @unchecked Sendable {
    /// The loop.
    package let loop: EventLoop
    private var proxies: [String: WorkloadProxy] = [:]
    /// Proxies that are on their way out, and so can be replaced already.
    private var leaving: [ObjectIdentifier: WorkloadProxy] = [:]
    private var servers: [EndpointServer] = []

    /// Makes a worker that serves nobody yet.
    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// Opens the workload's listeners on this loop; none of them stays open when one can't be bound.
    package func serve(_ workload: ServedWorkload) throws(ListenFailure) {
        let proxy = WorkloadProxy(loop: self.loop, workload: workload)
        do throws(ListenFailure) {
            try proxy.listen()
        } catch {
            proxy.drain(milliseconds: 0) {}
            throw error
        }
        self.proxies[workload.key] = proxy
    }

    /// Stops serving a workload: listeners close at once, connections may end by themselves until the deadline.
    /// - Parameter completion: called once, when nothing of it is open any more.
    package func release(_ key: String, milliseconds: UInt64, completion: @escaping () -> Void) {
        guard let proxy = self.proxies.removeValue(forKey: key) else { return completion() }
        self.leaving[ObjectIdentifier(proxy)] = proxy
        proxy.drain(milliseconds: milliseconds) { [weak self] in
            self?.leaving[ObjectIdentifier(proxy)] = nil
            completion()
        }
    }

    /// The proxy of a workload; nil when it isn't served here.
    package func proxy(_ key: String) -> WorkloadProxy? { self.proxies[key] }

    /// What it carries at this moment.
    func shares() -> [ConnectionCensus.Share] {
        self.proxies.values.map { $0.share(isLeaving: false) } + self.leaving.values.map { $0.share(isLeaving: true) }
    }

    /// Judges all connections anew.
    package func stateChanged(_ snapshot: MeshSnapshot) {
        for proxy in self.proxies.values { proxy.stateChanged(snapshot) }
        for proxy in self.leaving.values { proxy.stateChanged(snapshot) }
    }

    /// Judges the peers of live links anew, also of workloads that are on their way out.
    /// - Parameter key: whose links; nil means everybody's.
    package func judgePeers(of key: String?) {
        for proxy in Array(self.proxies.values) + Array(self.leaving.values)
        where key == nil || proxy.workload.key == key {
            proxy.judgePeers()
        }
    }

    /// This process stood still.
    func thawed() {
        for proxy in self.proxies.values { proxy.thawed() }
    }

    /// Leaves the endpoints to the process that took over.
    func closeEndpoints() {
        for server in self.servers { server.stopListening() }
    }

    /// Keeps an endpoint that runs on this worker's loop.
    package func keep(_ server: EndpointServer) { self.servers.append(server) }
}

package import MeshModel
package import MeshProtos
import Synchronization

/// All that a waypoint's loops share of one cluster: its endpoints with their counters, health and ejections, and its
/// limits. Any loop may call it at any time; the time is monotonic milliseconds everywhere.
///
/// The path of a request: ``pick(_:now:random:)``, ``admitRequest(isRetry:now:)``, ``EndpointHandle/beginUse()``, and at
/// the end ``report(_:_:now:)``. Someone calls ``tick(now:)`` when it wants to be called.
///
/// What needs no endpoint is for the caller: clusters that keep the destination or resolve the authority.
package final class ClusterState: Sendable {
    /// The cluster's name.
    package let name: String
    /// How much may be under way at once.
    let limits: CircuitLimits

    /// What changes seldom. Whoever holds it may take the table's lock, never the other way round.
    private let core: Mutex<ClusterCore>
    /// What every choice reads; swapped whole.
    private let table: Mutex<PickTable>
    private let rules: Mutex<OutlierRules?>
    private let isUsed = Atomic<Bool>(false)

    /// A cluster that has no endpoints yet.
    /// - Parameters:
    ///   - place: where the waypoint runs.
    ///   - seed: any number; waypoints with different ones begin their turns at different endpoints.
    package init(_ cluster: TulleL7.Cluster, place: ClientPlace, seed: UInt64) {
        var core = ClusterCore(cluster, place: place, seed: seed)
        self.name = cluster.name
        self.limits = CircuitLimits(cluster)
        self.rules = Mutex(core.outliers)
        self.table = Mutex(core.table(now: 0))
        self.core = Mutex(core)
    }

    // MARK: Changes

    /// Takes new settings of the same cluster. Endpoints that stay keep their counters, health and ejections.
    package func update(cluster: TulleL7.Cluster, now: UInt64) {
        self.core.withLock { core in
            guard core.take(cluster, now: now) else { return }
            self.limits.update(cluster)
            self.rules.withLock { $0 = core.outliers }
            self.publish(&core, now)
        }
    }

    /// Takes the endpoints of the service's port that there are now, all of them; the subset's are chosen here.
    ///
    /// An endpoint is the same as before if both its id and its address are.
    package func update(endpoints: [EndpointFacts], now: UInt64) {
        self.core.withLock { core in
            if core.take(endpoints, now: now) { self.publish(&core, now) }
        }
    }

    private func publish(_ core: inout ClusterCore, _ now: UInt64) {
        let table = core.table(now: now)
        self.table.withLock { $0 = table }
    }

    // MARK: Requests

    /// Chooses an endpoint.
    /// - Parameter random: any number, new for each choice.
    package func pick(_ demand: PickDemand = PickDemand(), now: UInt64, random: UInt64) -> PickResult {
        if !self.isUsed.load(ordering: .relaxed) { self.isUsed.store(true, ordering: .relaxed) }
        let table = self.table.withLock { $0 }
        return table.pick(demand, now: now, random: random)
    }

    /// Whether the endpoint of a session is here and may get requests of it.
    package func keeps(_ session: SocketAddress) -> Bool {
        self.table.withLock { $0 }.holds(session)
    }

    /// Tells how an attempt at an endpoint ended; an endpoint that has failed too often is ejected at once.
    /// - Returns: whether it was.
    @discardableResult
    package func report(_ endpoint: EndpointHandle, _ outcome: EndpointOutcome, now: UInt64) -> Bool {
        guard let rules = self.rules.withLock({ $0 }), !endpoint.isEjected else { return false }
        guard rules.record(outcome, of: endpoint.state) else { return false }
        return self.core.withLock { core in
            guard core.eject(endpoint, now: now) else { return false }
            self.publish(&core, now)
            return true
        }
    }

    // MARK: Time and health

    /// Ends ejections and questions whose time is over. Comes after ``dueProbes(now:)``, as what that leaves is due at once.
    /// - Returns: when to call both again at the latest; nil when nothing depends on time.
    @discardableResult
    package func tick(now: UInt64) -> UInt64? {
        self.core.withLock { core in
            var hasChanged = core.endEjections(now: now)
            for probe in core.lostProbes(now: now) {
                if self.take(.timedOut, to: probe, &core, now) { hasChanged = true }
            }
            if hasChanged { self.publish(&core, now) }
            return core.nextAt
        }
    }

    /// The endpoints that are to be asked now whether they are well. Each answer goes to ``answered(_:_:now:)``; a probe
    /// whose answer never comes is taken for timed out.
    package func dueProbes(now: UInt64) -> [HealthProbe] { self.core.withLock { $0.dueProbes(now: now) } }

    /// Tells how a probe ended.
    package func answered(_ probe: HealthProbe, _ answer: HealthAnswer, now: UInt64) {
        self.core.withLock { core in
            if self.take(answer, to: probe, &core, now) { self.publish(&core, now) }
        }
    }

    private func take(_ answer: HealthAnswer, to probe: HealthProbe, _ core: inout ClusterCore, _ now: UInt64) -> Bool {
        core.answered(probe, answer, now: now, isUsed: self.isUsed.load(ordering: .relaxed))
    }

    /// An ordinary response came with `x-envoy-immediate-health-check-fail`: where active checks are on, its endpoint is
    /// left alone until they find it well again.
    package func failAtOnce(_ endpoint: EndpointHandle, now: UInt64) {
        self.core.withLock { core in
            if core.failAtOnce(endpoint) { self.publish(&core, now) }
        }
    }

    // MARK: Numbers

    /// The cluster's numbers of this moment, for metrics and the admin pages.
    package var statistics: ClusterStatistics {
        var statistics = self.core.withLock { $0.statistics }
        statistics.limits = self.limits.numbers
        return statistics
    }
}

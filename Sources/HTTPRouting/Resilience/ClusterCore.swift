import MeshModel
import MeshProtos
import Synchronization

/// What a cluster knows beside the table of choices. Its owner holds a lock for each call.
struct ClusterCore: Sendable {
    private struct Key: Hashable {
        var id: String
        var address: SocketAddress
    }

    private let place: ClientPlace
    private var cluster: TulleL7.Cluster
    private var builder: TableBuilder
    private var facts: [EndpointFacts] = []
    private var endpoints: [Key: EndpointHandle] = [:]
    private var order: [EndpointHandle] = []
    private(set) var outliers: OutlierRules?
    private var checker: HealthChecker?
    private var nextLook: UInt64?
    private var ejectionsSoFar = 0
    private var random: PickRandom

    init(_ cluster: TulleL7.Cluster, place: ClientPlace, seed: UInt64) {
        self.place = place
        self.cluster = cluster
        self.builder = TableBuilder(cluster, place: place)
        self.outliers = OutlierRules(cluster.outliers)
        self.checker = cluster.healthCheck.map { HealthChecker(HealthCheckRules($0, hostname: cluster.hostname)) }
        self.random = PickRandom(seed)
    }

    // MARK: Changes

    /// Returns whether anything is different.
    mutating func take(_ cluster: TulleL7.Cluster, now: UInt64) -> Bool {
        guard cluster != self.cluster else { return false }
        let before = self.cluster
        self.cluster = cluster
        self.builder = TableBuilder(cluster, place: self.place)
        self.outliers = OutlierRules(cluster.outliers)
        if self.outliers == nil { for endpoint in self.order { self.endEjection(of: endpoint, now: now) } }
        self.nextLook = self.outliers.map { now + $0.interval }
        let rules = cluster.healthCheck.map { HealthCheckRules($0, hostname: cluster.hostname) }
        if rules != self.checker?.rules {
            self.checker = rules.map { HealthChecker($0) }
            self.checker?.update(self.order, now: now, random: &self.random)
            // Nobody asks any more: discovery's word counts again.
            if rules == nil { for endpoint in self.order { endpoint.state.check = .unknown } }
        }
        if before.subsetLabels != cluster.subsetLabels || before.usesUnready != cluster.usesUnready {
            self.resolve(now: now)
        }
        return true
    }

    /// Returns whether anything is different.
    mutating func take(_ facts: [EndpointFacts], now: UInt64) -> Bool {
        guard facts != self.facts else { return false }
        self.facts = facts
        self.resolve(now: now)
        if self.nextLook == nil { self.nextLook = self.outliers.map { now + $0.interval } }
        return true
    }

    private mutating func resolve(now: UInt64) {
        var endpoints: [Key: EndpointHandle] = [:]
        endpoints.reserveCapacity(self.facts.count)
        var order: [EndpointHandle] = []
        order.reserveCapacity(self.facts.count)
        for facts in self.facts where self.builder.isInSubset(facts) {
            let key = Key(id: facts.id, address: facts.address)
            guard endpoints[key] == nil else { continue }
            let handle = self.handle(facts, before: self.endpoints[key], now: now)
            endpoints[key] = handle
            order.append(handle)
        }
        self.endpoints = endpoints
        self.order = order
        self.checker?.update(order, now: now, random: &self.random)
    }

    private func handle(_ facts: EndpointFacts, before: EndpointHandle?, now: UInt64) -> EndpointHandle {
        guard let before else {
            let state = EndpointState()
            state.usableSince.store(now, ordering: .relaxed)
            return EndpointHandle(facts, state: state)
        }
        guard before.facts != facts else { return before }
        if facts.isHealthy, !before.facts.isHealthy, !self.cluster.usesUnready {
            before.state.usableSince.store(now, ordering: .relaxed)
        }
        return EndpointHandle(facts, state: before.state)
    }

    mutating func table(now: UInt64) -> PickTable {
        let checks = self.checker != nil
        // Until the first answer of all, discovery's word counts: a waypoint that has just begun refuses nobody.
        let isWarming = checks && self.order.allSatisfy { $0.state.check == .unknown }
        return self.builder.table(of: self.order, now: now, random: &self.random) { endpoint in
            if endpoint.isEjected { return .notWell }
            if endpoint.isDegraded { return .degraded }
            return !checks || endpoint.state.check == .passed || isWarming ? .well : .notWell
        }
    }

    // MARK: Ejections

    /// Returns whether it is ejected now and was not before.
    mutating func eject(_ endpoint: EndpointHandle, now: UInt64) -> Bool {
        let key = Key(id: endpoint.id, address: endpoint.address)
        guard let rules = self.outliers, let known = self.endpoints[key], known.isSame(as: endpoint), !known.isEjected
        else { return false }
        let ejected = self.order.count { $0.isEjected }
        guard rules.allowsEjection(beside: ejected, of: self.order.count) else { return false }
        let state = known.state
        state.ejections.wrappingAdd(1, ordering: .relaxed)
        state.ejectionChanged.store(now, ordering: .relaxed)
        state.isEjected = true
        self.ejectionsSoFar += 1
        return true
    }

    private func endEjection(of endpoint: EndpointHandle, now: UInt64) {
        guard endpoint.isEjected else { return }
        endpoint.state.clearFailures()
        endpoint.state.ejectionChanged.store(now, ordering: .relaxed)
        endpoint.state.isEjected = false
    }

    /// Returns whether any ended.
    mutating func endEjections(now: UInt64) -> Bool {
        guard let rules = self.outliers, let next = self.nextLook, now >= next else { return false }
        self.nextLook = now + rules.interval
        var hasChanged = false
        for endpoint in self.order {
            if !endpoint.isEjected {
                rules.forgive(endpoint.state, now: now)
            } else if rules.isOver(endpoint.state, now: now) {
                self.endEjection(of: endpoint, now: now)
                hasChanged = true
            }
        }
        return hasChanged
    }

    // MARK: Active health checks

    /// When something is due next.
    var nextAt: UInt64? {
        let look = self.order.isEmpty ? nil : self.nextLook
        return [look, self.checker?.nextAt].compactMap { $0 }.min()
    }

    mutating func dueProbes(now: UInt64) -> [HealthProbe] { self.checker?.due(now: now) ?? [] }

    func lostProbes(now: UInt64) -> [HealthProbe] { self.checker?.lost(now: now) ?? [] }

    /// Returns whether the table is different now.
    mutating func answered(_ probe: HealthProbe, _ answer: HealthAnswer, now: UInt64, isUsed: Bool) -> Bool {
        guard
            let change = self.checker?.answered(probe, answer, now: now, isUsed: isUsed, random: &self.random)
        else { return false }
        let endpoint = probe.endpoint
        if change.isBack { endpoint.state.usableSince.store(now, ordering: .relaxed) }
        // As in Envoy an answer that is well ends an ejection; one that fails below the threshold does not.
        let verdict = self.checker?.rules.verdict(answer)
        let endsEjection = (verdict == .well || verdict == .degraded) && change.after.isUsable
        guard endsEjection, endpoint.isEjected else { return change.before != change.after }
        self.endEjection(of: endpoint, now: now)
        return true
    }

    mutating func failAtOnce(_ endpoint: EndpointHandle) -> Bool { self.checker?.failAtOnce(endpoint) ?? false }

    // MARK: Numbers

    var statistics: ClusterStatistics {
        ClusterStatistics(
            endpoints: self.order.map { endpoint in
                ClusterStatistics.Endpoint(
                    facts: endpoint.facts,
                    active: endpoint.active,
                    isEjected: endpoint.isEjected,
                    failsChecks: endpoint.failsChecks,
                    isDegraded: endpoint.isDegraded,
                    priority: Int(exactly: endpoint.state.priority.load(ordering: .relaxed)).flatMap {
                        $0 == UInt8.max ? nil : $0
                    }
                )
            },
            ejections: self.ejectionsSoFar
        )
    }
}

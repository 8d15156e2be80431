import MeshModel
import MeshProtos
import Synchronization

/// Makes the table of choices of a cluster from its endpoints and their health.
struct TableBuilder: Sendable {
    /// What is known of an endpoint beside discovery's word.
    enum Standing {
        case well
        /// Used for what others can't carry.
        case degraded
        case notWell
    }

    /// Envoy's overprovisioning factor: a place keeps its share until fewer than 5 in 7 of its endpoints are well.
    private static let overprovisioning = 1.4

    private let cluster: TulleL7.Cluster
    private let balancer: TulleL7.LoadBalancer
    private let preference: PlacePreference
    private let panicPercent: Int

    init(_ cluster: TulleL7.Cluster, place: ClientPlace) {
        self.cluster = cluster
        self.balancer = cluster.loadBalancer ?? TulleL7.LoadBalancer()
        self.preference = PlacePreference(self.balancer.locality, place: place)
        self.panicPercent = Self.panicPercent(cluster)
    }

    /// What was written; else outlier detection's least health, as Istio sets it; else Envoy's half, which matters only
    /// where active health checks alone decide who is well.
    private static func panicPercent(_ cluster: TulleL7.Cluster) -> Int {
        let written = cluster.loadBalancer?.locality?.panicPercent ?? 0
        if written > 0 { return Int(min(written, 100)) }
        if let outliers = cluster.outliers { return Int(min(outliers.minHealthPercent, 100)) }
        return cluster.healthCheck == nil ? 0 : 50
    }

    private var usesConsistentHashing: Bool {
        self.balancer.algorithm == .ringHash || self.balancer.algorithm == .maglev
    }

    /// Whether an endpoint's labels are those of the subset.
    func isInSubset(_ facts: EndpointFacts) -> Bool {
        self.cluster.subsetLabels.allSatisfy { facts.labels[$0.key] == $0.value }
    }

    /// Whether discovery allows an endpoint to get requests.
    func isReady(_ facts: EndpointFacts) -> Bool { facts.isHealthy || self.cluster.usesUnready }

    /// Whether an endpoint counts for the health of its priority. With outlier detection those that are not ready do, so
    /// that a priority that loses its endpoints spills over; without it they are no endpoints, as in Istio.
    private func counts(_ facts: EndpointFacts) -> Bool {
        guard facts.weight > 0, !facts.isDraining else { return false }
        return self.isReady(facts) || self.cluster.outliers != nil
    }

    /// - Parameters:
    ///   - endpoints: those of the subset.
    ///   - standing: what ejection and active health checks say of an endpoint.
    ///   - now: milliseconds.
    func table(
        of endpoints: [EndpointHandle],
        now: UInt64,
        random: inout PickRandom,
        standing: (EndpointHandle) -> Standing
    ) -> PickTable {
        var members = endpoints.filter { self.counts($0.facts) }
        let shares = self.preference.shares(Self.weights(of: members))
        if let shares { members.removeAll { shares[$0.facts.locality] == nil } }
        for endpoint in endpoints { endpoint.state.priority.store(.max, ordering: .relaxed) }
        let levels = self.levels(members)
        var healthy: [[EndpointHandle]] = []
        var degraded: [[EndpointHandle]] = []
        for (index, level) in levels.enumerated() {
            let ready = level.filter { self.isReady($0.facts) }
            healthy.append(ready.filter { standing($0) == .well })
            degraded.append(ready.filter { standing($0) == .degraded })
            for endpoint in level { endpoint.state.priority.store(UInt8(clamping: index), ordering: .relaxed) }
        }
        let counts = levels.indices.map { index in
            PriorityLoads.Count(
                healthy: healthy[index].count,
                degraded: degraded[index].count,
                total: levels[index].count
            )
        }
        let loads = PriorityLoads(counts, panicPercent: self.panicPercent)
        var made: [PickTable.Level] = []
        for part in [healthy, degraded] {
            for (index, level) in levels.enumerated() {
                if let shares, !loads.panics[index] {
                    made.append(self.level(part[index], of: level, shares: shares, now: now, random: &random))
                } else {
                    let used = loads.panics[index] ? level.filter { self.isReady($0.facts) } : part[index]
                    let weights = used.map { Double($0.facts.weight) }
                    made.append(self.level(used, weights: weights, now: now, random: &random))
                }
            }
        }
        return PickTable(
            isMissing: self.cluster.missing,
            hashes: self.usesConsistentHashing,
            levels: made,
            counts: counts,
            panicPercent: self.panicPercent,
            loads: loads,
            byAddress: self.byAddress(endpoints)
        )
    }

    /// Endpoints by priority, without priorities that have none.
    private func levels(_ members: [EndpointHandle]) -> [[EndpointHandle]] {
        var levels: [Int: [EndpointHandle]] = [:]
        for endpoint in members { levels[self.preference.priority(of: endpoint.facts), default: []].append(endpoint) }
        return levels.keys.sorted().compactMap { levels[$0] }
    }

    private static func weights(of endpoints: [EndpointHandle]) -> [Locality: Double] {
        var weights: [Locality: Double] = [:]
        for endpoint in endpoints { weights[endpoint.facts.locality, default: 0] += Double(endpoint.facts.weight) }
        return weights
    }

    private func byAddress(_ endpoints: [EndpointHandle]) -> [SocketAddress: EndpointHandle] {
        let kept = endpoints.lazy.filter { self.isReady($0.facts) || $0.facts.isDraining }
        return Dictionary(kept.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Levels

    private func level(
        _ endpoints: [EndpointHandle],
        weights: [Double],
        now: UInt64,
        random: inout PickRandom
    ) -> PickTable.Level {
        let group = EndpointGroup(
            endpoints,
            weights: weights,
            balancer: self.balancer,
            now: now,
            random: &random
        )
        return PickTable.Level(groups: [(bound: 1, group: group)])
    }

    /// A level whose places have shares. A place whose endpoints fail loses some of its share to the others.
    private func level(
        _ healthy: [EndpointHandle],
        of all: [EndpointHandle],
        shares: [Locality: Double],
        now: UInt64,
        random: inout PickRandom
    ) -> PickTable.Level {
        let total = Self.tally(all)
        let well = Self.tally(healthy)
        func share(_ locality: Locality) -> Double {
            let health = Double(well[locality] ?? 0) / Double(max(total[locality] ?? 1, 1))
            return (shares[locality] ?? 0) * min(1, Self.overprovisioning * health)
        }
        if self.usesConsistentHashing {
            // One ring for all places, so that a key's endpoint does not depend on a draw.
            let sums = Self.weights(of: healthy)
            let weighted = healthy.map { endpoint in
                let locality = endpoint.facts.locality
                return share(locality) * Double(endpoint.facts.weight) / max(sums[locality] ?? 1, 1)
            }
            return self.level(healthy, weights: weighted, now: now, random: &random)
        }
        var bound = 0.0
        var groups: [(bound: Double, group: EndpointGroup)] = []
        for locality in well.keys.sorted(by: { $0.description < $1.description }) {
            let members = healthy.filter { $0.facts.locality == locality }
            let weights = members.map { Double($0.facts.weight) }
            bound += share(locality)
            let group = EndpointGroup(members, weights: weights, balancer: self.balancer, now: now, random: &random)
            groups.append((bound, group))
        }
        return PickTable.Level(groups: groups)
    }

    private static func tally(_ endpoints: [EndpointHandle]) -> [Locality: Int] {
        var tally: [Locality: Int] = [:]
        for endpoint in endpoints { tally[endpoint.facts.locality, default: 0] += 1 }
        return tally
    }
}

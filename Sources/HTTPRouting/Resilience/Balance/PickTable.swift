import MeshModel
import MeshProtos
import Synchronization

/// Everything that a choice looks at, made whole when configuration, endpoints or their health change, and then never
/// changed but for turns and counters.
final class PickTable: Sendable {
    /// Endpoints of one priority: those that are used now.
    struct Level: Sendable {
        /// Groups with the sums of their weights up to them; several only where places have shares.
        var groups: [(bound: Double, group: EndpointGroup)]
    }

    /// How often an endpoint that was tried is drawn again, as Istio sets it.
    private static let reselections = 5
    /// After how many attempts Istio leaves the priorities of these.
    private static let attemptsPerShift = 2

    private let isMissing: Bool
    private let hashes: Bool
    private let levels: [Level]
    private let counts: [PriorityLoads.Count]
    private let panicPercent: Int
    private let loads: PriorityLoads
    private let byAddress: [SocketAddress: EndpointHandle]

    /// - Parameters:
    ///   - levels: by priority, then by priority the degraded endpoints: as ``PriorityLoads/shares``.
    ///   - counts: of the endpoints of each priority.
    ///   - byAddress: what sessions may belong to.
    init(
        isMissing: Bool,
        hashes: Bool,
        levels: [Level],
        counts: [PriorityLoads.Count],
        panicPercent: Int,
        loads: PriorityLoads,
        byAddress: [SocketAddress: EndpointHandle]
    ) {
        self.isMissing = isMissing
        self.hashes = hashes
        self.levels = levels
        self.counts = counts
        self.panicPercent = panicPercent
        self.loads = loads
        self.byAddress = byAddress
    }

    /// Chooses an endpoint.
    /// - Parameters:
    ///   - now: milliseconds.
    ///   - random: any number; the same gives the same choice while nothing changes.
    func pick(_ demand: PickDemand, now: UInt64, random seed: UInt64) -> PickResult {
        if self.isMissing { return .noSuchSubset }
        if let kept = self.sessionEndpoint(demand) { return .endpoint(kept) }
        var random = PickRandom(seed)
        let hash = self.hashes ? demand.hash : nil
        let loads = demand.shiftsPriorities ? self.loads(leaving: demand.tried) : self.loads
        guard var choice = self.choose(loads, hash, now: now, &random) else { return .noHealthyEndpoint }
        guard demand.avoidsTried, hash == nil, !demand.tried.isEmpty else { return .endpoint(choice) }
        var left = Self.reselections
        while left > 0, demand.hasTried(choice) {
            left -= 1
            choice = self.choose(loads, hash, now: now, &random) ?? choice
        }
        guard demand.hasTried(choice) else { return .endpoint(choice) }
        return .endpoint(self.untried(demand, loads, &random) ?? choice)
    }

    private func choose(
        _ loads: PriorityLoads,
        _ hash: UInt64?,
        now: UInt64,
        _ random: inout PickRandom
    ) -> EndpointHandle? {
        // A consistent choice draws its priority by its key too. Priority and endpoint must not depend on the same bits.
        let ticket =
            hash.map { Int(truncatingIfNeeded: ($0 &* 0x9e37_79b9_7f4a_7c15) >> 32) % 100 } ?? random.below(100)
        guard let priority = loads.priority(for: ticket), priority < self.levels.count else { return nil }
        let level = self.levels[priority]
        guard let total = level.groups.last?.bound else { return nil }
        var group = level.groups[0].group
        if level.groups.count > 1 {
            let mark = random.unit() * total
            group = level.groups.first { mark < $0.bound }?.group ?? group
        }
        return group.choose(hash: hash, now: now, random: &random)
    }

    /// The next endpoint from a random one on that was not tried, for clusters so small that drawing misses it.
    private func untried(
        _ demand: PickDemand,
        _ loads: PriorityLoads,
        _ random: inout PickRandom
    ) -> EndpointHandle? {
        for (index, level) in self.levels.enumerated() where index < loads.shares.count && loads.shares[index] > 0 {
            for (_, group) in level.groups where !group.endpoints.isEmpty {
                let start = random.below(group.endpoints.count)
                let order = group.endpoints[start...] + group.endpoints[..<start]
                if let other = order.first(where: { !demand.hasTried($0) }) { return other }
            }
        }
        return nil
    }

    /// Whether a session's endpoint is there and well.
    func holds(_ session: SocketAddress) -> Bool {
        !self.isMissing && self.sessionEndpoint(PickDemand(session: session)) != nil
    }

    /// The session's endpoint, if it is still there, well, and did not just fail this request.
    private func sessionEndpoint(_ demand: PickDemand) -> EndpointHandle? {
        guard let session = demand.session, let endpoint = self.byAddress[session] else { return nil }
        guard !endpoint.isEjected, !endpoint.failsChecks else { return nil }
        return demand.avoidsTried && demand.hasTried(endpoint) ? nil : endpoint
    }

    /// Loads without the priorities of the endpoints that were tried, renewed after every second attempt. When none is
    /// left, all count again.
    private func loads(leaving tried: [EndpointHandle]) -> PriorityLoads {
        let settled = tried.count - tried.count % Self.attemptsPerShift
        var excluded: Set<Int> = []
        for index in 0..<settled {
            excluded.insert(Int(tried[index].state.priority.load(ordering: .relaxed)))
            guard (index + 1) % Self.attemptsPerShift == 0 else { continue }
            let isSomeLeft = self.counts.enumerated().contains { index, count in
                !excluded.contains(index) && count.healthy + count.degraded > 0
            }
            if !isSomeLeft { excluded = [] }
        }
        guard !excluded.isEmpty else { return self.loads }
        return PriorityLoads(self.counts, panicPercent: self.panicPercent, excluded: excluded)
    }
}

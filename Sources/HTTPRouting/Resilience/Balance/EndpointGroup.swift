import MeshModel
import MeshProtos
import Synchronization

/// Endpoints that are equals but for their weight, and the way one of them is chosen.
final class EndpointGroup: Sendable {
    private enum Way: Sendable {
        /// The one of some with the fewest active requests.
        case fewest(choices: Int)
        case turns
        case random
        case alias(AliasTable)
        case ring(HashRing)
        case maglev(MaglevTable)
    }

    let endpoints: [EndpointHandle]
    private let weights: [Double]
    private let way: Way
    /// Turns by weight: where weights differ, and while new endpoints get less than their share.
    private let scheduler: DeadlineScheduler?
    private let ramp: SlowStartRamp?
    /// Until when weights matter, in milliseconds; the end of time where they differ.
    private let weightedUntil: UInt64
    private let weighsActive: Bool
    private let turn: Atomic<UInt64>

    /// - Parameters:
    ///   - endpoints: with weights above zero.
    ///   - weights: by endpoint, above zero.
    ///   - now: milliseconds.
    init(
        _ endpoints: [EndpointHandle],
        weights: [Double],
        balancer: TulleL7.LoadBalancer,
        now: UInt64,
        random: inout PickRandom
    ) {
        self.endpoints = endpoints
        self.weights = weights
        let differ = weights.contains { $0 != weights.first }
        var ramp: SlowStartRamp?
        switch balancer.algorithm {
        case .random:
            self.way = differ ? .alias(AliasTable(weights)) : .random
        case .ringHash:
            let size = balancer.ringSize == 0 ? HashRing.defaultMinimumSize : Int(balancer.ringSize)
            self.way = .ring(HashRing(Self.names(endpoints), weights: weights, minimumSize: size))
        case .maglev:
            let size = balancer.tableSize == 0 ? MaglevTable.defaultSize : Int(balancer.tableSize)
            self.way = .maglev(MaglevTable(Self.names(endpoints), weights: weights, size: size))
        case .roundRobin:
            self.way = .turns
            ramp = SlowStartRamp(balancer.slowStart)
        default:
            self.way = .fewest(choices: Self.choices(balancer.choices))
            ramp = SlowStartRamp(balancer.slowStart)
        }
        let (until, isWeighted) = Self.weighting(endpoints, differ: differ, way: self.way, ramp: ramp, now: now)
        self.ramp = ramp
        self.weightedUntil = until
        self.scheduler = isWeighted ? DeadlineScheduler(weights, random: &random) : nil
        if case .fewest = self.way { self.weighsActive = true } else { self.weighsActive = false }
        self.turn = Atomic(random.next())
    }

    /// Envoy compares two where nothing was said; more than 16 cost more than they gain.
    private static func choices(_ written: UInt32) -> Int { written == 0 ? 2 : Int(min(written, 16)) }

    private static func names(_ endpoints: [EndpointHandle]) -> [String] { endpoints.map(\.address.description) }

    private static func weighting(
        _ endpoints: [EndpointHandle],
        differ: Bool,
        way: Way,
        ramp: SlowStartRamp?,
        now: UInt64
    ) -> (until: UInt64, isWeighted: Bool) {
        switch way {
        case .fewest, .turns: break
        case .random, .alias, .ring, .maglev: return (0, false)
        }
        if differ { return (.max, true) }
        guard let ramp else { return (0, false) }
        let newest = endpoints.lazy.map { $0.state.usableSince.load(ordering: .relaxed) }.max() ?? 0
        let until = newest.addingReportingOverflow(ramp.window).partialValue
        return (until, until > now)
    }

    /// One of the endpoints; nil where there are none.
    /// - Parameters:
    ///   - hash: the key of a consistent choice; nil draws one.
    ///   - now: milliseconds.
    func choose(hash: UInt64?, now: UInt64, random: inout PickRandom) -> EndpointHandle? {
        guard !self.endpoints.isEmpty else { return nil }
        if let scheduler = self.scheduler, now < self.weightedUntil {
            return scheduler.next({ self.weight($0, now: now) }).map { self.endpoints[$0] }
        }
        switch self.way {
        case .fewest(let choices):
            return self.fewest(of: choices, &random)
        case .turns:
            let turn = self.turn.wrappingAdd(1, ordering: .relaxed).oldValue
            return self.endpoints[Int(truncatingIfNeeded: turn % UInt64(self.endpoints.count))]
        case .random:
            return self.endpoints[random.below(self.endpoints.count)]
        case .alias(let table):
            return self.endpoints[table.draw(&random)]
        case .ring(let ring):
            return ring.place(of: hash ?? random.next()).map { self.endpoints[$0] }
        case .maglev(let table):
            return table.place(of: hash ?? random.next()).map { self.endpoints[$0] }
        }
    }

    /// Drawn with replacement; the first drawn where there is no difference.
    private func fewest(of choices: Int, _ random: inout PickRandom) -> EndpointHandle {
        var best = self.endpoints[random.below(self.endpoints.count)]
        var least = best.active
        for _ in 1..<max(choices, 1) {
            let other = self.endpoints[random.below(self.endpoints.count)]
            let active = other.active
            guard active < least else { continue }
            best = other
            least = active
        }
        return best
    }

    private func weight(_ place: Int, now: UInt64) -> Double {
        let state = self.endpoints[place].state
        var weight = self.weights[place]
        if let ramp = self.ramp {
            weight *= ramp.factor(since: state.usableSince.load(ordering: .relaxed), now: now)
        }
        guard self.weighsActive else { return weight }
        return weight / Double(max(0, state.active.load(ordering: .relaxed)) + 1)
    }
}

import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Clusters under random events")
struct ClusterPropertyTests {
    private static let localities = ["", "r1", "r1/z1", "r1/z2", "r1/z1/s1", "r2/z1", "r3"]

    private func settings(_ random: inout PickRandom) -> TulleL7.Cluster {
        ClusterLab.settings { cluster in
            let algorithm = TulleL7.LoadBalancer.Algorithm(rawValue: Int32(random.below(6)))
            cluster.loadBalancer = ClusterLab.balancer(algorithm) {
                $0.tableSize = 101
                $0.ringSize = 64
                $0.choices = UInt32(random.below(5))
                if random.below(2) == 0 {
                    $0.slowStart = TulleL7.SlowStart()
                    $0.slowStart?.windowMilliseconds = 2000
                    $0.slowStart?.aggression = UInt32(random.below(3)) * 700
                }
                $0.locality = self.locality(&random)
            }
            cluster.usesUnready = random.below(4) == 0
            if random.below(3) > 0 {
                cluster.outliers = ClusterLab.outliers {
                    $0.consecutive5xx = UInt32(1 + random.below(3))
                    $0.maxEjectionPercent = UInt32(random.below(101))
                    $0.intervalMilliseconds = 500
                    $0.baseEjectionMilliseconds = 700
                }
            }
            if random.below(3) == 0 { cluster.healthCheck = TulleL7.HealthCheck() }
            if random.below(4) == 0 { cluster.subsetLabels = ["version": "v1"] }
        }
    }

    private func locality(_ random: inout PickRandom) -> TulleL7.Locality {
        let mode = TulleL7.Locality.Mode(rawValue: Int32(random.below(5)))
        return ClusterLab.locality(mode) {
            $0.priority = ["version", "topology.kubernetes.io/region=r1", "topology.kubernetes.io/zone"]
            var rule = TulleL7.Locality.Distribute()
            rule.from = ["*", "r1/*", "r9"][random.below(3)]
            rule.to = ["r1/*", "r2/z1", "*"].map { place in
                var share = TulleL7.Locality.Share()
                share.place = place
                share.percent = UInt32(random.below(60))
                return share
            }
            $0.distribute = [rule]
        }
    }

    private func facts(_ random: inout PickRandom) -> [EndpointFacts] {
        (0..<15).shuffled(using: &random).prefix(random.below(12)).map { index in
            ClusterLab.endpoint(
                index,
                weight: UInt32(random.below(4)),
                locality: Self.localities[random.below(Self.localities.count)],
                labels: random.below(2) == 0 ? ["version": "v1"] : [:],
                isHealthy: random.below(5) > 0,
                isDraining: random.below(8) == 0
            )
        }
    }

    @Test("whoever is chosen is there, wanted and allowed", arguments: 1...12)
    func choices(_ seed: UInt64) {
        var random = PickRandom(seed)
        var cluster = self.settings(&random)
        var facts = self.facts(&random)
        let place = ClientPlace(locality: Locality(region: "r1", zone: "z1"), labels: ["version": "v1"])
        let state = ClusterState(cluster, place: place, seed: seed)
        var uses: [Use] = []
        var tried: [EndpointHandle] = []
        for step in 0..<400 {
            let now = UInt64(step * 50)
            switch random.below(40) {
            case 0:
                cluster = self.settings(&random)
                state.update(cluster: cluster, now: now)
            case 1...3:
                facts = self.facts(&random)
                state.update(endpoints: facts, now: now)
            case 4...6:
                for probe in state.dueProbes(now: now) {
                    let answers: [HealthAnswer] = [.connected, .disconnected, .timedOut]
                    if random.below(4) > 0 { state.answered(probe, answers[random.below(3)], now: now) }
                }
                #expect(state.tick(now: now).map { $0 > now } ?? true)
            case 7...9:
                if !uses.isEmpty { uses.remove(at: random.below(uses.count)) }
            default:
                let demand = PickDemand(
                    hash: random.below(2) == 0 ? random.next() : nil,
                    tried: Array(tried.suffix(random.below(5))),
                    avoidsTried: random.below(2) == 0,
                    shiftsPriorities: random.below(3) == 0,
                    session: random.below(8) == 0 ? tried.last?.address : nil
                )
                guard let endpoint = state.endpoint(demand, now: now, random: random.next()) else { continue }
                let known = facts.first { $0.id == endpoint.id && $0.address == endpoint.address }
                #expect(known == endpoint.facts)
                #expect(endpoint.facts.isHealthy || cluster.usesUnready || endpoint.facts.isDraining)
                if demand.session != endpoint.address {
                    #expect(endpoint.facts.weight > 0 && !endpoint.facts.isDraining)
                }
                // Nobody panics here: no threshold is written, and with checks alone it is a half.
                if cluster.outliers != nil { #expect(!endpoint.isEjected && !endpoint.failsChecks) }
                if !cluster.subsetLabels.isEmpty { #expect(endpoint.facts.labels["version"] == "v1") }
                uses.append(Use(endpoint))
                tried.append(endpoint)
                state.report(endpoint, random.below(2) == 0 ? .status(503) : .status(200), now: now)
            }
        }
        uses = []
        #expect(tried.allSatisfy { $0.active == 0 })
    }

    /// Keeps a use in a collection.
    private final class Use {
        private let use: EndpointUse
        init(_ endpoint: EndpointHandle) { self.use = endpoint.beginUse() }
    }

    @Test("a request ends after as many attempts as it may have", arguments: 1...20)
    func attempts(_ seed: UInt64) throws {
        var random = PickRandom(seed)
        let results: [AttemptResult] = [
            .status(200), .status(500), .status(503), .connectFailure, .refusedStream, .attemptTimeout, .refusedHere,
            .reset(requestWasSent: true), .response(status: 200, grpcStatus: 14, isRateLimited: false),
        ]
        for _ in 0..<200 {
            let retries = random.below(5)
            let policy = try RetryPolicyTests.policy("5xx,unavailable", attempts: UInt32(retries), attemptTimeout: 50) {
                $0.hedges = random.below(2) == 0
            }
            var machine = RetryMachine(policy, deadline: random.below(2) == 0 ? 400 : nil)
            var now: UInt64 = 0
            _ = machine.begin(now: now)
            var steps = 0
            var isAnswered = false
            while !isAnswered {
                steps += 1
                try #require(steps < 100)
                now += UInt64(random.below(60))
                let isSlow = random.below(4) == 0 && machine.underWay > 0 && steps < 50
                let step =
                    isSlow
                    ? machine.tooSlow(now: now, random: random.next())
                    : machine.ended(results[random.below(results.count)], now: now, random: random.next())
                switch step {
                case .retry, .hedge:
                    if random.below(6) == 0 {
                        if case .answer = machine.isRefused() { isAnswered = true }
                    } else {
                        _ = machine.begin(now: now)
                    }
                case .keep, .wait: #expect(machine.underWay > 0)
                case .answer: isAnswered = true
                }
                #expect(machine.attempts <= retries + 1)
                #expect(machine.underWay <= machine.attempts)
            }
        }
    }
}

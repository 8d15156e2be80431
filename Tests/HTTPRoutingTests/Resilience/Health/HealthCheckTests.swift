import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Active health checks")
struct HealthCheckTests {
    private func cluster(
        _ count: Int = 2,
        isUsed: Bool = true,
        _ change: (inout TulleL7.HealthCheck) -> Void = { _ in }
    ) -> ClusterState {
        let cluster = ClusterLab.cluster((0..<count).map { ClusterLab.endpoint($0) }) {
            var check = TulleL7.HealthCheck()
            check.kind = .http
            check.path = "/healthz"
            check.intervalMilliseconds = 10_000
            check.timeoutMilliseconds = 1000
            check.unhealthyThreshold = 3
            check.healthyThreshold = 2
            change(&check)
            $0.healthCheck = check
            $0.outliers = ClusterLab.outliers { $0.baseEjectionMilliseconds = 600_000 }
        }
        if isUsed { _ = cluster.pick(now: 0, random: 0) }
        return cluster
    }

    private static let good = HealthAnswer.status(200)

    /// Answers what is due by then; all are well but one.
    private func round(_ cluster: ClusterState, now: UInt64, _ id: String, _ answer: HealthAnswer) {
        for probe in cluster.dueProbes(now: now) {
            cluster.answered(probe, probe.endpoint.id == id ? answer : Self.good, now: now)
        }
    }

    @Test("until the first answer discovery's word counts, then one answer decides for each new endpoint")
    func first() {
        let cluster = self.cluster()
        #expect(cluster.handles().count == 2)
        let probes = cluster.dueProbes(now: 1000)
        #expect(probes.map(\.endpoint.id).sorted() == ["e0", "e1"])
        for probe in probes {
            cluster.answered(probe, probe.endpoint.id == "e0" ? Self.good : .timedOut, now: 1000)
        }
        #expect(cluster.handles().keys.sorted() == ["e0"])
        cluster.update(endpoints: (0..<3).map { ClusterLab.endpoint($0) }, now: 2000)
        #expect(cluster.handles().keys.sorted() == ["e0"], "a new one waits for its answer")
        self.round(cluster, now: 3000, "", Self.good)
        #expect(cluster.handles().keys.sorted() == ["e0", "e2"])
    }

    @Test("an endpoint that is not well is asked again soon, also where nobody has called yet")
    func unused() {
        let cluster = self.cluster(isUsed: false)
        for probe in cluster.dueProbes(now: 1000) {
            cluster.answered(probe, probe.endpoint.id == "e0" ? Self.good : .disconnected, now: 1000)
        }
        #expect(cluster.dueProbes(now: 12_500).map(\.endpoint.id) == ["e1"], "the other one has a minute")
    }

    @Test("timeouts and resets count to their thresholds", arguments: [HealthAnswer.timedOut, .disconnected])
    func thresholds(_ answer: HealthAnswer) {
        let cluster = self.cluster()
        var now: UInt64 = 1000
        func next(_ answer: HealthAnswer) -> [String] {
            self.round(cluster, now: now, "e1", answer)
            now += 11_000
            return cluster.handles().keys.sorted()
        }
        let both = ["e0", "e1"]
        #expect(next(Self.good) == both)
        #expect(next(answer) == both)
        #expect(next(answer) == both)
        #expect(next(Self.good) == both)
        #expect(next(answer) == both)
        #expect(next(answer) == both)
        #expect(next(answer) == ["e0"])
        #expect(next(Self.good) == ["e0"])
        #expect(next(answer) == ["e0"])
        #expect(next(Self.good) == ["e0"])
        #expect(next(Self.good) == both)
    }

    @Test(
        "R23: another status fails at once",
        arguments: [
            HealthAnswer.status(404), .status(500),
            .status(200, .failed),
        ]
    )
    func atOnce(_ answer: HealthAnswer) {
        let cluster = self.cluster()
        self.round(cluster, now: 1000, "", Self.good)
        #expect(cluster.handles().count == 2)
        self.round(cluster, now: 12_000, "e1", answer)
        #expect(cluster.handles().keys.sorted() == ["e0"])
    }

    @Test("one that asks for it gets only what others can't carry")
    func degraded() {
        let cluster = self.cluster(10)
        func answer(_ now: UInt64, failing: Set<String>) {
            for probe in cluster.dueProbes(now: now) {
                let id = probe.endpoint.id
                let mark: HealthAnswer.Mark = id == "e0" ? .degraded : failing.contains(id) ? .failed : .none
                cluster.answered(probe, .status(200, mark), now: now)
            }
        }
        answer(1000, failing: [])
        #expect(cluster.statistics.endpoints.first?.isDegraded == true)
        #expect(cluster.picks(2000)["e0"] == nil)
        // 5 of 10 carry 70 of 100, one that is degraded 14: 84 are made 100.
        answer(13_000, failing: ["e1", "e2", "e3", "e4"])
        let share = Double(cluster.picks(10_000)["e0"] ?? 0) / 10_000
        #expect(abs(share - 0.16) < 0.02, "\(share)")
        for probe in cluster.dueProbes(now: 25_000) { cluster.answered(probe, Self.good, now: 25_000) }
        #expect(cluster.statistics.endpoints.first?.isDegraded == false)
        #expect((cluster.picks(2000)["e0"] ?? 0) > 200)
    }

    @Test("what each kind of check takes for well")
    func verdicts() {
        func rules(_ kind: TulleL7.HealthCheck.Kind, _ expected: [UInt32] = []) -> HealthCheckRules {
            var check = TulleL7.HealthCheck()
            check.kind = kind
            check.expectedStatuses = expected
            return HealthCheckRules(check, hostname: "echo")
        }
        #expect(rules(.tcp).verdict(.connected) == .well)
        #expect(rules(.tcp).verdict(.disconnected) == .failing)
        #expect(rules(.http, [204, 404]).verdict(.status(404)) == .well)
        #expect(rules(.http, [204]).verdict(Self.good) == .down)
        #expect(rules(.http).verdict(.connected) == .failing)
        #expect(rules(.grpc).verdict(Self.good) == .failing)
        #expect(rules(.tcp).verdict(.serving(true)) == .failing)
        #expect(rules(.grpc).verdict(.serving(true)) == .well)
        #expect(rules(.grpc).verdict(.serving(false)) == .down)
        #expect(rules(.http).question == .http(path: "/", host: "echo"))
        #expect(rules(.grpc).port == nil)
    }

    @Test("a response with the immediate failure's header counts like a check")
    func ordinaryResponse() throws {
        let cluster = self.cluster()
        self.round(cluster, now: 1000, "", Self.good)
        let endpoint = try #require(cluster.handle("e1"))
        cluster.failAtOnce(endpoint, now: 1500)
        #expect(cluster.handles().keys.sorted() == ["e0"])
        self.round(cluster, now: 12_500, "", Self.good)
        self.round(cluster, now: 25_000, "", Self.good)
        #expect(cluster.handles().count == 2)
        let unchecked = ClusterLab.cluster([ClusterLab.endpoint(0)])
        let other = try #require(unchecked.endpoint(random: 0))
        unchecked.failAtOnce(other, now: 0)
        #expect(unchecked.endpoint(random: 0) != nil)
    }

    @Test("a check that is well ends an ejection")
    func ejection() throws {
        let cluster = self.cluster()
        self.round(cluster, now: 1000, "", Self.good)
        let endpoint = try #require(cluster.handle("e1"))
        cluster.eject([endpoint], now: 1500)
        #expect(cluster.handles().keys.sorted() == ["e0"])
        self.round(cluster, now: 12_500, "", Self.good)
        #expect(!endpoint.isEjected)
        #expect(cluster.handles().count == 2)
    }

    @Test("checks come once an interval, later while nobody uses the cluster, and never twice at once")
    func times() {
        let cluster = self.cluster(1, isUsed: false)
        let first = cluster.dueProbes(now: 1000)
        #expect(first.count == 1)
        #expect(cluster.dueProbes(now: 1000).isEmpty)
        for probe in first { cluster.answered(probe, Self.good, now: 1100) }
        #expect(cluster.dueProbes(now: 61_000).isEmpty)
        let second = cluster.dueProbes(now: 67_200)
        #expect(second.count == 1)
        _ = cluster.endpoint(random: 0)
        for probe in second { cluster.answered(probe, Self.good, now: 67_200) }
        #expect(cluster.dueProbes(now: 77_100).isEmpty)
        #expect(cluster.dueProbes(now: 78_300).count == 1)
    }

    @Test("a question without an answer is taken for timed out, and a late answer for nothing")
    func lost() throws {
        let cluster = self.cluster(1)
        let probe = try #require(cluster.dueProbes(now: 1000).first)
        #expect(cluster.tick(now: 2000) == 3000)
        cluster.tick(now: 3000)
        #expect(probe.endpoint.failsChecks)
        cluster.answered(probe, Self.good, now: 3001)
        #expect(probe.endpoint.failsChecks)
        #expect(cluster.dueProbes(now: 80_000).count == 1)
    }

    @Test("only some are asked at once, and the others follow")
    func bound() {
        let cluster = self.cluster(100)
        let first = cluster.dueProbes(now: 1000)
        #expect(first.count == HealthChecker.concurrency)
        #expect(cluster.dueProbes(now: 1000).isEmpty)
        for probe in first { cluster.answered(probe, Self.good, now: 1001) }
        var asked = Set(first.map(\.endpoint.id))
        for now in [UInt64(1002), 1003, 1004] {
            for probe in cluster.dueProbes(now: now) {
                asked.insert(probe.endpoint.id)
                cluster.answered(probe, Self.good, now: now)
            }
        }
        #expect(asked.count == 100)
    }

    @Test("endpoints that go give their place back, and checks that are turned off no longer count")
    func changes() {
        let cluster = self.cluster(40)
        #expect(cluster.dueProbes(now: 1000).count == 32)
        cluster.update(endpoints: (40..<80).map { ClusterLab.endpoint($0) }, now: 1500)
        let probes = cluster.dueProbes(now: 2600)
        #expect(probes.count == 32)
        for probe in probes { cluster.answered(probe, .disconnected, now: 2600) }
        #expect(cluster.handles().isEmpty)
        cluster.update(cluster: ClusterLab.settings(), now: 2700)
        #expect(cluster.handles().count == 40)
        #expect(cluster.dueProbes(now: 9000).isEmpty)
    }

    @Test("with checks alone half must be well, or all are used")
    func panic() {
        let cluster = ClusterLab.cluster((0..<4).map { ClusterLab.endpoint($0) }) {
            $0.healthCheck = TulleL7.HealthCheck()
        }
        for probe in cluster.dueProbes(now: 1000) {
            cluster.answered(probe, probe.endpoint.id == "e0" ? .connected : .disconnected, now: 1000)
        }
        #expect(cluster.statistics.healthy == 1)
        #expect(cluster.handles().count == 4)
    }
}

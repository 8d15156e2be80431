import MeshModel
import MeshProtos
import MeshTelemetry
import Testing

@testable import HTTPRouting

@Suite("The attempts of a request")
struct RetryMachineTests {
    private func machine(
        _ conditions: String = "5xx",
        attempts: UInt32 = 2,
        attemptTimeout: UInt32 = 0,
        hedges: Bool = false,
        deadline: UInt64? = nil
    ) throws -> RetryMachine {
        let policy = try RetryPolicyTests.policy(conditions, attempts: attempts, attemptTimeout: attemptTimeout) {
            $0.hedges = hedges
        }
        return RetryMachine(policy, deadline: deadline)
    }

    @Test("retries follow until they are used up")
    func exhausted() throws {
        var machine = try self.machine(attempts: 3)
        for retry in 0..<3 {
            _ = machine.begin(now: 0)
            #expect(machine.ended(.status(500), now: 0, random: 0) == .retry(after: 0))
            #expect(machine.retries == retry + 1)
        }
        _ = machine.begin(now: 0)
        #expect(machine.ended(.status(500), now: 0, random: 0) == .answer(.exhausted))
        #expect(RetryMachine.Reason.exhausted.flags == .upstreamRetryLimitExceeded)
        #expect(machine.attempts == 4)
        #expect(machine.underWay == 0)
    }

    @Test("what is good or not covered is the answer")
    func final() throws {
        var machine = try self.machine("gateway-error")
        _ = machine.begin(now: 0)
        #expect(machine.ended(.status(500), now: 0, random: 0) == .answer(.final))
        _ = machine.begin(now: 0)
        #expect(machine.ended(.refusedHere, now: 0, random: 0) == .answer(.final))
        var none = try self.machine(attempts: 0)
        _ = none.begin(now: 0)
        #expect(none.ended(.status(500), now: 0, random: 0) == .answer(.final))
    }

    @Test(
        "R13: a body that is gone, a response that began or an upgrade rules retries out",
        arguments: [RetryMachine.Obstacles.bodyIsGone, .responseBegan, .upgraded]
    )
    func obstacles(_ obstacle: RetryMachine.Obstacles) throws {
        var machine = try self.machine()
        _ = machine.begin(now: 0)
        machine.obstacles.insert(obstacle)
        #expect(machine.ended(.reset(requestWasSent: true), now: 0, random: 0) == .answer(.impossible))
        #expect(machine.retries == 0)
        var slow = try self.machine(attemptTimeout: 10, hedges: true)
        _ = slow.begin(now: 0)
        slow.obstacles.insert(obstacle)
        #expect(slow.tooSlow(now: 10, random: 0) == .answer(.impossible))
    }

    @Test("R15: attempts of 200 ms end with the request's 500 ms")
    func times() throws {
        var machine = try self.machine(attempts: 3, attemptTimeout: 200, deadline: 500)
        #expect(machine.begin(now: 0) == 200)
        #expect(machine.tooSlow(now: 200, random: 0) == .retry(after: 0))
        #expect(machine.begin(now: 200) == 400)
        #expect(machine.tooSlow(now: 400, random: 0) == .retry(after: 0))
        // The request's own end comes first: whoever holds it answers 504 then.
        #expect(machine.begin(now: 400) == nil)
        #expect(machine.ended(.attemptTimeout, now: 500, random: 0) == .answer(.timeElapsed))
    }

    @Test("a retry that the cluster has no place for does not count")
    func refused() throws {
        var machine = try self.machine()
        _ = machine.begin(now: 0)
        #expect(machine.ended(.status(503), now: 0, random: 0) == .retry(after: 0))
        #expect(machine.isRefused() == .answer(.refused))
        #expect(RetryMachine.Reason.refused.flags == .upstreamRetryLimitExceeded)
        #expect(machine.retries == 0)
    }

    @Test("R27: a slow attempt gets another beside it, and the first good response wins")
    func hedge() throws {
        var machine = try self.machine(attempts: 2, attemptTimeout: 100, hedges: true)
        #expect(machine.begin(now: 0) == 100)
        #expect(machine.tooSlow(now: 100, random: 0) == .hedge)
        #expect(machine.begin(now: 100) == 200)
        #expect(machine.underWay == 2)
        // One fails while the other is under way: no third yet.
        #expect(machine.ended(.status(503), now: 150, random: 0) == .wait)
        #expect(machine.ended(.status(200), now: 160, random: 0) == .answer(.final))
    }

    @Test("hedges end with the retries, and what is under way stays")
    func lastHedge() throws {
        var machine = try self.machine(attempts: 1, attemptTimeout: 100, hedges: true)
        _ = machine.begin(now: 0)
        #expect(machine.tooSlow(now: 100, random: 0) == .hedge)
        #expect(machine.isRefused() == .keep)
        #expect(machine.tooSlow(now: 100, random: 0) == .hedge)
        _ = machine.begin(now: 100)
        #expect(machine.tooSlow(now: 200, random: 0) == .keep)
        #expect(machine.underWay == 2)
        #expect(machine.ended(.status(500), now: 210, random: 0) == .wait)
        #expect(machine.ended(.status(500), now: 220, random: 0) == .answer(.exhausted))
    }

    @Test("R14: a retry goes to another endpoint", arguments: [2, 3, 10])
    func another(_ count: Int) throws {
        let cluster = ClusterLab.cluster((0..<count).map { ClusterLab.endpoint($0) })
        var random = PickRandom(1)
        for _ in 0..<500 {
            let first = try #require(cluster.endpoint(random: random.next()))
            let second = try #require(cluster.endpoint(PickDemand(tried: [first]), random: random.next()))
            #expect(first.id != second.id)
            let same = PickDemand(tried: [first, second], avoidsTried: false)
            #expect(cluster.endpoint(same, random: random.next()) != nil)
        }
    }

    @Test("where all were tried one of them is tried again")
    func again() throws {
        let cluster = ClusterLab.cluster([ClusterLab.endpoint(0), ClusterLab.endpoint(1)])
        let all = Array(cluster.handles().values)
        #expect(all.count == 2)
        #expect(cluster.endpoint(PickDemand(tried: all), random: 5) != nil)
    }

    @Test("after two attempts at a priority the others get the request, until all were tried")
    func shift() throws {
        let endpoints =
            (0..<2).map { ClusterLab.endpoint($0, locality: "r1") }
            + (2..<4).map { ClusterLab.endpoint($0, locality: "r2") }
        let place = ClientPlace(locality: .init(region: "r1"))
        let cluster = ClusterLab.cluster(endpoints, place: place) {
            $0.loadBalancer?.locality = ClusterLab.locality(.failover)
        }
        var demand = PickDemand(avoidsTried: false, shiftsPriorities: true)
        var localities: [String] = []
        for number in 0..<6 {
            let endpoint = try #require(cluster.endpoint(demand, random: UInt64(number)))
            localities.append(endpoint.facts.locality.region)
            demand.tried.append(endpoint)
        }
        #expect(localities == ["r1", "r1", "r2", "r2", "r1", "r1"])
    }
}

import MeshProtos
import Synchronization
import Testing

@testable import HTTPRouting

@Suite("Outlier detection")
struct OutlierTests {
    private func cluster(
        _ count: Int = 3,
        _ change: (inout TulleL7.OutlierDetection) -> Void = { _ in }
    ) -> ClusterState {
        ClusterLab.cluster((0..<count).map { ClusterLab.endpoint($0) }) { $0.outliers = ClusterLab.outliers(change) }
    }

    @Test("R6: five errors in a row eject at once, and the time grows with each ejection")
    func time() throws {
        let cluster = self.cluster {
            $0.intervalMilliseconds = 1000
            $0.baseEjectionMilliseconds = 3000
        }
        let endpoint = try #require(cluster.handle("e1"))
        var now: UInt64 = 0
        for round in 1...3 {
            for _ in 0..<4 { #expect(!cluster.report(endpoint, .status(500), now: now)) }
            #expect(cluster.handles().count == 3)
            #expect(cluster.report(endpoint, .status(503), now: now))
            #expect(endpoint.isEjected)
            #expect(cluster.handles().keys.sorted() == ["e0", "e2"])
            let end = now + UInt64(3000 * round)
            cluster.tick(now: end - 1)
            #expect(endpoint.isEjected)
            cluster.tick(now: end + 1000)
            #expect(!endpoint.isEjected)
            #expect(cluster.handles().count == 3)
            now = end + 1000
        }
        #expect(cluster.statistics.ejections == 3)
    }

    @Test("an ejection is forgotten for each interval without one")
    func forgiving() throws {
        let cluster = self.cluster {
            $0.intervalMilliseconds = 1000
            $0.baseEjectionMilliseconds = 1000
        }
        let endpoint = try #require(cluster.handle("e1"))
        cluster.eject([endpoint], now: 0)
        cluster.tick(now: 1000)
        cluster.eject([endpoint], now: 1000)
        cluster.tick(now: 2000)
        #expect(endpoint.isEjected, "the second lasts twice as long")
        cluster.tick(now: 3000)
        #expect(!endpoint.isEjected)
        for now in stride(from: UInt64(4000), through: 8000, by: 1000) { cluster.tick(now: now) }
        cluster.eject([endpoint], now: 8000)
        cluster.tick(now: 9000)
        #expect(!endpoint.isEjected, "it is a first one again")
    }

    @Test("no ejection is longer than five minutes, or the base")
    func longest() throws {
        for (base, longest) in [(UInt32(100_000), UInt64(300_000)), (400_000, 400_000)] {
            let cluster = self.cluster { $0.baseEjectionMilliseconds = base }
            let endpoint = try #require(cluster.handle("e1"))
            for _ in 0..<9 { endpoint.state.ejections.wrappingAdd(1, ordering: .relaxed) }
            cluster.eject([endpoint], now: 0)
            cluster.tick(now: longest - 1)
            #expect(endpoint.isEjected)
            cluster.tick(now: longest + 20_000)
            #expect(!endpoint.isEjected)
        }
    }

    @Test(
        "R7: of three that all fail one is ejected at ten percent",
        arguments: [(3, 10, 1), (20, 10, 2), (4, 50, 2), (5, 100, 5)]
    )
    func percent(_ count: Int, _ percent: Int, _ ejected: Int) {
        let cluster = self.cluster(count) { $0.maxEjectionPercent = UInt32(percent) }
        let handles = Array(cluster.handles().values)
        #expect(handles.count == count)
        cluster.eject(handles)
        cluster.eject(handles)
        #expect(cluster.statistics.ejected == ejected)
    }

    @Test("one that was refused begins its count anew")
    func refused() throws {
        let cluster = self.cluster { $0.maxEjectionPercent = 10 }
        let handles = cluster.handles()
        let first = try #require(handles["e0"])
        let second = try #require(handles["e1"])
        cluster.eject([first, second])
        #expect(!second.isEjected)
        cluster.tick(now: 40_000)
        #expect(!first.isEjected)
        for _ in 0..<4 { cluster.report(second, .status(500), now: 40_000) }
        #expect(!second.isEjected)
        cluster.report(second, .status(500), now: 40_000)
        #expect(second.isEjected)
    }

    @Test("R8: gateway errors have a counter of their own")
    func gateway() throws {
        let cluster = self.cluster {
            $0.consecutive5xx = 0
            $0.consecutiveGateway = 3
        }
        let endpoint = try #require(cluster.handle("e1"))
        for _ in 0..<20 { cluster.report(endpoint, .status(500), now: 0) }
        #expect(!endpoint.isEjected)
        for status in [502, 503, 500, 504, 502] { cluster.report(endpoint, .status(status), now: 0) }
        #expect(!endpoint.isEjected, "a 500 is no gateway error and ends the row")
        cluster.report(endpoint, .status(503), now: 0)
        #expect(endpoint.isEjected)
    }

    @Test("a success ends the row; zero never ejects")
    func rows() throws {
        let cluster = self.cluster()
        let endpoint = try #require(cluster.handle("e1"))
        for _ in 0..<10 {
            for _ in 0..<4 { cluster.report(endpoint, .status(500), now: 0) }
            cluster.report(endpoint, .status(404), now: 0)
        }
        #expect(!endpoint.isEjected)
        let off = self.cluster { $0.consecutive5xx = 0 }
        off.eject(Array(off.handles().values))
        #expect(off.statistics.ejected == 0)
        let none = ClusterLab.cluster([ClusterLab.endpoint(0)])
        none.eject(Array(none.handles().values))
        #expect(none.statistics.ejected == 0)
    }

    @Test(
        "failures of our own count as 5xx unless they are split",
        arguments: [
            EndpointOutcome.connectFailure, .connectTimeout, .reset, .timeout,
        ]
    )
    func local(_ outcome: EndpointOutcome) throws {
        let joined = self.cluster()
        let endpoint = try #require(joined.handle("e1"))
        for _ in 0..<5 { joined.report(endpoint, outcome, now: 0) }
        #expect(endpoint.isEjected)
        let split = self.cluster {
            $0.splitsLocal = true
            $0.consecutiveLocal = 2
            $0.consecutive5xx = 1
        }
        let other = try #require(split.handle("e1"))
        split.report(other, outcome, now: 0)
        split.report(other, .status(200), now: 0)
        split.report(other, outcome, now: 0)
        #expect(!other.isEjected, "a response ends the row of local failures")
        split.report(other, outcome, now: 0)
        #expect(other.isEjected)
    }

    @Test("TCP: connections that fail count, one that is made ends the row")
    func tcp() throws {
        let cluster = self.cluster()
        let endpoint = try #require(cluster.handle("e1"))
        for _ in 0..<4 { cluster.report(endpoint, .connectFailure, now: 0) }
        cluster.report(endpoint, .success, now: 0)
        for _ in 0..<4 { cluster.report(endpoint, .connectTimeout, now: 0) }
        #expect(!endpoint.isEjected)
        cluster.report(endpoint, .connectFailure, now: 0)
        #expect(endpoint.isEjected)
    }

    @Test("listed codes count in place of 5xx")
    func codes() throws {
        let cluster = self.cluster { $0.codes = [404, 503] }
        let endpoint = try #require(cluster.handle("e1"))
        for _ in 0..<20 { cluster.report(endpoint, .status(500), now: 0) }
        #expect(!endpoint.isEjected)
        for status in [404, 503, 404, 503, 404] { cluster.report(endpoint, .status(status), now: 0) }
        #expect(endpoint.isEjected)
    }

    @Test("results of an endpoint that is gone, and of an ejected one, change nothing")
    func gone() throws {
        let cluster = self.cluster()
        let endpoint = try #require(cluster.handle("e1"))
        cluster.update(endpoints: [ClusterLab.endpoint(0), ClusterLab.endpoint(2)], now: 1)
        for _ in 0..<20 { cluster.report(endpoint, .status(500), now: 1) }
        #expect(!endpoint.isEjected)
        #expect(cluster.statistics.ejections == 0)
    }

    @Test("ejections stay over changes of endpoints and settings, and end when detection is turned off")
    func kept() throws {
        let cluster = self.cluster()
        let endpoint = try #require(cluster.handle("e1"))
        cluster.eject([endpoint])
        var facts = (0..<4).map { ClusterLab.endpoint($0) }
        facts[1].weight = 2
        cluster.update(endpoints: facts, now: 1)
        #expect(cluster.handles().keys.sorted() == ["e0", "e2", "e3"])
        cluster.update(
            cluster: ClusterLab.settings { $0.outliers = ClusterLab.outliers { $0.consecutive5xx = 9 } },
            now: 2
        )
        #expect(cluster.statistics.ejected == 1)
        cluster.update(cluster: ClusterLab.settings(), now: 3)
        #expect(cluster.statistics.ejected == 0)
        #expect(cluster.handles().count == 4)
    }

    @Test("tick says when it wants to be called")
    func ticks() {
        let cluster = self.cluster { $0.intervalMilliseconds = 2000 }
        #expect(cluster.tick(now: 500) == 2000)
        #expect(cluster.tick(now: 2100) == 4100)
        #expect(ClusterLab.cluster([ClusterLab.endpoint(0)]).tick(now: 5) == nil)
    }
}

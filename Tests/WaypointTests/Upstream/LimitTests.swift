import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Bounds of a destination", .serialized)
struct LimitTests {
    private static let slow: TestBackend.Answer = { _ in TestBackend.Reply(200, "late", delay: 150) }

    private func pool(
        _ fill: @escaping (inout TulleL7.ConnectionPool) -> Void
    ) -> (inout TulleL7.ServiceRoutes) -> Void {
        { resource in
            resource.cluster { cluster in
                var pool = TulleL7.ConnectionPool()
                fill(&pool)
                cluster.pool = pool
            }
            resource.route { $0.retry = TulleL7.Retry() }
        }
    }

    /// Some were served and some refused, with the words for it.
    private func expectOverflow(_ bench: WaypointBench, _ answers: [TestClient.Answer], served: Int) {
        #expect(answers.filter { $0.status == 200 }.count == served)
        for answer in answers where answer.status != 200 {
            #expect(answer.status == 503)
            #expect(answer["x-envoy-overloaded"] == "true")
            #expect(answer.text.hasSuffix("reset reason: overflow"))
        }
        #expect(bench.logs(" 503 UO upstream_reset_before_response_started{overflow}"))
    }

    private func ask(_ bench: WaypointBench, _ count: Int) throws -> [TestClient.Answer] {
        let calls = try (0..<count).map { _ in try bench.connect().start(.get("/")) }
        return try calls.map { try $0.wait() }
    }

    @Test("R9: requests beyond maxRequests")
    func requests() throws {
        try withBench(routes: self.pool { $0.maxRequests = 2 }, answer: Self.slow) { bench, _ in
            self.expectOverflow(bench, try self.ask(bench, 5), served: 2)
            #expect(try bench.numbers().refusedRequests == 3)
        }
    }

    @Test("R10: one connection and one that waits for it")
    func pending() throws {
        let routes = self.pool {
            $0.maxConnections = 1
            $0.maxPending = 1
        }
        try withBench(routes: routes, answer: Self.slow) { bench, backends in
            let first = try bench.connect().start(.get("/"))
            #expect(eventually { backends[0].heads == 1 })
            var answers = try self.ask(bench, 4)
            answers.append(try first.wait())
            self.expectOverflow(bench, answers, served: 2)
            #expect(backends[0].connections == 1)
            #expect(try bench.numbers().refusedPending == 3)
        }
    }

    @Test("those who wait are served in turn when there is one connection")
    func queue() throws {
        try withBench(
            routes: self.pool { $0.maxConnections = 1 },
            answer: { _ in TestBackend.Reply(200, "", delay: 5) }
        ) { (bench, backends) throws in
            #expect(try self.ask(bench, 8).map(\.status) == [Int](repeating: 200, count: 8))
            #expect(backends[0].connections == 1)
        }
    }

    @Test("who gives up while it waits takes no place", arguments: [HTTPVersion.http11, .http2])
    func givesUp(_ version: HTTPVersion) throws {
        let routes = self.pool {
            $0.maxConnections = 1
            $0.maxPending = 1
        }
        try withBench(routes: routes, answer: Self.slow) { bench, backends in
            let first = try bench.connect().start(.get("/"))
            #expect(eventually { backends[0].heads == 1 })
            let second = try bench.connect(version).start(.get("/"))
            #expect(eventually { (try? bench.numbers().pending) == 1 })
            try second.cut()
            #expect(eventually { (try? bench.numbers().pending) == 0 })
            #expect(try bench.request(.get("/")).status == 200)
            #expect(try first.wait().status == 200)
            #expect(backends[0].heads == 2)
        }
    }

    @Test("R11: one request on each connection", arguments: [HTTPVersion.http11, .http2])
    func requestsPerConnection(_ version: HTTPVersion) throws {
        try withBench(routes: { resource in
            self.pool { $0.maxRequestsPerConnection = 1 }(&resource)
            resource.cluster { $0.protocol = .client }
        }) { bench, backends in
            let connection = try bench.connect(version)
            for _ in 0..<4 { #expect(try connection.request(.get("/")).status == 200) }
            #expect(backends[0].connections == 4)
            #expect(eventually { (try? bench.numbers().connections) == 0 })
        }
    }

    @Test("R1: one connection of HTTP/2 to each endpoint carries many requests, and the idler one is chosen")
    func leastRequest() throws {
        try withBench(2, routes: { $0.cluster { $0.protocol = .http2 } }, answer: Self.slow) { bench, backends in
            let connection = try bench.connect(.http2)
            let calls = try (0..<40).map { _ in try connection.start(.get("/")) }
            for call in calls { #expect(try call.wait().status == 200) }
            #expect(backends.map(\.connections) == [1, 1])
            let counts = backends.map(\.requests.count)
            #expect(counts.reduce(0, +) == 40)
            #expect((counts.min() ?? 0) >= 12, "\(counts)")
        }
    }

    @Test("a connection is not made in time: 503, UF, and no longer than the cluster says")
    func connectTimeout() throws {
        // TEST-NET-1 answers nobody, or its network is unreachable.
        let mesh: (inout MeshChange) -> Void = { change in
            for index in change.workloads.indices where change.workloads[index].uid == "demo/echo-0" {
                change.workloads[index].addresses = [IPAddress(v4: 0xc000_0201)]
            }
        }
        try withBench(mesh: mesh, routes: self.pool { $0.connectTimeoutMilliseconds = 50 }) { (bench, _) throws in
            #expect(try bench.request(.get("/")).status == 503)
            #expect(bench.logs(" 503 UF "))
        }
    }
}

import DataPlaneTestSupport
import Foundation
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("A waypoint's life", .serialized)
struct LifecycleTests {
    @Test(
        "a request is carried to its end when the waypoint drains, and its connection is let go",
        arguments: [
            HTTPVersion.http11, .http2,
        ]
    )
    func drains(_ version: HTTPVersion) throws {
        try withBench(answer: { _ in TestBackend.Reply(200, "late", delay: 150) }) { bench, backends in
            let connection = try bench.connect(version)
            let call = try connection.start(.get("/"))
            #expect(eventually { backends[0].heads == 1 })
            let idle = try bench.connect(version)
            #expect(bench.drain(milliseconds: 60_000))
            let answer = try call.wait()
            #expect(answer.text == "late")
            #expect(answer.failure == nil)
            #expect(eventually { connection.isEnded && idle.isEnded })
            #expect(try bench.carried() == (0, 0))
        }
    }

    @Test("what does not end in time is ended")
    func drainsInTime() throws {
        try withBench(answer: { _ in .with { $0.isSilent = true } }) { bench, backends in
            let call = try bench.connect().start(.get("/"))
            #expect(eventually { backends[0].heads == 1 })
            #expect(bench.drain(milliseconds: 100))
            #expect(try call.wait().failure != nil)
            #expect(eventually { (try? bench.carried() == (0, 0)) == true })
            #expect(eventually { backends[0].resets == 1 })
        }
    }

    @Test("routes change while requests are under way, and none is lost")
    func changes() throws {
        try withBench(2, answer: { TestBackend.Reply(200, $0.head.path, delay: 2) }) { bench, _ in
            let connections = try [HTTPVersion.http2, .http2, .http11].map { try bench.connect($0) }
            var calls: [TestCall] = []
            for round in 0..<20 {
                for connection in connections { calls.append(try connection.start(.get("/\(round)"))) }
                try bench.change { resource in
                    if round.isMultiple(of: 2) { resource.route { $0.name = "demo/\(round)" } }
                    resource.cluster { $0.pool = .with { $0.maxConnections = UInt32(10 + round) } }
                }
            }
            for call in calls { #expect(try call.wait().status == 200) }
        }
    }

    @Test("a cluster that is gone lets its connections go when they are idle")
    func dropsClusters() throws {
        try withBench(
            others: ["next"],
            routes: { resource in
                resource.clusters.append(WaypointBench.cluster("outbound|80||next", of: "next"))
                resource.route { $0.forward = .to("outbound|80||next") }
            }
        ) { bench, backends in
            #expect(try bench.request(.get("/")).text == "next")
            let old = bench.plan
            try bench.change { _ in }
            #expect(try bench.request(.get("/")).text == "echo-0")
            let state = try #require(old.services[TestMesh.key("echo")]?.clusters.last).state
            #expect(eventually { state.statistics.limits?.connections == 0 })
            #expect(backends[1].connections == 1)
        }
    }

    @Test("requests beyond the loop's bound: 503, OM")
    func overloaded() throws {
        try withBench(limits: { $0.requests = 1 }, answer: { _ in TestBackend.Reply(200, "", delay: 100) }) {
            bench,
            backends in
            let connection = try bench.connect(.http2)
            let first = try connection.start(.get("/"))
            #expect(eventually { backends[0].heads == 1 })
            let second = try connection.request(.get("/"))
            #expect(second.status == 503)
            #expect(second.text == "envoy overloaded")
            #expect(bench.logs(" 503 OM overload"))
            #expect(try first.wait().status == 200)
            #expect(try connection.request(.get("/")).status == 200)
        }
    }

    @Test("connections beyond the loop's bound are refused")
    func sessions() throws {
        try withBench(limits: { $0.sessions = 1 }) { bench, _ in
            let first = try bench.connect()
            #expect(try first.request(.get("/")).status == 200)
            #expect(throws: TestClient.Refused.self) { try bench.connect() }
        }
    }

    /// Endpoints are bound to the waypoint, and have a second address that clients may ask for: loopback is refused.
    private func bound(_ number: UInt16, _ change: inout MeshChange) {
        for index in change.workloads.indices where change.workloads[index].uid.hasPrefix("demo/echo-") {
            change.workloads[index].addresses.append(WaypointBench.outside(number, index))
            change.workloads[index].waypoint = WaypointBench.gateway(number)
        }
    }

    @Test("a workload by its own address, if it is bound to us", arguments: [HTTPVersion.http11, .http2])
    func workloads(_ version: HTTPVersion) throws {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(place.endpoints[0]) { TestBackend.Reply(200, "\($0.version)") }
        defer { backend.stop() }
        let bench = try WaypointBench(
            place,
            mesh: { self.bound(place.number, &$0) },
            settings: {
                $0.workloadSecurity = .with {
                    $0.policies = [
                        .with {
                            $0.name = "no"
                            $0.action = .deny
                            $0.rules = [.with { $0.to = [.with { $0.paths = ["/no"] }] }]
                        }
                    ]
                }
            }
        )
        let connection = try bench.client.connect("\(WaypointBench.outside(place.number, 0)):8080", version: version)
        let answer = try connection.request(.get("/a"))
        #expect(answer.status == 200)
        #expect(answer.text == "\(version)")
        #expect(backend.requests.first?["x-request-id"] != nil)
        #expect(try connection.request(.get("/no")).status == 403)
        #expect(throws: TestClient.Refused.self) { try bench.client.connect("\(place.endpoints[0])") }
        #expect(try bench.rest() == nil)
    }

    @Test("a service of another namespace, with what was declared for it there")
    func otherNamespace() throws {
        let old = TestMesh.key("echo")
        let new = NamespacedHostname(namespace: "back", hostname: old.hostname)
        try withBench(
            mesh: { change in
                for index in change.services.indices where change.services[index].key == old {
                    change.services[index].key = new
                }
                for index in change.workloads.indices {
                    let ports = change.workloads[index].services.removeValue(forKey: old)
                    change.workloads[index].services[new] = ports
                }
            },
            routes: { resource in
                resource.namespace = "back"
                resource.clusters[0].namespace = "back"
                resource.policy("no") {
                    $0.namespace = "back"
                    $0.action = .deny
                    $0.rules = [.with { $0.to = [.with { $0.paths = ["/no"] }] }]
                }
            }
        ) { bench, backends in
            let connection = try bench.connect()
            #expect(try connection.request(.get("/")).text == "echo-0")
            #expect(try connection.request(.get("/no")).status == 403)
            #expect(backends[0].heads == 1)
        }
    }

    @Test("a workload that is not bound to us is refused")
    func unboundWorkloads() throws {
        let place = WaypointBench.reserve(1)
        let bench = try WaypointBench(
            place,
            mesh: { change in
                self.bound(place.number, &change)
                for index in change.workloads.indices { change.workloads[index].waypoint = nil }
            }
        )
        #expect(throws: TestClient.Refused.self) {
            try bench.client.connect("\(WaypointBench.outside(place.number, 0)):8080")
        }
    }

    @Test("HTTP that is none is refused, and logged")
    func malformed() throws {
        try withBench { bench, backends in
            let raw = try bench.client.raw(WaypointBench.authority)
            try raw.send("GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n")
            #expect(raw.wait(12))
            #expect(raw.seen.text.hasPrefix("HTTP/1.1 400 "))
            #expect(raw.waitForEnd())
            #expect(bench.logs(" 400 DPE "))
            #expect(backends[0].heads == 0)
        }
    }

    @Test("how long a drain may take is the mesh's word where the task has none")
    func drainsAsTheMeshSays() throws {
        try withBench(settings: { $0.drainMilliseconds = 100 }, answer: { _ in .with { $0.isSilent = true } }) {
            (bench, backends) throws in
            let call = try bench.connect().start(.get("/"))
            #expect(eventually { backends[0].heads == 1 })
            #expect(bench.drain(milliseconds: nil))
            #expect(try call.wait().failure != nil)
        }
    }

    @Test("one identity's requests leave room for those of others: 503, OM")
    func requestsOfOneIdentity() throws {
        try withBench(
            limits: { $0.requestsPerIdentity = 2 },
            answer: { TestBackend.Reply(200, "", delay: $0.head.path == "/slow" ? 200 : 0) }
        ) { bench, backends in
            let connections = try [HTTPVersion.http2, .http11].map { try bench.connect($0) }
            let slow = try connections.map { try $0.start(.get("/slow")) }
            #expect(eventually { backends[0].heads == 2 })
            let refused = try bench.request(.get("/"))
            #expect(refused.status == 503)
            #expect(refused.text == "too many requests of one client")
            #expect(bench.logs(" 503 OM overload_of_identity"))
            #expect(try bench.client("other").request(WaypointBench.authority, .get("/")).status == 200)
            for call in slow { #expect(try call.wait().status == 200) }
            #expect(try bench.request(.get("/")).status == 200)
        }
    }

    @Test("one identity's connections and tunnels leave room for those of others")
    func connectionsOfOneIdentity() throws {
        try withBench(limits: {
            $0.sessionsPerIdentity = 2
            $0.connectionsPerIdentity = 1
        }) { bench, _ in
            let first = try bench.connect()
            #expect(try first.request(.get("/")).status == 200)
            let second = try bench.client.raw(WaypointBench.authority)
            #expect(throws: TestClient.Refused.self) { try bench.connect() }
            #expect(try bench.client("other").request(WaypointBench.authority, .get("/")).status == 200)
            // Another tunnel of the same identity, from elsewhere.
            let elsewhere = try bench.client("shell")
            #expect(throws: (any Error).self) { try elsewhere.connect(WaypointBench.authority, version: .http11) }
            #expect(eventually { bench.log.lines.contains { $0.contains("too many connections of spiffe://") } })
            try second.cut()
            #expect(second.waitForOutcome() != nil)
            #expect(eventually { (try? bench.connect().request(.get("/")).status) == 200 })
        }
    }

    @Test("nothing moves for too long: 408 before the request's end, 504 after it, SI")
    func idleStreams() throws {
        try withBench(
            limits: { $0.streamIdleMilliseconds = 150 },
            answer: { request in
                .with { $0.isSilent = request.head.path == "/silent" }
            }
        ) { bench, _ in
            let silent = try bench.request(.get("/silent"))
            #expect(silent.status == 504)
            #expect(silent.text == "stream timeout")
            #expect(bench.logs("/silent", " 504 SI stream_idle_timeout"))
            let slow = try bench.connect(.http2).start(.post("/slow"), isWhole: false)
            // What moves is not idle.
            for _ in 0..<4 {
                usleep(60_000)
                try slow.send([1])
                #expect(slow.answer.status == 0)
            }
            #expect(try slow.wait().status == 408)
            #expect(bench.logs("/slow", " 408 SI stream_idle_timeout"))
        }
    }
}

import DataPlaneTestSupport
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Clients that stay on their endpoints", .serialized)
struct SessionKeepingTests {
    private static let key = [UInt8](repeating: 7, count: 32)
    private static let older = [UInt8](repeating: 8, count: 32)

    private static func sessions(
        _ keys: [[UInt8]] = [Self.key],
        _ fill: @escaping (inout TulleL7.SessionPersistence) -> Void = { _ in }
    ) -> (inout TulleL7.ServiceRoutes) -> Void {
        { resource in
            resource.sessionKeys = keys
            resource.route {
                $0.session = .with {
                    $0.name = "stick"
                    fill(&$0)
                }
            }
        }
    }

    /// What a browser would send back.
    private static func cookie(_ answer: TestClient.Answer) -> HeaderField? {
        answer["set-cookie"].map { HeaderField("cookie", String($0.prefix { $0 != ";" })) }
    }

    @Test("the first answer brings a cookie, and all that carry it go to the same endpoint")
    func cookies() throws {
        try withBench(4, routes: Self.sessions()) { (bench, backends) throws in
            for _ in 0..<6 {
                let first = try bench.request(.get("/"))
                #expect(first["set-cookie"]?.hasSuffix("; Path=/; HttpOnly; SameSite=Lax") == true)
                let cookie = try #require(Self.cookie(first))
                #expect(!cookie.value.contains("127."))
                for _ in 0..<4 {
                    let again = try bench.request(.get("/", cookie))
                    #expect(again.text == first.text)
                    #expect(again["set-cookie"] == nil)
                }
            }
            #expect(backends.filter { !$0.requests.isEmpty }.count > 1)
        }
    }

    @Test("what is no session of this service is left alone: forged, foreign, without key")
    func foreign() throws {
        try withBench(2, routes: Self.sessions([Self.older])) { (stranger, _) throws in
            let foreign = try #require(Self.cookie(try stranger.request(.get("/"))))
            try withBench(2, routes: Self.sessions()) { (bench, _) throws in
                let own = try #require(Self.cookie(try bench.request(.get("/"))))
                let last = own.value.last == "A" ? "B" : "A"
                let changed = HeaderField("cookie", String(own.value.dropLast(2)) + last + last)
                for cookie in [foreign, changed, HeaderField("cookie", "stick=127.0.0.1:8080")] {
                    let answer = try bench.request(.get("/", cookie))
                    #expect(answer.status == 200)
                    #expect(answer["set-cookie"] != nil, "a new session begins: \(cookie.value)")
                }
                // Without a key nobody could tell.
                try bench.change(Self.sessions([]))
                let answer = try bench.request(.get("/", own))
                #expect(answer.status == 200)
                #expect(answer["set-cookie"] == nil)
            }
        }
    }

    @Test("all waypoints in front of a service read each other's sessions, under the key of before too")
    func shared() throws {
        let place = WaypointBench.reserve(3)
        let backends = try place.endpoints.enumerated().map { index, address in
            try TestBackend(address, name: "echo-\(index)") { TestBackend.Reply(200, $0.backend) }
        }
        defer { for backend in backends { backend.stop() } }
        var cookies: [(HeaderField, String)] = []
        do {
            let bench = try WaypointBench(place, routes: Self.sessions([Self.older]))
            for _ in 0..<6 {
                let answer = try bench.request(.get("/"))
                cookies.append((try #require(Self.cookie(answer)), answer.text))
            }
            #expect(bench.drain(milliseconds: 0))
        }
        // Another instance, which has other endpoints' turns, and a newer key.
        var other = WaypointBench.reserve(0)
        other.endpoints = place.endpoints
        let bench = try WaypointBench(other, routes: Self.sessions([Self.key, Self.older]))
        for (cookie, name) in cookies {
            let answer = try bench.request(.get("/", cookie))
            #expect(answer.text == name)
            // Sealed anew.
            let renewed = try #require(Self.cookie(answer))
            let again = try bench.request(.get("/", renewed))
            #expect(again.text == name)
            #expect(again["set-cookie"] == nil)
        }
        #expect(try bench.rest() == nil)
    }

    @Test("a header carries it as well, and times end it")
    func headers() throws {
        let fill: (inout TulleL7.SessionPersistence) -> Void = {
            $0.header = true
            $0.name = "X-Stick"
            $0.absoluteTimeoutMilliseconds = 1_000
        }
        try withBench(3, routes: Self.sessions([Self.key], fill)) { (bench, _) throws in
            let first = try bench.request(.get("/"))
            let field = HeaderField("x-stick", try #require(first["x-stick"]))
            let again = try bench.request(.get("/", field))
            #expect(again.text == first.text)
            #expect(again["x-stick"] == nil)
            #expect(
                eventually { (try? bench.request(.get("/", field)))?["x-stick"] != nil },
                "over after its second, so a new one begins"
            )
        }
    }

    @Test("a permanent cookie has its age, and use within the idle time renews it")
    func ages() throws {
        let fill: (inout TulleL7.SessionPersistence) -> Void = {
            $0.permanent = true
            $0.absoluteTimeoutMilliseconds = 3_600_000
            $0.idleTimeoutMilliseconds = 60_000
            $0.path = "/shop"
        }
        try withBench(2, routes: Self.sessions([Self.key], fill)) { (bench, _) throws in
            let first = try bench.request(.get("/"))
            #expect(first["set-cookie"]?.contains("; Path=/shop; Max-Age=3600; ") == true)
            let again = try bench.request(.get("/", try #require(Self.cookie(first))))
            #expect(again.text == first.text)
            #expect(again["set-cookie"] != nil)
        }
    }

    @Test("an endpoint that fails loses its session to the one that answers")
    func failing() throws {
        let sessions = Self.sessions()
        let routes: (inout TulleL7.ServiceRoutes) -> Void = {
            sessions(&$0)
            $0.cluster { $0.pool = .with { $0.maxRequestsPerConnection = 1 } }
        }
        try withBench(2, routes: routes) { (bench, backends) throws in
            let first = try bench.request(.get("/"))
            let cookie = try #require(Self.cookie(first))
            let kept = try #require(backends.first { $0.name == first.text })
            kept.stop()
            let moved = try bench.request(.get("/", cookie))
            #expect(moved.status == 200)
            #expect(moved.text != first.text)
            let other = try #require(Self.cookie(moved))
            for _ in 0..<3 { #expect(try bench.request(.get("/", other)).text == moved.text) }
        }
    }

    @Test("a share of the traffic: a session stays with its destination, and leaves one that gets nothing")
    func shares() throws {
        func split(_ weights: [UInt32]) -> (inout TulleL7.ServiceRoutes) -> Void {
            { resource in
                resource.sessionKeys = [Self.key]
                resource.clusters.append(WaypointBench.cluster("outbound|80||next", of: "next"))
                resource.route {
                    $0.session = .with { $0.name = "stick" }
                    $0.forward = .with {
                        $0.clusters = zip([WaypointBench.whole, "outbound|80||next"], weights).map { name, weight in
                            .with {
                                $0.cluster = name
                                $0.weight = weight
                            }
                        }
                    }
                }
            }
        }
        try withBench(1, others: ["next"], routes: split([1, 0])) { (bench, _) throws in
            let cookie = try #require(Self.cookie(try bench.request(.get("/"))))
            try bench.change(split([1, 99]))
            for _ in 0..<12 { #expect(try bench.request(.get("/", cookie)).text == "echo-0") }
            try bench.change(split([0, 1]))
            #expect(try bench.request(.get("/", cookie)).text == "next")
        }
    }

    @Test("a destination's own sessions hold where its route has none")
    func destinations() throws {
        try withBench(
            3,
            routes: { resource in
                resource.sessionKeys = [Self.key]
                resource.cluster { $0.session = .with { $0.name = "of-cluster" } }
            }
        ) { (bench, _) throws in
            let first = try bench.request(.get("/"))
            #expect(first["set-cookie"]?.hasPrefix("of-cluster=") == true)
            let cookie = try #require(Self.cookie(first))
            for _ in 0..<6 { #expect(try bench.request(.get("/", cookie)).text == first.text) }
        }
    }
}

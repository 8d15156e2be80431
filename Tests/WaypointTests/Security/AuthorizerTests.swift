import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Synchronization
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("External authorizers", .serialized)
struct AuthorizerTests {
    private func settings(
        grpc: Bool,
        _ fill: @escaping (inout TulleL7.Authorizer) -> Void = { _ in }
    ) -> (inout TulleL7.WaypointSettings) -> Void {
        { settings in
            settings.authorizers = [
                .with {
                    $0.name = "judge"
                    $0.grpc = grpc
                    $0.cluster = WaypointBench.cluster("authorizer|judge", of: "judge") {
                        $0.protocol = grpc ? .http2 : .http1
                    }
                    $0.timeoutMilliseconds = 500
                    fill(&$0)
                }
            ]
        }
    }

    private static let custom: @Sendable (inout TulleL7.ServiceRoutes) -> Void = { resource in
        resource.policy("ask") {
            $0.action = .custom
            $0.provider = "judge"
            $0.rules = [.with { $0.to = [.with { $0.paths = ["/asked*"] }] }]
        }
    }

    private static let http: TestBackend.Answer = { request in
        guard request.backend == "judge" else { return TestBackend.Reply(200, "\(request["x-user"] ?? "-")") }
        switch request["x-pass"] {
        case "yes": return TestBackend.Reply(200, fields: [HeaderField("x-user", "ann"), HeaderField("x-other", "o")])
        case "broken": return TestBackend.Reply(500)
        default: return TestBackend.Reply(418, "tea", fields: [HeaderField("x-reason", "kettle")])
        }
    }

    @Test("by HTTP: what it allows goes on with its headers, what it denies gets its answer")
    func http() throws {
        try withBench(
            others: ["judge"],
            settings: self.settings(grpc: false) {
                $0.headersToCheck = ["x-pass"]
                $0.headersUpstreamOnAllow = ["x-user"]
                $0.pathPrefix = "/check"
            },
            routes: Self.custom,
            answer: Self.http
        ) { bench, backends in
            let allowed = try bench.request(
                .get("/asked?q=1", HeaderField("x-pass", "yes"), HeaderField("x-user", "root"), HeaderField("x-o", "1"))
            )
            #expect(allowed.status == 200)
            #expect(allowed.text == "ann")
            #expect(backends[0].requests.first?["x-other"] == nil)
            let check = try #require(backends[1].requests.first)
            #expect(check.head.path == "/check/asked?q=1")
            #expect(check["x-o"] == nil)
            let denied = try bench.request(.get("/asked"))
            #expect(denied.status == 418)
            #expect(denied.text == "tea")
            #expect(denied["x-reason"] == "kettle")
            #expect(bench.logs(" 418 UAEX ext_authz_denied"))
            #expect(try bench.request(.get("/free")).status == 200)
            #expect(backends[1].requests.count == 2)
            #expect(try bench.request(.get("/asked", HeaderField("x-pass", "broken"))).status == 403)
            #expect(bench.logs(" 403 UAEX ext_authz_error"))
            #expect(backends[0].requests.count == 2)
        }
    }

    private static let grpc: TestBackend.Answer = { request in
        guard request.backend == "judge" else { return TestBackend.Reply(200, request["x-user"] ?? "-") }
        var reply = TestBackend.Reply()
        reply.fields = [HeaderField("content-type", "application/grpc")]
        reply.trailers = [HeaderField("grpc-status", "0")]
        guard let message = GRPCFrame.unwrap(request.body),
            let check = try? EnvoyAuth.CheckRequest(decoding: message),
            let http = check.attributes?.request?.http,
            check.attributes?.source?.principal == "spiffe://cluster.local/ns/demo/sa/shell"
        else { return .grpc(3) }
        var response = EnvoyAuth.CheckResponse()
        response.status = .with { $0.code = http.headers["x-pass"] == "yes" ? 0 : 7 }
        let field = EnvoyAuth.HeaderValueOption.with {
            $0.header = .with {
                $0.key = "x-user"
                $0.value =
                    "\(http.rawBody.count + http.body.utf8.count) \(http.headers["x-envoy-auth-partial-body"] ?? "-")"
            }
        }
        if http.headers["x-pass"] == "yes" {
            response.answer = .ok(.with { $0.headers = [field] })
        } else {
            response.answer = .denied(
                .with {
                    $0.status = .with { $0.code = 401 }
                    $0.body = "no"
                    $0.headers = [field]
                }
            )
        }
        reply.body = GRPCFrame.wrap(response.serialized)
        return reply
    }

    @Test("by gRPC: the same")
    func byGRPC() throws {
        try withBench(
            others: ["judge"],
            settings: self.settings(grpc: true),
            routes: Self.custom,
            answer: Self.grpc
        ) { bench, backends in
            let allowed = try bench.request(.get("/asked", HeaderField("x-pass", "yes"), HeaderField("x-user", "root")))
            #expect(allowed.status == 200)
            #expect(allowed.text == "0 -")
            let denied = try bench.request(.get("/asked"))
            #expect(denied.status == 401)
            #expect(denied.text == "no")
            #expect(denied["x-user"] == "0 -")
            #expect(backends[1].connections == 1)
            #expect(backends[1].requests.first?.head.path == "/envoy.service.auth.v3.Authorization/Check")
        }
    }

    @Test("the body's beginning is shown, and all of it goes on", arguments: [10, 100, 5_000, 200_000])
    func bodies(_ count: Int) throws {
        try withBench(
            others: ["judge"],
            settings: self.settings(grpc: true) {
                $0.maxBodyBytes = 100
                $0.allowsPartialBody = true
                $0.packsBytes = true
            },
            routes: Self.custom,
            answer: Self.grpc
        ) { bench, backends in
            let body = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let answer = try bench.request(.post("/asked", HeaderField("x-pass", "yes")), body: body)
            #expect(answer.text == "\(min(count, 100)) \(count > 100)")
            #expect(backends[0].requests.first?.body == body)
        }
    }

    @Test("a body that is too large to be shown: 413")
    func tooLarge() throws {
        try withBench(
            others: ["judge"],
            settings: self.settings(grpc: false) { $0.maxBodyBytes = 100 },
            routes: Self.custom,
            answer: Self.http
        ) { bench, backends in
            let answer = try bench.request(.post("/asked"), body: [UInt8](repeating: 1, count: 101))
            #expect(answer.status == 413)
            #expect(backends[0].heads == 0)
            #expect(backends[1].heads == 0)
        }
    }

    @Test(
        "one that can't be reached, or says nothing in time: closed, or open where it is said",
        arguments: [
            (true, true), (true, false), (false, true), (false, false),
        ]
    )
    func down(_ isSilent: Bool, _ failsOpen: Bool) throws {
        try withBench(
            others: ["judge"],
            settings: self.settings(grpc: isSilent) {
                $0.failsOpen = failsOpen
                $0.timeoutMilliseconds = 80
                $0.statusOnError = 503
            },
            routes: Self.custom,
            answer: { request in
                .with { $0.isSilent = request.backend == "judge" }
            }
        ) { (bench, backends) throws in
            if !isSilent { backends[1].stop() }
            #expect(try bench.request(.get("/asked")).status == (failsOpen ? 200 : 503))
            #expect(backends[0].heads == (failsOpen ? 1 : 0))
        }
    }

    @Test("one that nobody knows denies")
    func unknown() throws {
        try withBench(routes: Self.custom) { (bench, backends) throws in
            #expect(try bench.request(.get("/asked")).status == 403)
            #expect(backends[0].heads == 0)
        }
    }

    @Test("a client that goes away ends the question")
    func abandons() throws {
        try withBench(
            others: ["judge"],
            settings: self.settings(grpc: true),
            routes: Self.custom,
            answer: { _ in
                .with { $0.isSilent = true }
            }
        ) { bench, backends in
            let call = try bench.connect(.http2).start(.get("/asked"))
            #expect(eventually { backends[1].heads == 1 })
            try call.cut()
            #expect(eventually { backends[1].resets == 1 })
        }
    }

    @Test("an ejected endpoint of an authorizer comes back in time")
    func comesBack() throws {
        let broken = Mutex(true)
        try withBench(
            others: ["judge"],
            settings: self.settings(grpc: false) {
                $0.statusOnError = 503
                $0.cluster?.outliers = .with {
                    $0.consecutive5xx = 1
                    $0.intervalMilliseconds = 50
                    $0.baseEjectionMilliseconds = 100
                    $0.maxEjectionPercent = 100
                }
            },
            routes: Self.custom,
            answer: { request in
                guard request.backend == "judge" else { return TestBackend.Reply(200) }
                return TestBackend.Reply(broken.withLock { $0 } ? 500 : 200)
            }
        ) { (bench, backends) throws in
            #expect(try bench.request(.get("/asked")).status == 503)
            broken.withLock { $0 = false }
            #expect(try bench.request(.get("/asked")).status == 503)
            #expect(backends[1].heads == 1, "it is ejected")
            #expect(
                eventually {
                    bench.tick()
                    return (try? bench.request(.get("/asked")).status) == 200
                }
            )
        }
    }

    @Test("CVE-2024-34364: an answer without an end is given up, and closes", arguments: [false, true])
    func endless(_ failsOpen: Bool) throws {
        let sent = Mutex(0)
        let place = WaypointBench.reserve(1, others: ["judge"])
        let backend = try TestBackend(place.endpoints[0]) { _ in TestBackend.Reply() }
        let judge = try #require(place.others.first?.address)
        _ = try #require(
            TestSocket.serve(judge.ip, port: judge.port) { socket in
                _ = socket.receive()
                socket.send(Array("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".utf8))
                let piece = Array("4000\r\n".utf8) + [UInt8](repeating: 7, count: 0x4000) + Array("\r\n".utf8)
                // Until nobody takes it any more; 64 MB are endless enough.
                for _ in 0..<4_096 {
                    guard socket.send(piece) else { return }
                    sent.withLock { $0 += piece.count }
                }
            }
        )
        let bench = try WaypointBench(
            place,
            settings: self.settings(grpc: false) {
                $0.failsOpen = failsOpen
                $0.statusOnError = 503
                $0.timeoutMilliseconds = 60_000
            },
            routes: Self.custom
        )
        #expect(try bench.request(.get("/asked")).status == (failsOpen ? 200 : 503))
        #expect(backend.heads == (failsOpen ? 1 : 0))
        #expect(try bench.rest() == nil)
        #expect(sent.withLock { $0 } < 16 << 20, "it is not read to its end")
    }
}

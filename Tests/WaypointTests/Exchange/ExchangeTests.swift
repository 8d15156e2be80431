import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("An exchange through a waypoint", .serialized)
struct ExchangeTests {
    private func bench(
        _ count: Int = 1,
        answer: @escaping @Sendable (TestBackend.Request) -> TestBackend.Reply = { _ in TestBackend.Reply(200, "hello")
        },
        routes: (inout TulleL7.ServiceRoutes) -> Void = { _ in }
    ) throws -> (WaypointBench, [TestBackend]) {
        let place = WaypointBench.reserve(count)
        let backends = try place.endpoints.map { try TestBackend($0, answer: answer) }
        return (try WaypointBench(place, routes: routes), backends)
    }

    @Test(
        "D1: a request to the virtual address is served by HTTP/1.1 and HTTP/2",
        arguments: [HTTPVersion.http11, .http2]
    )
    func serves(_ version: HTTPVersion) throws {
        let (bench, backends) = try self.bench()
        let answer = try bench.client.request(WaypointBench.authority, .get("/a?b=c"), version: version)
        #expect(answer.status == 200)
        #expect(answer.text == "hello")
        let seen = try #require(backends[0].requests.first)
        #expect(seen.head.path == "/a?b=c")
        #expect(seen.head.authority == "echo.demo")
        #expect(seen.head.fields.first(named: "x-request-id")?.isEmpty == false)
        #expect(seen.head.fields.first(named: "x-forwarded-proto") == "http")
        #expect(answer["x-envoy-upstream-service-time"] != nil)
    }

    @Test(
        "D5, D6, D7: what is not bound to us, or no port of it, is refused",
        arguments: [
            "240.240.0.9:81", "240.240.0.10:80", "127.0.0.1:15000", "169.254.169.254:80", "echo.demo.mesh.internal:80",
            "x",
        ]
    )
    func refuses(_ authority: String) throws {
        let (bench, backends) = try self.bench()
        defer { withExtendedLifetime(backends) {} }
        #expect(throws: TestClient.Refused.self) { try bench.client.connect(authority) }
    }

    @Test(
        "bodies travel both ways, with trailers",
        arguments: [HTTPVersion.http11, .http2],
        [0, 10, 60_000, 100_000, 1_000_000]
    )
    func carriesBodies(_ version: HTTPVersion, _ count: Int) throws {
        let (bench, backends) = try self.bench(answer: { request in
            var reply = TestBackend.Reply()
            reply.body = request.body
            reply.trailers = [HeaderField("x-end", "yes")]
            return reply
        })
        let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let head = HTTPRequestHead(method: "POST", authority: "echo.demo", path: "/")
        let answer = try bench.client.connect(WaypointBench.authority, version: version).request(head, body: body)
        #expect(answer.failure == nil)
        #expect(answer.body == body)
        #expect(answer.trailers.first(named: "x-end") == "yes")
        #expect(backends[0].requests.count == 1)
        #expect(try bench.carried().requests == 0)
    }

    @Test("a route by header, and no route")
    func routes() throws {
        let (bench, backends) = try self.bench(routes: { resource in
            resource.ports = [
                .with { port in
                    port.port = 80
                    port.entries = [
                        .with { entry in
                            entry.match = .with {
                                $0.headers = [
                                    .with {
                                        $0.name = "x-who"
                                        $0.value = .with { $0.value = "me" }
                                    }
                                ]
                            }
                        }
                    ]
                    port.actions = [
                        .with { action in
                            action.name = "demo/r/0"
                            action.forward = .with { forward in
                                forward.clusters = [
                                    .with {
                                        $0.cluster = "outbound|80||echo.demo.mesh.internal"
                                        $0.weight = 1
                                        $0.responseHeaders = .with {
                                            $0.set = [
                                                .with {
                                                    $0.name = "x-routed"
                                                    $0.value = "yes"
                                                }
                                            ]
                                        }
                                    }
                                ]
                            }
                        }
                    ]
                }
            ]
        })
        defer { withExtendedLifetime(backends) {} }
        let routed = try bench.client.request(WaypointBench.authority, .get("/", HeaderField("x-who", "me")))
        #expect(routed.status == 200)
        #expect(routed["x-routed"] == "yes")
        #expect(try bench.client.request(WaypointBench.authority, .get("/")).status == 404)
    }

    @Test("a policy denies by method, and everybody without an identity that it allows")
    func denies() throws {
        let (bench, backends) = try self.bench(routes: { resource in
            resource.security = .with {
                $0.policies = [
                    .with { policy in
                        policy.namespace = "demo"
                        policy.name = "post"
                        policy.action = .deny
                        policy.rules = [.with { $0.to = [.with { $0.methods = ["POST"] }] }]
                    }
                ]
            }
        })
        defer { withExtendedLifetime(backends) {} }
        #expect(try bench.client.request(WaypointBench.authority, .get("/")).status == 200)
        let head = HTTPRequestHead(method: "POST", authority: "echo.demo", path: "/")
        let denied = try bench.client.request(WaypointBench.authority, head)
        #expect(denied.status == 403)
        #expect(denied.text == "RBAC: access denied")
    }

    @Test("R12, R14: what can't be connected to is tried elsewhere, with its body")
    func retries() throws {
        let place = WaypointBench.reserve(2)
        let backend = try TestBackend(place.endpoints[1]) { TestBackend.Reply(200, "\($0.body.count)") }
        let bench = try WaypointBench(place)
        let head = HTTPRequestHead(method: "POST", authority: "echo.demo", path: "/")
        for _ in 0..<8 {
            let answer = try bench.client.request(
                WaypointBench.authority,
                head,
                body: [UInt8](repeating: 1, count: 1_024)
            )
            #expect(answer.status == 200)
            #expect(answer.text == "1024")
        }
        #expect(backend.requests.count == 8)
    }

    @Test("no endpoint answers: 503, UF, and the words that people search for")
    func fails() throws {
        let bench = try WaypointBench(WaypointBench.reserve(1))
        let answer = try bench.client.request(WaypointBench.authority, .get("/"))
        #expect(answer.status == 503)
        #expect(answer.text.contains("reset reason: connection failure"))
    }

    @Test("R6: five failures in a row eject an endpoint")
    func ejects() throws {
        let (bench, backends) = try self.bench(
            answer: { _ in TestBackend.Reply(500) },
            routes: { resource in
                resource.clusters = [
                    WaypointBench.cluster("outbound|80||echo.demo.mesh.internal") {
                        $0.outliers = .with {
                            $0.consecutive5xx = 5
                            $0.maxEjectionPercent = 100
                        }
                    }
                ]
            }
        )
        defer { withExtendedLifetime(backends) {} }
        for _ in 0..<5 {
            #expect(try bench.client.request(WaypointBench.authority, .get("/")).status == 500)
        }
        let answer = try bench.client.request(WaypointBench.authority, .get("/"))
        #expect(answer.status == 503)
        #expect(answer.text == "no healthy upstream")
    }
}

import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("What routes make of requests", .serialized)
struct RouteTests {
    @Test("a route by header, and no route: 404, NR")
    func matches() throws {
        try withBench(routes: { resource in
            resource.route({
                $0.headers = [
                    .with {
                        $0.name = "x-who"
                        $0.value = .with { $0.value = "me" }
                    }
                ]
            }) { $0.forward?.clusters[0].responseHeaders = .with { $0.set = [.named("x-routed", "yes")] } }
        }) { bench, _ in
            let routed = try bench.request(.get("/", HeaderField("x-who", "me")))
            #expect(routed.status == 200)
            #expect(routed["x-routed"] == "yes")
            #expect(try bench.request(.get("/")).status == 404)
            #expect(bench.logs(" 404 NR route_not_found"))
        }
    }

    @Test("shares of destinations")
    func weights() throws {
        try withBench(
            others: ["next"],
            routes: { resource in
                resource.clusters.append(WaypointBench.cluster("outbound|80||next", of: "next"))
                resource.route {
                    $0.forward?.clusters.append(
                        .with {
                            $0.cluster = "outbound|80||next"
                            $0.weight = 3
                        }
                    )
                }
            }
        ) { bench, backends in
            let connection = try bench.connect()
            for _ in 0..<200 { #expect(try connection.request(.get("/")).status == 200) }
            #expect((100...190).contains(backends[1].requests.count), "\(backends[1].requests.count)")
        }
    }

    @Test("a destination that is not there is 500 for its rule alone")
    func missingDestination() throws {
        try withBench(routes: { resource in
            resource.route({ $0.path = .with { $0.value = "/gone" } }) { $0.forward = .to("") }
            resource.route { $0.forward = .to(WaypointBench.whole) }
        }) { bench, backends in
            let connection = try bench.connect()
            #expect(try connection.request(.get("/gone")).status == 500)
            #expect(try connection.request(.get("/")).status == 200)
            #expect(try connection.request(.get("/gone")).status == 500)
            #expect(backends[0].heads == 1)
        }
    }

    @Test("a delay and an answer that are made on purpose: DI, FI")
    func faults() throws {
        try withBench(routes: { resource in
            resource.route({ $0.path = .with { $0.value = "/slow" } }) {
                $0.fault = .with {
                    $0.delayFraction = 1_000_000
                    $0.delayMilliseconds = 60
                }
            }
            resource.route({ $0.path = .with { $0.value = "/bad" } }) {
                $0.fault = .with {
                    $0.abortFraction = 1_000_000
                    $0.httpStatus = 418
                }
            }
        }) { bench, backends in
            let start = WallClock.monotonicMilliseconds
            #expect(try bench.request(.post("/slow"), body: [1, 2, 3]).status == 200)
            #expect(WallClock.monotonicMilliseconds - start >= 60)
            #expect(backends[0].requests.first?.body == [1, 2, 3])
            let answer = try bench.request(.get("/bad"))
            #expect(answer.status == 418)
            #expect(answer.text == "fault filter abort")
            #expect(bench.logs("/slow", " 200 DI "))
            #expect(bench.logs("/bad", " 418 FI fault_filter_abort"))
            let call = try bench.connect().start(.get("/slow"))
            try call.cut()
        }
    }

    @Test("a copy arrives with its body, whatever becomes of it", arguments: [HTTPVersion.http11, .http2])
    func mirrors(_ version: HTTPVersion) throws {
        let answer: TestBackend.Answer = { request in
            request.backend == "copy" ? .with { $0.resets = true } : TestBackend.Reply(200, "\(request.body.count)")
        }
        try withBench(others: ["copy"], routes: Self.mirror, answer: answer) { bench, backends in
            let connection = try bench.connect(version)
            for count in [0, 100, 60_000] {
                let body = [UInt8](repeating: 3, count: count)
                #expect(try connection.request(.post("/a?b"), body: body).text == "\(count)")
            }
            #expect(eventually { backends[1].requests.map(\.body.count).sorted() == [0, 100, 60_000] })
            #expect(backends[1].requests.allSatisfy { $0.head.path == "/a?b" && $0.head.authority == "echo.demo" })
        }
    }

    @Test("a copy that nobody takes is harmless, and one that is not whole is given up")
    func mirrorFails() throws {
        try withBench(
            others: ["copy"],
            routes: Self.mirror,
            answer: { request in
                .with {
                    $0.isSilent = request.backend == "copy"
                    $0.body = [1]
                }
            }
        ) { bench, backends in
            let call = try bench.connect().start(
                .post("/", HeaderField("content-length", "9")),
                body: [1],
                isWhole: false
            )
            #expect(eventually { backends[1].heads == 1 && backends[0].heads == 1 })
            try call.cut()
            #expect(eventually { backends[1].resets == 1 && backends[0].resets == 1 })
            backends[1].stop()
            let long = [UInt8](repeating: 1, count: 500_000)
            #expect(try bench.request(.post(), body: long).status == 200)
        }
    }

    private static let mirror: @Sendable (inout TulleL7.ServiceRoutes) -> Void = { resource in
        resource.clusters.append(WaypointBench.cluster("outbound|80||copy", of: "copy"))
        resource.route {
            $0.mirrors = [
                .with {
                    $0.cluster = "outbound|80||copy"
                    $0.fraction = 1_000_000
                }
            ]
        }
    }

    @Test("a redirect, and an answer without a destination")
    func answers() throws {
        try withBench(routes: { resource in
            resource.route({
                $0.path = .with {
                    $0.kind = .segmentPrefix
                    $0.value = "/old"
                }
            }) {
                $0.forward = nil
                $0.redirect = .with {
                    $0.host = "new.example"
                    $0.status = 301
                    $0.path = .with {
                        $0.kind = .segmentPrefix
                        $0.value = "/new"
                    }
                }
            }
            resource.route({ _ in }) {
                $0.forward = nil
                $0.direct = .with {
                    $0.status = 503
                    $0.body = Array("closed".utf8)
                }
                $0.responseHeaders = .with { $0.set = [.named("x-why", "maintenance")] }
            }
        }) { bench, backends in
            let redirect = try bench.request(.get("/old/a?b=c"))
            #expect(redirect.status == 301)
            #expect(redirect["location"] == "http://new.example/new/a?b=c")
            let direct = try bench.request(.get("/x"))
            #expect(direct.status == 503)
            #expect(direct.text == "closed")
            #expect(direct["x-why"] == "maintenance")
            #expect(bench.logs("/x", " 503 - direct_response"))
            #expect(backends[0].heads == 0)
        }
    }

    @Test("paths, hosts and headers are changed on the way, and the original path is told")
    func rewrites() throws {
        try withBench(
            routes: { resource in
                resource.route({
                    $0.path = .with {
                        $0.kind = .segmentPrefix
                        $0.value = "/api"
                    }
                }) {
                    $0.rewrite = .with {
                        $0.authority = "inner.example"
                        $0.path = .with {
                            $0.kind = .segmentPrefix
                            $0.value = "/v2"
                        }
                    }
                    $0.requestHeaders = .with {
                        $0.set = [.named("x-set", "1")]
                        $0.add = [.named("x-add", "2")]
                        $0.remove = ["x-gone"]
                    }
                    $0.responseHeaders = .with {
                        $0.set = [.named("x-back", "3")]
                        $0.remove = ["x-secret"]
                    }
                }
            },
            answer: { _ in TestBackend.Reply(fields: [HeaderField("x-secret", "s")]) }
        ) { bench, backends in
            let answer = try bench.request(
                .get("/api/a?q=1", HeaderField("x-gone", "x"), HeaderField("x-set", "0"), HeaderField("x-add", "1"))
            )
            #expect(answer["x-back"] == "3")
            #expect(answer["x-secret"] == nil)
            let seen = try #require(backends[0].requests.first)
            #expect(seen.head.path == "/v2/a?q=1")
            #expect(seen.head.authority == "inner.example")
            #expect(seen["x-envoy-original-path"] == "/api/a?q=1")
            #expect(seen["x-set"] == "1")
            #expect(seen.head.fields.joined(named: "x-add") == "1,2")
            #expect(seen["x-gone"] == nil)
            #expect(bench.logs("/api/a?q=1"))
        }
    }

    @Test("requests of other origins: the question before, and the request itself")
    func origins() throws {
        try withBench(routes: { resource in
            resource.route {
                $0.crossOrigin = .with {
                    $0.origins = [.with { $0.value = "https://shop.example" }]
                    $0.methods = ["PUT"]
                    $0.headers = ["x-a"]
                    $0.exposeHeaders = ["x-b"]
                    $0.maxAge = .with { $0.seconds = 60 }
                }
            }
        }) { bench, backends in
            var ask = HTTPRequestHead(method: "OPTIONS", authority: "echo.demo", path: "/")
            ask.fields = [
                HeaderField("origin", "https://shop.example"), HeaderField("access-control-request-method", "PUT"),
            ]
            let preflight = try bench.request(ask)
            #expect(preflight.status == 200)
            #expect(preflight["access-control-allow-origin"] == "https://shop.example")
            #expect(preflight["access-control-allow-methods"] == "PUT")
            #expect(preflight["access-control-max-age"] == "60")
            #expect(backends[0].heads == 0)
            let actual = try bench.request(.get("/", HeaderField("origin", "https://shop.example")))
            #expect(actual["access-control-allow-origin"] == "https://shop.example")
            #expect(actual["access-control-expose-headers"] == "x-b")
            let other = try bench.request(.get("/", HeaderField("origin", "https://evil.example")))
            #expect(other.status == 200)
            #expect(other["access-control-allow-origin"] == nil)
        }
    }

    @Test("what decides and what the application sees is the same path")
    func normalizes() throws {
        try withBench(routes: {
            $0.policy("no") {
                $0.action = .deny
                $0.rules = [.with { $0.to = [.with { $0.paths = ["/admin*"] }] }]
            }
        }) { bench, backends in
            for path in ["/x/../admin", "/./admin/", "/%61dmin"] {
                #expect(try bench.request(.get(path)).status == 403, "\(path)")
            }
            _ = try bench.request(.get("/a/./b/../c"))
            #expect(backends[0].requests.map(\.head.path) == ["/a/c"])
        }
    }

    @Test("more requests than a limit allows: 429, RL, with its fields")
    func rateLimit() throws {
        try withBench(routes: { resource in
            resource.rateLimits = [
                .with {
                    $0.name = "demo/limit"
                    $0.requests = 2
                    $0.windowMilliseconds = 60_000
                    $0.key = ["principal"]
                }
            ]
        }) { bench, backends in
            #expect(try bench.request(.get("/")).status == 200)
            #expect(try bench.request(.get("/")).status == 200)
            let refused = try bench.request(.post(), body: [UInt8](repeating: 1, count: 100_000))
            #expect(refused.status == 429)
            #expect(refused.text == "local_rate_limited")
            #expect(refused["x-local-rate-limit"] == "true")
            #expect(refused["retry-after"] != nil)
            #expect(bench.logs(" 429 RL local_rate_limited"))
            #expect(try bench.client("other").request(WaypointBench.authority, .get("/")).status == 200)
            #expect(backends[0].requests.count == 3)
        }
    }

    @Test("a limit is for what it matches, and one that can't be carried out lets none of that pass: 503, RLSE")
    func rateLimitMatches() throws {
        try withBench(routes: { resource in
            resource.rateLimits = [
                .with {
                    $0.name = "demo/login"
                    $0.match = .with { $0.path = .with { $0.value = "/login" } }
                    $0.requests = 1
                    $0.windowMilliseconds = 60_000
                },
                .with {
                    $0.name = "demo/odd"
                    $0.match = .with { $0.path = .with { $0.value = "/odd" } }
                    $0.requests = 1
                    $0.key = ["moon"]
                },
            ]
        }) { (bench, backends) throws in
            for _ in 0..<3 { #expect(try bench.request(.get("/")).status == 200) }
            #expect(try bench.request(.get("/login")).status == 200)
            #expect(try bench.request(.get("/login")).status == 429)
            #expect(try bench.request(.get("/odd")).status == 503)
            #expect(bench.logs(" 503 RLSE rate_limit_unusable[demo/odd]"))
            #expect(backends[0].requests.count == 4)
        }
    }
}

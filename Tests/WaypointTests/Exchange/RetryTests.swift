import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Times and further attempts", .serialized)
struct RetryTests {
    @Test("R12, R14: what can't be connected to is tried elsewhere, with its body")
    func connectFailure() throws {
        try withBench(2, answer: { TestBackend.Reply(200, "\($0.body.count)") }) { bench, backends in
            backends[0].stop()
            for _ in 0..<8 {
                let answer = try bench.request(.post(), body: [UInt8](repeating: 1, count: 1_024))
                #expect(answer.status == 200)
                #expect(answer.text == "1024")
            }
            #expect(backends[1].requests.count == 8)
        }
    }

    @Test("the request's time counts from its end: 504, UT")
    func requestTimeout() throws {
        try withBench(
            routes: { $0.route { $0.requestTimeoutMilliseconds = 80 } },
            answer: { _ in .with { $0.isSilent = true } }
        ) { bench, backends in
            let call = try bench.connect().start(
                .post("/", HeaderField("content-length", "2")),
                body: [1],
                isWhole: false
            )
            #expect(eventually { backends[0].heads == 1 })
            // Longer than the route's time, of which nothing has passed yet.
            let start = WallClock.monotonicMilliseconds
            while WallClock.monotonicMilliseconds < start + 150 { _ = try bench.carried() }
            #expect(!call.answer.isWhole)
            try call.send([2], isEnd: true)
            let answer = try call.wait()
            #expect(answer.status == 504)
            #expect(answer.text == "upstream request timeout")
            #expect(bench.logs(" 504 UT upstream_response_timeout"))
            #expect(eventually { backends[0].resets == 1 })
        }
    }

    @Test("an attempt that takes too long is cut and made again")
    func attemptTimeout() throws {
        let answer: TestBackend.Answer = { request in
            .with {
                $0.isSilent = request["x-envoy-attempt-count"] == nil
                $0.body = Array((request["x-envoy-attempt-count"] ?? "").utf8)
            }
        }
        try withBench(
            routes: {
                $0.route {
                    $0.attemptTimeoutMilliseconds = 60
                    $0.retry = .with {
                        $0.attempts = 2
                        $0.conditions = ["5xx"]
                        $0.backoffMilliseconds = 1
                    }
                }
            },
            answer: answer
        ) { (bench, backends) throws in
            #expect(try bench.request(.get("/")).text == "2")
            #expect(eventually { backends[0].resets == 1 })
        }
    }

    @Test("without another attempt it is 504, UT")
    func attemptTimesOut() throws {
        try withBench(
            routes: {
                $0.route {
                    $0.attemptTimeoutMilliseconds = 40
                    $0.retry = TulleL7.Retry()
                }
            },
            answer: { _ in .with { $0.isSilent = true } }
        ) { (bench, _) throws in
            #expect(try bench.request(.get("/")).status == 504)
            #expect(bench.logs(" 504 UT upstream_per_try_timeout"))
        }
    }

    @Test("a second attempt beside a slow one: the first answer counts")
    func hedges() throws {
        let answer: TestBackend.Answer = { request in
            TestBackend.Reply(200, request.backend, delay: request["x-envoy-attempt-count"] == nil ? 5_000 : 0)
        }
        try withBench(
            2,
            routes: {
                $0.route {
                    $0.attemptTimeoutMilliseconds = 50
                    $0.retry = .with {
                        $0.attempts = 2
                        $0.conditions = ["5xx"]
                        $0.hedges = true
                    }
                }
            },
            answer: answer
        ) { bench, backends in
            let answer = try bench.request(.get("/"))
            #expect(answer.status == 200)
            #expect(eventually { backends[0].resets + backends[1].resets == 1 })
        }
    }

    @Test("where there is no room for the second attempt, the first is waited for")
    func hedgesWithoutRoom() throws {
        try withBench(
            routes: {
                $0.cluster { $0.pool = .with { $0.maxRequests = 1 } }
                $0.route {
                    $0.attemptTimeoutMilliseconds = 50
                    $0.retry = .with {
                        $0.attempts = 2
                        $0.conditions = ["5xx"]
                        $0.hedges = true
                    }
                }
            },
            answer: { _ in TestBackend.Reply(200, "slow", delay: 250) }
        ) { bench, backends in
            let answer = try bench.request(.get("/"))
            #expect(answer.status == 200)
            #expect(answer.text == "slow")
            #expect(backends[0].heads == 1)
        }
    }

    @Test("R12: a status that is listed is tried again, up to the route's number, URX")
    func statusCodes() throws {
        try withBench(
            routes: {
                $0.route {
                    $0.retry = .with {
                        $0.attempts = 3
                        $0.conditions = ["retriable-status-codes"]
                        $0.statusCodes = [503]
                        $0.backoffMilliseconds = 1
                    }
                }
            },
            answer: { request in
                TestBackend.Reply(request.head.path == "/never" || request["x-envoy-attempt-count"] != "3" ? 503 : 200)
            }
        ) { (bench, backends) throws in
            #expect(try bench.request(.get("/third")).status == 200)
            #expect(backends[0].requests.count == 3)
            #expect(backends[0].requests.map { $0["x-envoy-attempt-count"] } == [nil, "2", "3"])
            #expect(try bench.request(.get("/never")).status == 503)
            #expect(backends[0].requests.count == 7)
            #expect(bench.logs("/never", " 503 URX via_upstream"))
        }
    }

    @Test("R13: a body of 64 KiB is sent again, and a longer one is not", arguments: [64 * 1024, 64 * 1024 + 1])
    func replays(_ count: Int) throws {
        try withBench(
            routes: {
                $0.route {
                    $0.retry = .with {
                        $0.attempts = 1
                        $0.conditions = ["5xx"]
                        $0.backoffMilliseconds = 1
                    }
                }
            },
            answer: { TestBackend.Reply($0["x-envoy-attempt-count"] == nil ? 503 : 200, "\($0.body.count)") }
        ) {
            bench,
            backends in
            let answer = try bench.request(.post(), body: [UInt8](repeating: 1, count: count))
            #expect(answer.text == "\(count)")
            #expect(answer.status == (count > 64 * 1024 ? 503 : 200))
            #expect(backends[0].requests.count == (count > 64 * 1024 ? 1 : 2))
        }
    }

    @Test("R16: retries beyond the budget are not made, URX")
    func budget() throws {
        try withBench(
            routes: {
                $0.cluster {
                    $0.pool = .with { $0.maxRetries = 1 }
                }
                $0.route {
                    $0.retry = .with {
                        $0.attempts = 1
                        $0.conditions = ["5xx"]
                        $0.backoffMilliseconds = 1
                    }
                }
            },
            answer: { request in
                request["x-envoy-attempt-count"] == nil
                    ? TestBackend.Reply(500) : TestBackend.Reply(200, "", delay: 200)
            }
        ) { bench, backends in
            let first = try bench.connect().start(.get("/first"))
            #expect(eventually { backends[0].heads == 2 })
            #expect(try bench.request(.get("/second")).status == 500)
            #expect(bench.logs("/second", " 500 URX "))
            #expect(try first.wait().status == 200)
            #expect(try bench.numbers().refusedRetries == 1)
        }
    }

    @Test("a share of requests is the budget where one is declared")
    func share() throws {
        try withBench(
            routes: {
                $0.cluster {
                    $0.retryBudget = .with {
                        $0.percent = 20
                        $0.minConcurrency = 2
                    }
                }
                $0.route {
                    $0.retry = .with {
                        $0.attempts = 1
                        $0.conditions = ["5xx"]
                        $0.backoffMilliseconds = 1
                    }
                }
            },
            answer: { request in
                request["x-envoy-attempt-count"] == nil
                    ? TestBackend.Reply(500) : TestBackend.Reply(200, "", delay: 300)
            }
        ) { bench, backends in
            let held = try (0..<2).map { _ in try bench.connect().start(.get("/")) }
            #expect(eventually { backends[0].heads == 4 })
            #expect(try bench.request(.get("/third")).status == 500)
            for call in held { #expect(try call.wait().status == 200) }
        }
    }

    @Test("a request that was reset is tried again only where the route says so", arguments: [true, false])
    func resets(_ isCovered: Bool) throws {
        try withBench(
            routes: {
                $0.cluster { $0.protocol = .http2 }
                $0.route {
                    $0.retry = .with {
                        $0.attempts = 1
                        $0.conditions = [isCovered ? "reset" : "connect-failure"]
                        $0.backoffMilliseconds = 1
                    }
                }
            },
            answer: { request in .with { $0.resets = request["x-envoy-attempt-count"] == nil } }
        ) { bench, _ in
            let answer = try bench.request(.get("/"))
            #expect(answer.status == (isCovered ? 200 : 503))
            if !isCovered {
                #expect(answer.text.contains("reset reason: remote reset"))
                #expect(bench.logs(" 503 UR "))
            }
        }
    }

    @Test("an application that closes without an answer: 503, UC")
    func closes() throws {
        try withBench(answer: { _ in .with { $0.resets = true } }) { bench, _ in
            let answer = try bench.request(.get("/"))
            #expect(answer.status == 503)
            #expect(answer.text.contains("reset reason: connection termination"))
            #expect(bench.logs(" 503 UC "))
        }
    }
}

import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("An exchange through a waypoint", .serialized)
struct ExchangeTests {
    @Test(
        "D1: a request to the virtual address is served by HTTP/1.1 and HTTP/2",
        arguments: [HTTPVersion.http11, .http2]
    )
    func serves(_ version: HTTPVersion) throws {
        try withBench { bench, backends in
            let answer = try bench.request(.get("/a?b=c"), version: version)
            #expect(answer.status == 200)
            #expect(answer.text == "echo-0")
            let seen = try #require(backends[0].requests.first)
            #expect(seen.head.path == "/a?b=c")
            #expect(seen.head.authority == "echo.demo")
            #expect(seen["x-request-id"]?.isEmpty == false)
            #expect(seen["x-forwarded-proto"] == "http")
            #expect(answer["x-envoy-upstream-service-time"] != nil)
            #expect(bench.logs("\"GET /a?b=c HTTP/\(version == .http2 ? "2" : "1.1")\" 200 - via_upstream"))
        }
    }

    @Test(
        "D5, D6, D7: what is not bound to us, or no port of it, is refused",
        arguments: [
            "240.240.0.9:81", "240.240.0.10:80", "127.0.0.1:15000", "169.254.169.254:80", "echo.demo.mesh.internal:80",
            "x",
        ]
    )
    func refuses(_ authority: String) throws {
        try withBench { bench, _ in
            #expect(throws: TestClient.Refused.self) { try bench.client.connect(authority) }
        }
    }

    @Test(
        "bodies travel both ways, with trailers",
        arguments: [HTTPVersion.http11, .http2],
        [0, 10, 60_000, 100_000, 1_000_000]
    )
    func carriesBodies(_ version: HTTPVersion, _ count: Int) throws {
        let answer: TestBackend.Answer = { request in
            .with {
                $0.body = request.body
                $0.trailers = [HeaderField("x-end", "yes")]
            }
        }
        try withBench(answer: answer) { bench, backends in
            let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let answer = try bench.request(.post(), body: body, version: version)
            #expect(answer.failure == nil)
            #expect(answer.body == body)
            #expect(answer.trailers.first(named: "x-end") == "yes")
            #expect(backends[0].requests.count == 1)
        }
    }

    @Test("trailers of a request reach the application", arguments: [HTTPVersion.http11, .http2])
    func carriesTrailers(_ version: HTTPVersion) throws {
        try withBench { bench, backends in
            let trailers = [HeaderField("x-sum", "7")]
            _ = try bench.connect(version).request(.post(), body: [1, 2, 3], trailers: trailers)
            #expect(backends[0].requests.first?.trailers.first(named: "x-sum") == "7")
            #expect(backends[0].requests.first?.body == [1, 2, 3])
        }
    }

    @Test("connections are kept, downstream and upstream", arguments: [HTTPVersion.http11, .http2])
    func reuses(_ version: HTTPVersion) throws {
        try withBench { bench, backends in
            let connection = try bench.connect(version)
            for number in 0..<10 { #expect(try connection.request(.get("/\(number)")).status == 200) }
            #expect(backends[0].requests.count == 10)
            #expect(backends[0].connections == 1)
            #expect(try bench.carried().sessions == 1)
        }
    }

    @Test("what the client speaks is spoken to the application where the cluster says so")
    func keepsProtocol() throws {
        try withBench(routes: { $0.cluster { $0.protocol = .client } }) { bench, backends in
            _ = try bench.request(.get("/"), version: .http2)
            _ = try bench.request(.get("/"), version: .http11)
            #expect(backends[0].requests.map(\.version) == [.http2, .http11])
        }
    }

    @Test("private headers get through in neither direction")
    func stripsPrivate() throws {
        let answer: TestBackend.Answer = { _ in
            TestBackend.Reply(
                fields: [
                    HeaderField("x-envoy-overloaded", "true"), HeaderField("x-istio-a", "1"), HeaderField("x-b", "2"),
                ]
            )
        }
        try withBench(answer: answer) { bench, backends in
            let answer = try bench.request(
                .get(
                    "/",
                    HeaderField("x-envoy-retry-on", "5xx"),
                    HeaderField("x-istio-attributes", "a"),
                    HeaderField("x-forwarded-network", "n"),
                    HeaderField("x-forwarded-client-cert", "By=x;URI=spiffe://cluster.local/ns/a/sa/root"),
                    HeaderField("x-mine", "1")
                )
            )
            #expect(answer["x-envoy-overloaded"] == nil)
            #expect(answer["x-istio-a"] == nil)
            #expect(answer["x-b"] == "2")
            let seen = try #require(backends[0].requests.first)
            for name in ["x-envoy-retry-on", "x-istio-attributes", "x-forwarded-network", "x-forwarded-client-cert"] {
                #expect(seen[name] == nil, "\(name)")
            }
            #expect(seen["x-mine"] == "1")
        }
    }

    @Test("the client's identity is told where the waypoint says so, and only the proven one")
    func tellsIdentity() throws {
        try withBench(settings: { $0.tellsIdentity = true }) { bench, backends in
            _ = try bench.request(.get("/", HeaderField("x-forwarded-client-cert", "URI=spiffe://evil")))
            #expect(
                backends[0].requests.first?["x-forwarded-client-cert"]
                    == "By=spiffe://cluster.local/ns/demo/sa/waypoint;URI=spiffe://cluster.local/ns/demo/sa/shell"
            )
        }
    }

    @Test("answers say that a proxy of the mesh sent them, whatever application and route say")
    func tellsServer() throws {
        try withBench(
            routes: { resource in
                resource.route {
                    $0.forward?.clusters[0].responseHeaders = .with { $0.set = [.named("server", "mine")] }
                }
            },
            answer: { _ in TestBackend.Reply(200, fields: [HeaderField("server", "nginx")]) }
        ) { (bench, _) throws in
            for version in [HTTPVersion.http11, .http2] {
                #expect(try bench.request(.get("/"), version: version)["server"] == "istio-envoy")
            }
        }
    }

    @Test("no endpoint answers: 503, UF, and the words that people search for")
    func fails() throws {
        try withBench { bench, backends in
            backends[0].stop()
            let answer = try bench.request(.get("/"))
            #expect(answer.status == 503)
            #expect(answer.text.contains("reset reason: connection failure"))
            #expect(answer["server"] == "istio-envoy")
            #expect(bench.logs(" 503 UF", "upstream_reset_before_response_started{connection_failure"))
        }
    }

    @Test("all who wait for one connection hear that it does not come up", arguments: [HTTPVersion.http11, .http2])
    func failsAll(_ version: HTTPVersion) throws {
        try withBench(routes: { resource in
            resource.cluster {
                $0.protocol = .client
                $0.pool = .with { $0.maxConnections = 1 }
            }
            resource.route { $0.retry = TulleL7.Retry() }
        }) { bench, backends in
            backends[0].stop()
            let connections = try (0..<6).map { _ in try bench.connect(version) }
            let calls = try connections.map { try $0.start(.get("/")) }
            for call in calls { #expect(try call.wait().status == 503) }
        }
    }

    @Test("a response that breaks off is cut for the client, UR", arguments: [HTTPVersion.http11, .http2])
    func breaksOff(_ version: HTTPVersion) throws {
        let answer: TestBackend.Answer = { _ in
            .with {
                $0.body = [UInt8](repeating: 1, count: 1_000)
                $0.breaksOff = true
            }
        }
        try withBench(routes: { $0.cluster { $0.protocol = .client } }, answer: answer) { bench, _ in
            let answer = try bench.request(.get("/"), version: version)
            #expect(answer.status == 200)
            #expect(answer.failure != nil)
            #expect(eventually { bench.lines.all.contains { $0.contains(" 200 U") } })
        }
    }

    @Test("a client that goes away cuts the application's request, DC", arguments: [HTTPVersion.http11, .http2])
    func follows(_ version: HTTPVersion) throws {
        let answer: TestBackend.Answer = { _ in .with { $0.isSilent = true } }
        try withBench(routes: { $0.cluster { $0.protocol = .client } }, answer: answer) { bench, backends in
            let call = try bench.connect(version).start(.get("/"))
            #expect(eventually { backends[0].heads == 1 })
            try call.cut()
            #expect(eventually { backends[0].resets == 1 })
            #expect(bench.logs(" DC ", "downstream_remote_disconnect"))
        }
    }
}

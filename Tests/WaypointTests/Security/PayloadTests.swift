import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("PayloadPolicies", .serialized)
struct PayloadTests {
    private static let policy: @Sendable (inout TulleL7.ServiceRoutes) -> Void = { resource in
        var security = TulleL7.Security()
        security.payloads = [
            .with {
                $0.namespace = "demo"
                $0.name = "amounts"
                $0.action = .deny
                $0.methods = ["POST"]
                $0.contentTypes = ["application/json"]
                $0.maxBytes = 100_000
                $0.timeoutMilliseconds = 100
                $0.body = "too much"
                $0.rules = [
                    .with {
                        $0.field = .with {
                            $0.pointer = "/amount"
                            $0.operator = .greater
                            $0.values = ["1000"]
                        }
                    }
                ]
            }
        ]
        resource.security = security
    }

    private static let json = HeaderField("content-type", "application/json")

    @Test("what a body says decides, and what passes is unchanged", arguments: [HTTPVersion.http11, .http2])
    func amounts(_ version: HTTPVersion) throws {
        try withBench(routes: Self.policy) { bench, backends in
            let connection = try bench.connect(version)
            func send(_ body: String, _ fields: HeaderField...) throws -> TestClient.Answer {
                let fields = [Self.json] + fields
                let head = HTTPRequestHead(method: "POST", authority: "echo.demo", path: "/pay", fields: fields)
                // A refused body ends a connection of HTTP/1.1 where it was not read.
                return try (version == .http2 ? connection : bench.connect(version)).request(
                    head,
                    body: Array(body.utf8)
                )
            }
            let good = "{ \"amount\" : 1000,  \"pad\": \"" + String(repeating: "x", count: 80_000) + "\" }"
            #expect(try send(good).status == 200)
            #expect(backends[0].requests.first?.text == good)
            let denied = try send("{\"amount\": 1000.5}")
            #expect(denied.status == 403)
            #expect(denied.text == "too much")
            #expect(try send("{\"amount\": 1, \"amount\": 5000}").status == 400)
            #expect(try send("{\"amount\": ").status == 400)
            #expect(try send("{\"pad\": \"" + String(repeating: "x", count: 100_001) + "\"}").status == 413)
            #expect(try send("{\"amount\": 1}", HeaderField("content-encoding", "gzip")).status == 415)
            #expect(backends[0].heads == 1)
            #expect(bench.logs("/pay", " 403 "))
        }
    }

    @Test("other requests pass without being held")
    func others() throws {
        try withBench(routes: Self.policy) { (bench, backends) throws in
            let body = [UInt8](repeating: 1, count: 300_000)
            #expect(try bench.request(.post("/", HeaderField("content-type", "text/plain")), body: body).status == 200)
            #expect(try bench.request(.get("/", Self.json)).status == 200)
            #expect(backends[0].requests.first?.body == body)
        }
    }

    @Test("a body that does not come in time: 408")
    func late() throws {
        try withBench(routes: Self.policy) { bench, backends in
            let call = try bench.connect().start(
                .post("/", Self.json, HeaderField("content-length", "20")),
                body: [0x7b],
                isWhole: false
            )
            #expect(try call.wait().status == 408)
            #expect(backends[0].heads == 0)
        }
    }

    @Test("who waits to be told to go on is told by us, as it is we who look")
    func continues() throws {
        try withBench(routes: Self.policy) { bench, backends in
            let call = try bench.connect().start(
                .post("/", Self.json, HeaderField("expect", "100-continue"), HeaderField("content-length", "13")),
                isWhole: false
            )
            #expect(eventually { call.answer.informational == [100] })
            try call.send(Array("{\"amount\": 1}".utf8), isEnd: true)
            #expect(try call.wait().status == 200)
            #expect(backends[0].requests.first?["expect"] == nil)
            #expect(backends[0].requests.first?.text == "{\"amount\": 1}")
        }
    }

    @Test("bodies that are looked at have a bound together: 503, OM")
    func memory() throws {
        try withBench(limits: { $0.inspectedBytes = 10_000 }, routes: Self.policy) { (bench, backends) throws in
            let body = Array("{\"pad\": \"\(String(repeating: "x", count: 20_000))\"}".utf8)
            #expect(try bench.request(.post("/", Self.json), body: body).status == 503)
            #expect(bench.logs(" 503 OM overload"))
            #expect(try bench.request(.post("/", Self.json), body: Array("{}".utf8)).status == 200)
        }
    }
}

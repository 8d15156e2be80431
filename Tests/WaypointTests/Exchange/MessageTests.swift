import DataPlaneTestSupport
import Foundation
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("HTTP's particular messages through a waypoint", .serialized)
struct MessageTests {
    @Test("an answer to HEAD keeps its length and has no body", arguments: [HTTPVersion.http11, .http2])
    func head(_ version: HTTPVersion) throws {
        let answer: TestBackend.Answer = { _ in TestBackend.Reply(fields: [HeaderField("content-length", "1234")]) }
        try withBench(answer: answer) { bench, _ in
            let connection = try bench.connect(version)
            for _ in 0..<2 {
                let head = HTTPRequestHead(method: "HEAD", authority: "echo.demo", path: "/")
                let answer = try connection.request(head)
                #expect(answer.status == 200)
                #expect(answer["content-length"] == "1234")
                #expect(answer.body.isEmpty)
            }
        }
    }

    @Test("our own answers to HEAD have no body either", arguments: [HTTPVersion.http11, .http2])
    func ownHead(_ version: HTTPVersion) throws {
        try withBench(routes: {
            $0.route {
                $0.direct = .with {
                    $0.status = 200
                    $0.body = [1, 2]
                }
            }
        }) { bench, _ in
            let connection = try bench.connect(version)
            for _ in 0..<2 {
                let answer = try connection.request(HTTPRequestHead(method: "HEAD", authority: "a", path: "/"))
                #expect(answer.status == 200)
                #expect(answer.body.isEmpty)
                #expect(answer.failure == nil)
            }
        }
    }

    @Test("204 and 304 have no body", arguments: [204, 304], [HTTPVersion.http11, .http2])
    func empty(_ status: Int, _ version: HTTPVersion) throws {
        try withBench(answer: { _ in TestBackend.Reply(status, fields: [HeaderField("etag", "x")]) }) { bench, _ in
            let connection = try bench.connect(version)
            for _ in 0..<2 {
                let answer = try connection.request(.get("/"))
                #expect(answer.status == status)
                #expect(answer["etag"] == "x")
                #expect(answer.body.isEmpty)
            }
        }
    }

    @Test("100-continue is the application's word", arguments: [HTTPVersion.http11, .http2])
    func continues(_ version: HTTPVersion) throws {
        let early: @Sendable (TestBackend.Request) -> TestBackend.Reply? = { request in
            .with {
                $0.informational = [100]
                $0.delay = 50
                $0.body = Array((request["expect"] ?? "-").utf8)
            }
        }
        try withBench(early: early) { bench, backends in
            let call = try bench.connect(version).start(
                .post("/", HeaderField("expect", "100-continue"), HeaderField("content-length", "3")),
                isWhole: false
            )
            #expect(eventually { call.answer.informational == [100] })
            try call.send([1, 2, 3], isEnd: true)
            #expect(try call.wait().text == "100-continue")
            #expect(eventually { backends[0].requests.first?.body == [1, 2, 3] })
        }
    }

    @Test("103 gets through", arguments: [HTTPVersion.http11, .http2])
    func hints(_ version: HTTPVersion) throws {
        let answer: TestBackend.Answer = { _ in
            .with {
                $0.informational = [103]
                $0.body = [1]
            }
        }
        try withBench(answer: answer) { bench, _ in
            let answer = try bench.request(.get("/"), version: version)
            #expect(answer.informational == [103])
            #expect(answer.status == 200)
        }
    }

    @Test("a final answer before the body's end is the answer", arguments: [HTTPVersion.http11, .http2])
    func early(_ version: HTTPVersion) throws {
        try withBench(
            routes: { $0.cluster { $0.protocol = .client } },
            early: { _ in TestBackend.Reply(413, "too much") }
        ) { bench, backends in
            let call = try bench.connect(version).start(
                .post(),
                body: [UInt8](repeating: 7, count: 1_000),
                isWhole: false
            )
            let answer = try call.wait()
            #expect(answer.status == 413)
            #expect(answer.text == "too much")
            #expect(backends[0].heads == 1)
            #expect(try bench.request(.get("/again"), version: version).status == 413)
        }
    }

    @Test("a body goes on while its answer has begun", arguments: [HTTPVersion.http11, .http2])
    func bothWays(_ version: HTTPVersion) throws {
        try withBench(
            routes: { $0.cluster { $0.protocol = .http2 } },
            early: { _ in
                .with {
                    $0.status = 200
                    $0.delay = 20
                    $0.body = [UInt8](repeating: 3, count: 6_000_000)
                }
            }
        ) { bench, backends in
            let call = try bench.connect(version).start(.post(), isWhole: false, reads: false)
            #expect(eventually { call.answer.status == 200 })
            for _ in 0..<8 { try call.send([UInt8](repeating: 1, count: 20_000)) }
            try call.send([], isEnd: true)
            #expect(eventually { backends[0].requests.first?.body.count == 160_000 })
            try call.read()
            #expect(try call.wait().body.count == 6_000_000)
        }
    }

    @Test("WebSocket is carried to HTTP/1.1 from both versions", arguments: [HTTPVersion.http11, .http2])
    func upgrades(_ version: HTTPVersion) throws {
        try withBench(early: { $0.head.upgrade == nil ? nil : TestBackend.Reply(101) }) { bench, backends in
            let head = HTTPRequestHead(
                method: "GET",
                authority: "echo.demo",
                path: "/chat",
                fields: [HeaderField("sec-websocket-version", "13"), HeaderField("sec-websocket-protocol", "p")],
                upgrade: "websocket"
            )
            let call = try bench.connect(version).start(head, isWhole: false)
            #expect(eventually { call.answer.status == 101 })
            try call.send(Array("one".utf8))
            #expect(eventually { call.answer.text == "one" })
            try call.send([UInt8](repeating: 9, count: 300_000))
            #expect(eventually { call.answer.body.count == 300_003 })
            try call.send([], isEnd: true)
            #expect(try call.wait().failure == nil)
            #expect(backends[0].heads == 1)
            #expect(bench.logs("/chat", " 101 "))
        }
    }

    @Test(
        "an upgraded connection goes on one way when the other has ended",
        arguments: [(HTTPVersion.http11, false), (.http2, false), (.http11, true), (.http2, true)]
    )
    func halfCloses(_ version: HTTPVersion, _ overHTTP2: Bool) throws {
        try withBench(
            routes: { $0.cluster { $0.protocol = overHTTP2 ? .http2 : .http1 } },
            early: { _ in
                .with(101) {
                    $0.endsFirst = true
                    $0.body = Array("bye".utf8)
                }
            }
        ) { bench, backends in
            var head = HTTPRequestHead.get("/chat", HeaderField("sec-websocket-version", "13"))
            head.upgrade = "websocket"
            let call = try bench.connect(version).start(head, isWhole: false)
            #expect(try call.wait().text == "bye")
            #expect(call.answer.failure == nil)
            try call.send(Array("late".utf8))
            try call.send([UInt8](repeating: 7, count: 200_000), isEnd: true)
            #expect(eventually { backends[0].requests.first?.body.count == 200_004 })
            #expect(bench.logs("/chat", " 101 - "))
        }
    }

    @Test("an upgraded connection on which nothing moves ends as any that nobody reads: SI")
    func idleUpgrade() throws {
        try withBench(
            routes: { $0.cluster { $0.pool = .with { $0.idleTimeoutMilliseconds = 150 } } },
            early: { _ in TestBackend.Reply(101) }
        ) { bench, backends in
            var head = HTTPRequestHead.get("/chat", HeaderField("sec-websocket-version", "13"))
            head.upgrade = "websocket"
            let call = try bench.connect().start(head, isWhole: false)
            #expect(eventually { call.answer.status == 101 })
            for round in 1...4 {
                usleep(60_000)
                try call.send([1])
                #expect(eventually { call.answer.body.count == round })
            }
            #expect(try call.wait().failure != nil)
            #expect(bench.logs("/chat", " 101 SI stream_idle_timeout"))
        }
    }

    @Test("an upgrade that the application does not want is its answer")
    func upgradeRefused() throws {
        try withBench(early: { _ in TestBackend.Reply(426, "no") }) { bench, _ in
            let head = HTTPRequestHead(
                method: "GET",
                authority: "echo.demo",
                path: "/",
                fields: [HeaderField("sec-websocket-version", "13")],
                upgrade: "websocket"
            )
            let call = try bench.connect(.http2).start(head, isWhole: false)
            #expect(try call.wait().status == 426)
        }
    }

    @Test("no other upgrade is carried, and no CONNECT")
    func refusesUpgrades() throws {
        try withBench { (bench, backends) throws in
            let head = HTTPRequestHead(method: "GET", authority: "a", path: "/", upgrade: "chat/1")
            #expect(try bench.connect().start(head, isWhole: false).wait().status == 403)
            let connect = HTTPRequestHead(method: "CONNECT", authority: "echo.demo:80", path: "")
            #expect(try bench.connect().start(connect, isWhole: false).wait().status == 404)
            #expect(backends[0].heads == 0)
        }
    }

    @Test("a slow reader does not stop others, and little of its answer is held", arguments: [false, true])
    func slowReader(_ overHTTP2: Bool) throws {
        let size = 8 << 20
        let answer: TestBackend.Answer = { request in
            .with { $0.body = request.head.path == "/big" ? [UInt8](repeating: 5, count: size) : [1] }
        }
        try withBench(
            routes: { $0.cluster { $0.protocol = overHTTP2 ? .http2 : .http1 } },
            answer: answer
        ) { bench, _ in
            let connection = try bench.connect(.http2)
            let slow = try connection.start(.get("/big"), reads: false)
            #expect(eventually { slow.answer.body.count >= 16_000 })
            for _ in 0..<5 { #expect(try connection.request(.get("/small")).body == [1]) }
            #expect(try bench.heldBytes() < 4 << 20)
            #expect(slow.answer.body.count < size)
            try slow.read()
            #expect(try slow.wait().body.count == size)
        }
    }

    @Test("an application that does not read slows its client alone", arguments: [HTTPVersion.http11, .http2])
    func slowApplication(_ version: HTTPVersion) throws {
        let early: @Sendable (TestBackend.Request) -> TestBackend.Reply? = { _ in nil }
        try withBench(routes: { $0.cluster { $0.protocol = .client } }, early: early) { bench, backends in
            let calls = try (0..<4).map { _ in
                try bench.connect(version).start(.post(), body: [UInt8](repeating: 1, count: 3 << 20))
            }
            for call in calls { #expect(try call.wait().status == 200) }
            #expect(backends[0].requests.map(\.body.count) == [Int](repeating: 3 << 20, count: 4))
        }
    }
}

import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

@Suite("Serving HTTP/1.1", .serialized)
struct HTTPServerConnectionTests {
    @Test("requests one after the other on one connection, also when all come at once")
    func pipelining() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let one = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        let two = "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        let last = "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\n"
        #expect(socket.send(one + two + last))
        let text = try #require(socket.receiveText())
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 4)
        #expect(text.contains("x-path: /2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-length: 2\r\n\r\n"))
        #expect(text.hasSuffix("connection: close\r\n\r\n0\r\nx-length: 0\r\n\r\n"))
        #expect(try setting.sync { setting.server.requests.map(\.path) } == ["/1", "/2", "/3"])
    }

    @Test(
        "what is no request is answered here, and the connection ends",
        arguments: [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", 400, HTTPRefusal.lineInvalid, "Bad Request"),
            ("GET / HTTP/1.0\r\n\r\n", 426, .versionTooLow, ""),
            ("GET / HTTP/1.1\r\n\r\n", 400, .hostMissing, ""),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n", 501, .transferEncodingUnknown,
                "Not Implemented"
            ),
        ]
    )
    func refusal(request: String, status: Int, refusal: HTTPRefusal, body: String) throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        #expect(socket.send(request))
        let text = try #require(socket.receiveText())
        #expect(text.hasPrefix("HTTP/1.1 \(status) "))
        #expect(text.contains("content-length: \(body.utf8.count)\r\n"))
        #expect(text.contains("content-type: text/plain\r\nserver: istio-envoy\r\nconnection: close\r\n"))
        #expect(text.hasSuffix("\r\n\r\n" + body))
        socket.finish()
        #expect(setting.eventually { setting.server.outcomes.count == 1 })
        #expect(try setting.sync { setting.server.refusals } == [refusal])
        #expect(try setting.sync { setting.server.requests.isEmpty })
    }

    @Test("a body that is none ends its request with 400, or the connection once the answer began")
    func malformedBody() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let start = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(socket.send(start + "2\r\nhi\r\nx"))
        #expect(socket.receiveText()?.hasPrefix("HTTP/1.1 400 Bad Request\r\n") == true)
        #expect(try setting.sync { setting.server.streams.first?.failure } == .malformed(.chunkInvalid))
        try setting.sync {
            setting.server.handler = { server, stream, _, _ in
                _ = server.own(stream)
                stream.send(response: HTTPResponseHead(status: 200), endStream: false)
            }
        }
        let (_, answered) = try setting.serve()
        #expect(answered.send(start))
        #expect(answered.receiveText(through: "\r\n\r\n")?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
        #expect(answered.send("x"))
        #expect(answered.receiveAll() == nil, "a reset, so that nobody takes the answer for whole")
    }

    @Test("an answer before the request's end ends the connection after it")
    func earlyAnswer() throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(413, "no"))
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        #expect(socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc"))
        #expect(socket.receiveText() == "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 2\r\n\r\nno")
    }

    @Test("a client may end its side and wait for the answer")
    func halfClose() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        #expect(socket.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"))
        socket.finish()
        #expect(socket.receiveText()?.contains("\r\n2\r\nhi\r\n0\r\n") == true)
        #expect(setting.eventually { setting.server.outcomes == [.complete] })
    }

    @Test("a client that has left is soon no reason to go on, one that takes what comes is")
    func departure() throws {
        let setting = try HTTPTestSetting { server, stream, _, _ in _ = server.own(stream) }
        defer { setting.stop() }
        var limits = HTTPLimits()
        limits.departureMilliseconds = 150
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        let (_, gone) = try setting.serve(limits: limits)
        #expect(gone.send(request))
        gone.finish()
        #expect(
            setting.eventually {
                let reason = RelayOutcome.downstreamFailed("it left before its answer")
                return setting.server.streams.first?.failure == .connectionClosed(reason)
            }
        )
        let (_, patient) = try setting.serve(limits: limits)
        #expect(patient.send(request))
        patient.finish()
        #expect(setting.eventually { setting.server.streams.count == 2 })
        let stream = Unchecked(try setting.sync { setting.server.streams[1].stream })
        try setting.sync { () -> Void in
            stream.value?.send(response: HTTPResponseHead(status: 200), endStream: false)
        }
        for piece in 0..<8 as Range<UInt8> {
            usleep(60_000)
            try setting.sync { stream.value?.send([piece], endStream: piece == 7) }
        }
        #expect(patient.receiveText()?.hasSuffix("1\r\n\u{7}\r\n0\r\n\r\n") == true)
        #expect(try setting.sync { setting.server.streams[1].failure } == nil)
    }

    @Test("a client that leaves within a body cuts its request")
    func truncatedBody() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        #expect(socket.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhi"))
        socket.finish()
        #expect(
            setting.eventually {
                if case .connectionClosed? = setting.server.streams.first?.failure { true } else { false }
            }
        )
        #expect(setting.eventually { setting.server.outcomes.count == 1 })
    }

    @Test("the expectation of a 100 goes through, and informational responses come before the final one")
    func expectContinue() throws {
        let setting = try HTTPTestSetting { server, stream, request, _ in
            let owner = server.own(stream)
            if request.fields.first(named: "expect") == "100-continue" {
                stream.sendInformational(HTTPResponseHead(status: 100))
            }
            stream.sendInformational(HTTPResponseHead(status: 103, fields: [HeaderField("link", "x")]))
            owner.onEvent = { stream in
                guard owner.isEnded else { return }
                stream.send(response: HTTPResponseHead(status: 204), endStream: true)
            }
        }
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        #expect(socket.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"))
        let hints = socket.receiveText(through: "x\r\n\r\n")
        #expect(hints == "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
        #expect(socket.send("hi"))
        #expect(socket.receiveText(through: "\r\n\r\n") == "HTTP/1.1 204 No Content\r\n\r\n")
    }

    @Test("HEAD has the fields of a body, and no body")
    func head() throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(200, "hello"))
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        #expect(socket.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        #expect(
            socket.receiveText()
                == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
                + "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
        )
    }

    @Test("an upgrade: no byte behind the request is looked at before 101")
    func upgrade() throws {
        let setting = try HTTPTestSetting { server, stream, request, endStream in
            let owner = server.own(stream)
            #expect(request.upgrade == "websocket")
            #expect(!endStream)
            owner.onEvent = { stream in
                if owner.isEnded { return owner.send(owner.body, on: stream) }
            }
        }
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let request = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        #expect(socket.send(request + "GET / HTTP/1.1\r\nHost: b\r\n\r\n"))
        #expect(setting.eventually { setting.server.streams.count == 1 })
        #expect(try setting.sync { setting.server.streams[0].body.isEmpty })
        try setting.sync {
            let stream = setting.server.streams[0].stream
            #expect(stream?.send(response: HTTPResponseHead(status: 101), endStream: false) == true)
        }
        #expect(
            socket.receiveText(through: "\r\n\r\n")
                == "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        )
        #expect(socket.send("raw"))
        socket.finish()
        #expect(socket.receiveText() == "GET / HTTP/1.1\r\nHost: b\r\n\r\nraw")
        #expect(setting.eventually { setting.server.outcomes == [.complete] })
        #expect(try setting.sync { setting.server.requests.count } == 1)
    }

    @Test("CVE-2025-64763, CVE-2026-73548: bytes behind a refused upgrade or CONNECT are dropped with the connection")
    func refusedUpgrade() throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(403, "no"))
        defer { setting.stop() }
        let smuggled = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
        for start in [
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
        ] {
            let (_, socket) = try setting.serve()
            let count = try setting.sync { () -> Int in
                let before = setting.server.requests.count
                setting.server.handler = { server, stream, _, _ in _ = server.own(stream) }
                return before
            }
            #expect(socket.send(start + smuggled))
            #expect(setting.eventually { setting.server.requests.count == count + 1 })
            // Both arrived in one piece, so what is behind is held by now.
            try setting.sync {
                guard let stream = setting.server.streams.last?.stream else { return }
                stream.send(response: HTTPResponseHead(status: 403), endStream: true)
            }
            #expect(socket.receiveText() == "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            #expect(try setting.sync { setting.server.requests.count } == count + 1)
        }
    }

    @Test("a refused upgrade with nothing behind it leaves the connection to others")
    func politeUpgrade() throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(404, "x"))
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        #expect(socket.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))
        #expect(socket.receiveText(through: "\r\n\r\nx") == "HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\nx")
        #expect(socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(socket.receiveText(through: "\r\n\r\nx")?.hasPrefix("HTTP/1.1 404") == true)
    }

    @Test("a request that nobody reads on stops its client")
    func backPressure() throws {
        let setting = try HTTPTestSetting { server, stream, _, _ in server.own(stream).consumes = false }
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let size = 16 << 20
        #expect(socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n"))
        let writer = Unchecked(socket)
        let done = Box(false)
        LoopWriter.run { done.value = writer.value.send([UInt8](repeating: 7, count: size)) }
        #expect(setting.eventually { (setting.server.streams.first?.body.count ?? 0) >= ByteStream.windowBytes / 2 })
        let limit = ByteStream.windowBytes
        for _ in 0..<20 {
            #expect(try setting.sync { setting.server.streams[0].body.count } <= limit)
        }
        #expect(!done.value)
        try setting.sync {
            let owner = setting.server.streams[0]
            owner.consumes = true
            owner.stream?.consumed(owner.body.count)
        }
        #expect(setting.eventually { setting.server.streams[0].isEnded })
        #expect(try setting.sync { setting.server.streams[0].body.count } == size)
    }

    @Test("a client that does not read stops the answer")
    func slowReader() throws {
        let size = 32 << 20
        let setting = try HTTPTestSetting { server, stream, _, _ in
            let owner = server.own(stream)
            stream.send(response: HTTPResponseHead(status: 200), endStream: false)
            owner.send([UInt8](repeating: 9, count: size), on: stream)
        }
        defer { setting.stop() }
        let (connection, socket) = try setting.serve()
        let held = Unchecked(connection)
        #expect(socket.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        #expect(setting.eventually { (setting.server.streams.first?.stream?.bytesSent ?? 0) > 0 })
        var last: UInt64 = 0
        // It comes to rest: what the kernel takes, and little more.
        #expect(
            setting.eventually {
                let now = held.value.bytes.bytesSent
                defer { last = now }
                return now == last && held.value.bytes.pendingCount <= 32 * 1024
            }
        )
        #expect(try setting.sync { setting.server.streams[0].stream?.bytesSent ?? 0 } < UInt64(size))
        let answer = try #require(socket.receiveAll())
        #expect(answer.count > size)
        #expect(answer.suffix(5).elementsEqual(Array("0\r\n\r\n".utf8)))
    }

    @Test("a head that takes too long gets 408, a connection without a request ends")
    func deadlines() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        var limits = HTTPLimits()
        limits.headMilliseconds = 100
        limits.idleMilliseconds = 150
        let (_, slow) = try setting.serve(limits: limits)
        #expect(slow.send("GET / HTTP/1.1\r\nHost"))
        #expect(slow.receiveText()?.hasPrefix("HTTP/1.1 408 Request Timeout\r\n") == true)
        #expect(try setting.sync { setting.server.refusals } == [.headTimeout])
        let (_, idle) = try setting.serve(limits: limits)
        #expect(idle.receiveText() == "")
    }

    @Test("a drain lets the request under way be the last")
    func drain() throws {
        let setting = try HTTPTestSetting { server, stream, _, _ in _ = server.own(stream) }
        defer { setting.stop() }
        let (connection, socket) = try setting.serve()
        #expect(socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(setting.eventually { setting.server.streams.count == 1 })
        let held = Unchecked(connection)
        try setting.sync {
            held.value.drain()
            setting.server.streams[0].stream?.send(response: HTTPResponseHead(status: 200), endStream: true)
        }
        #expect(socket.receiveText() == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    }

    @Test("a connection that is drained at rest serves what was on its way, and closes after a moment")
    func drainAtRest() throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(200, "x"))
        defer { setting.stop() }
        var limits = HTTPLimits()
        limits.drainMilliseconds = 200
        for kind in [HTTPServerConnection.Kind.detect, .http1, .http2] {
            let (idle, socket) = try setting.serve(kind: kind, limits: limits)
            let held = Unchecked(idle)
            try setting.sync { held.value.drain() }
            if kind != .http2 {
                #expect(socket.receiveText() == "")
                continue
            }
            // It says so at once, and does not wait long for one who does not answer.
            #expect(socket.receive(exactly: 9)?[3] == 4)
            _ = socket.receiveAll()
        }
        let (fresh, socket) = try setting.serve()
        let held = Unchecked(fresh)
        try setting.sync { held.value.drain() }
        #expect(socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(socket.receiveText() == "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx")
    }

    @Test("HTTP/1.0 gets a body up to the connection's end, or keeps it where the length is known")
    func version10() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        var limits = HTTPLimits()
        limits.allowsHTTP10 = true
        let (_, socket) = try setting.serve(limits: limits)
        #expect(socket.send("POST /x HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"))
        let text = try #require(socket.receiveText())
        #expect(text.hasSuffix("x-path: /x\r\nconnection: close\r\n\r\nhi"))
        try setting.sync { setting.server.handler = HTTPTestServer.answer(200, "y") }
        let (_, kept) = try setting.serve(limits: limits)
        let request = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\ny"
        for _ in 0..<2 {
            #expect(kept.send(request))
            #expect(kept.receiveText(through: "\r\n\r\ny") == answer)
        }
    }

    @Test("an end that the former owner heard of counts")
    func earlyEnd() throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(200, "x"))
        defer { setting.stop() }
        let (stream, socket) = try setting.byteStream()
        let held = Unchecked(stream)
        socket.finish()
        #expect(setting.eventually { held.value.isReceiveEnded })
        let server = Unchecked(setting.server)
        try setting.sync { () -> Void in
            let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            _ = HTTPServerConnection(over: held.value, early: request, kind: .http1, owner: server.value)
        }
        #expect(socket.receiveText() == "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx")
        #expect(setting.eventually { setting.server.outcomes == [.complete] })
    }

    @Test("closing a connection at rest lets what was answered leave")
    func closing() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let text = String(repeating: "y", count: 2 << 20)
        try setting.sync { setting.server.handler = HTTPTestServer.answer(200, text) }
        let (connection, socket) = try setting.serve()
        let held = Unchecked(connection)
        #expect(socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(setting.eventually { setting.server.streams.first?.stream?.isEnded == true })
        try setting.sync { held.value.close() }
        let answer = try #require(socket.receiveAll())
        #expect(answer.count > 2 << 20)
    }

    @Test("bytes that the owner received before come first")
    func early() throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(200, "x"))
        defer { setting.stop() }
        let (_, socket) = try setting.serve(early: Array("GET /early HTTP/1.1\r\nHo".utf8))
        #expect(socket.send("st: a\r\n\r\n"))
        #expect(socket.receiveText(through: "\r\n\r\nx") != nil)
        #expect(try setting.sync { setting.server.requests.map(\.path) } == ["/early"])
    }
}

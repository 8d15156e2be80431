import MeshModel
import Testing

@testable import TunnelEngine

@Suite("Asking over HTTP/1.1", .serialized)
struct HTTPClientConnectionTests {
    private let get = HTTPRequestHead(method: "GET", authority: "a", path: "/")

    /// Opens a stream on the loop.
    private func open(
        _ setting: HTTPTestSetting,
        _ connection: HTTPClientConnection,
        _ head: HTTPRequestHead,
        body: [UInt8]? = nil
    ) throws -> Unchecked<HTTPTestStream> {
        let held = Unchecked(connection)
        return Unchecked(
            try setting.sync {
                let owner = HTTPTestStream()
                owner.stream = held.value.openStream(request: head, endStream: body == nil, owner: owner)
                if let stream = owner.stream, let body { owner.send(body, on: stream) }
                return owner
            }
        )
    }

    @Test("a connection is used again after each whole response")
    func reuse() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (connection, socket) = try setting.ask(.http11)
        let held = Unchecked(connection)
        for turn in 0..<3 {
            let owner = try self.open(setting, connection, self.get)
            #expect(try setting.sync { held.value.activeStreams } == 1)
            #expect(try setting.sync { !held.value.canOpenStream && held.value.isReusable })
            #expect(socket.receiveText(through: "\r\n\r\n") == "GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            #expect(socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(turn)"))
            #expect(setting.eventually { owner.value.isEnded })
            #expect(try setting.sync { owner.value.body } == Array(String(turn).utf8))
            #expect(setting.eventually { held.value.canOpenStream })
        }
        #expect(try setting.sync { setting.client.changes } == 3)
    }

    @Test("after Connection: close, and after a body without a length, the connection ends")
    func close() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        for (answer, body) in [
            ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", "x"),
            ("HTTP/1.0 200 OK\r\n\r\nold", "old"),
        ] {
            let (connection, socket) = try setting.ask(.http11)
            let held = Unchecked(connection)
            let owner = try self.open(setting, connection, self.get)
            #expect(socket.receiveText(through: "\r\n\r\n") != nil)
            #expect(socket.send(answer))
            socket.finish()
            #expect(setting.eventually { owner.value.isEnded })
            #expect(try setting.sync { owner.value.body } == Array(body.utf8))
            #expect(try setting.sync { !held.value.isReusable })
            #expect(socket.receiveText() == "")
        }
        #expect(setting.eventually { setting.client.outcomes.count == 2 })
    }

    @Test("CVE-2026-73548: bytes that nobody asked for end the connection, and reach no other request")
    func unsolicited() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (connection, socket) = try setting.ask(.http11)
        let held = Unchecked(connection)
        let owner = try self.open(setting, connection, self.get)
        #expect(socket.receiveText(through: "\r\n\r\n") != nil)
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        #expect(socket.send(answer + answer))
        #expect(setting.eventually { owner.value.isEnded })
        #expect(setting.eventually { setting.client.outcomes.count == 1 })
        #expect(try setting.sync { !held.value.isReusable && !held.value.canOpenStream })
    }

    @Test("a connection that ends before its response ends cuts the stream")
    func truncated() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        for answer in [
            "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            let (connection, socket) = try setting.ask(.http11)
            let owner = try self.open(setting, connection, self.get)
            #expect(socket.receiveText(through: "\r\n\r\n") != nil)
            #expect(socket.send(answer))
            socket.finish()
            #expect(setting.eventually { if case .connectionClosed? = owner.value.failure { true } else { false } })
            #expect(try setting.sync { !owner.value.isEnded })
        }
    }

    @Test("what is no response, or too many informational ones, cuts the stream and the connection")
    func malformed() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let many = String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 17)
        for (answer, refusal) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                HTTPRefusal.lengthAndChunked
            ),
            ("HTTP/1.1 200 OK\n\n", .lineInvalid), (many, .tooManyInformational),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", .upgradeUnexpected),
            ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 61 * 1024), .headTooLarge),
        ] {
            let (connection, socket) = try setting.ask(.http11)
            let owner = try self.open(setting, connection, self.get)
            #expect(socket.receiveText(through: "\r\n\r\n") != nil)
            #expect(socket.send(answer))
            #expect(setting.eventually { owner.value.failure == .malformed(refusal) })
            #expect(socket.receive()?.isEmpty != false, "it ends")
        }
    }

    @Test("a response before the request's end is whole, and the connection's last")
    func earlyResponse() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (connection, socket) = try setting.ask(.http11)
        let held = Unchecked(connection)
        let head = HTTPRequestHead(
            method: "POST",
            authority: "a",
            path: "/",
            fields: [HeaderField("content-length", "100")]
        )
        let owner = Unchecked(
            try setting.sync {
                let owner = HTTPTestStream()
                owner.stream = held.value.openStream(request: head, endStream: false, owner: owner)
                owner.stream?.send([1, 2, 3], endStream: false)
                return owner
            }
        )
        #expect(socket.receiveText(through: "\r\n\r\n") != nil)
        #expect(socket.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"))
        #expect(setting.eventually { owner.value.isEnded })
        #expect(try setting.sync { owner.value.response?.status } == 413)
        #expect(try setting.sync { owner.value.stream?.isSendClosed == true && owner.value.failure == nil })
        #expect(try setting.sync { !held.value.isReusable })
    }

    @Test("a body that is not as long as its head said ends the connection")
    func wrongLength() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (connection, socket) = try setting.ask(.http11)
        defer { socket.finish() }
        let held = Unchecked(connection)
        let head = HTTPRequestHead(
            method: "PUT",
            authority: "a",
            path: "/",
            fields: [HeaderField("content-length", "2")]
        )
        let failure = try setting.sync { () -> HTTPStreamFailure? in
            let owner = HTTPTestStream()
            owner.stream = held.value.openStream(request: head, endStream: false, owner: owner)
            owner.stream?.send([1], endStream: true)
            return owner.failure
        }
        #expect(failure == .local)
        #expect(setting.eventually { setting.client.outcomes.count == 1 })
    }

    @Test("an upgrade that is accepted is bytes both ways, one that isn't an ordinary response")
    func upgrade() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        var head = HTTPRequestHead(method: "GET", authority: "a", path: "/", upgrade: "websocket")
        // Its proof is the affair of who sent it.
        head.fields = [HeaderField("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]
        let (connection, socket) = try setting.ask(.http11)
        let owner = try self.open(setting, connection, head, body: [])
        #expect(
            socket.receiveText(through: "\r\n\r\n")?.contains("connection: upgrade\r\nupgrade: websocket\r\n") == true
        )
        #expect(
            socket.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        )
        #expect(setting.eventually { owner.value.body == Array("hello".utf8) })
        #expect(try setting.sync { owner.value.response?.status } == 101)
        try setting.sync { owner.value.stream?.send(Array("raw".utf8), endStream: true) }
        #expect(socket.receiveText() == "raw")
        socket.finish()
        #expect(setting.eventually { owner.value.isEnded && setting.client.outcomes == [.complete] })
        let (refused, other) = try setting.ask(.http11)
        let held = Unchecked(refused)
        let refusedOwner = try self.open(setting, refused, head, body: [])
        #expect(other.receiveText(through: "\r\n\r\n") != nil)
        #expect(other.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
        #expect(setting.eventually { refusedOwner.value.isEnded })
        #expect(try setting.sync { refusedOwner.value.response?.status } == 200)
        #expect(try setting.sync { !held.value.isReusable }, "no other request may meet what was tried here")
    }

    @Test("a drain waits for the response under way")
    func drain() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (connection, socket) = try setting.ask(.http11)
        let held = Unchecked(connection)
        let owner = try self.open(setting, connection, self.get)
        try setting.sync { held.value.drain() }
        #expect(try setting.sync { !held.value.isReusable })
        #expect(socket.receiveText(through: "\r\n\r\n") != nil)
        #expect(socket.send("HTTP/1.1 204 No Content\r\n\r\n"))
        #expect(setting.eventually { owner.value.isEnded })
        #expect(socket.receiveText() == "")
    }
}

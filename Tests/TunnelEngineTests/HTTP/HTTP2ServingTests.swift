import MeshModel
import Testing

@testable import TunnelEngine

/// Serving HTTP/2 over a socket, to a peer that is built frame by frame.
@Suite("Serving HTTP/2", .serialized)
struct HTTP2ServingTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// The peer: a core of its own on a blocking socket, whose lists nobody checks.
    private final class Peer {
        let socket: BlockingSocket
        private var input: [UInt8] = []

        init(_ socket: BlockingSocket) {
            self.socket = socket
            _ = socket.send(HTTP2ServingTests.preface + [0, 0, 0, 4, 0, 0, 0, 0, 0])
        }

        func send(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> Bool {
            let count = payload.count
            let head = [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags, 0, 0, 0, stream]
            return self.socket.send(head + payload)
        }

        /// Literal fields without indexing: plain strings of up to 126 bytes, or longer ones.
        static func block(_ fields: [(String, String)]) -> [UInt8] {
            func text(_ text: String) -> [UInt8] {
                let count = text.utf8.count
                guard count >= 127 else { return [UInt8(count)] + Array(text.utf8) }
                var rest = count - 127
                var head: [UInt8] = [127]
                while rest >= 128 {
                    head.append(UInt8(rest & 127) | 128)
                    rest >>= 7
                }
                return head + [UInt8(rest)] + Array(text.utf8)
            }
            return fields.flatMap { [0] + text($0.0) + text($0.1) }
        }

        func request(_ stream: UInt8, _ fields: [(String, String)], ends: Bool = true) -> Bool {
            self.send(1, ends ? 5 : 4, stream, Self.block(fields))
        }

        /// The next frame that is no SETTINGS and no WINDOW_UPDATE; nil at the end.
        func frame() -> (type: UInt8, flags: UInt8, stream: UInt8, payload: [UInt8])? {
            while let head = self.socket.receive(exactly: 9) {
                let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
                guard let payload = count == 0 ? [] : self.socket.receive(exactly: count) else { return nil }
                if head[3] == 4 || head[3] == 8 { continue }
                return (head[3], head[4], head[8], payload)
            }
            return nil
        }

        /// The status of the response on a stream, or the code it was reset with.
        func answer() -> String {
            guard let frame = self.frame() else { return "end" }
            if frame.type == 3 { return "reset \(frame.payload[3])" }
            if frame.type == 7 { return "goaway \(frame.payload[7])" }
            guard frame.type == 1 else { return "frame \(frame.type)" }
            var decoder = HPACKDecoder(listLimit: 1 << 16)
            return frame.payload.withUnsafeBytes { block in
                let headers = try? decoder.decode(block)
                return headers?.first(named: ":status") ?? "no status"
            }
        }
    }

    private static let get = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")]

    struct Case: Sendable, CustomTestStringConvertible {
        var fields: [(String, String)]
        var answer: String

        init(_ fields: [(String, String)], _ answer: String) {
            self.fields = fields
            self.answer = answer
        }

        var testDescription: String {
            "\(self.answer): \(self.fields.last?.0 ?? "") \(self.fields.last?.1.prefix(20) ?? "")"
        }

        /// A request without a body and with these fields besides its own.
        static func get(_ name: String, _ value: String, times: Int = 1, _ answer: String) -> Case {
            Case(HTTP2ServingTests.get + (0..<times).map { _ in (name, value) }, answer)
        }

        /// A request that says only what is given.
        static func head(
            _ method: String = "GET",
            scheme: String = "http",
            authority: String? = "a",
            path: String = "/",
            hosts: Int = 0,
            host: String = "a",
            _ answer: String
        ) -> Case {
            var fields = [(":method", method), (":scheme", scheme)]
            if let authority { fields.append((":authority", authority)) }
            fields.append((":path", path))
            for _ in 0..<hosts { fields.append(("host", host)) }
            return Case(fields, answer)
        }
    }

    static let excesses: [Case] = [
        .get("x", String(repeating: "y", count: 62_000), "431"), .get("x", "y", times: 101, "431"),
        .get("cookie", "c", times: 101, "431"), .get("content-length", "1,1", "400"),
        .get("content-length", "5", "400"),
        Case(HTTP2ServingTests.get + [("content-length", "1"), ("content-length", "2")], "400"),
    ]

    @Test(
        "requests that are HTTP/2 and yet no HTTP are answered on their stream, and the connection goes on",
        arguments: Self.excesses
    )
    func refused(example: Case) throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(204, ""))
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let peer = Peer(socket)
        // In pieces of a frame each where it is long.
        let block = Peer.block(example.fields)
        let first = Array(block.prefix(16_000))
        #expect(peer.send(1, block.count <= 16_000 ? 5 : 1, 1, first))
        var rest = block.dropFirst(16_000)
        while !rest.isEmpty {
            let piece = Array(rest.prefix(16_000))
            rest = rest.dropFirst(16_000)
            #expect(peer.send(9, rest.isEmpty ? 4 : 0, 1, piece))
        }
        #expect(peer.answer() == example.answer)
        #expect(peer.frame()?.type == 0)
        #expect(try setting.sync { setting.server.requests.isEmpty && setting.server.refusals.count == 1 })
        #expect(peer.request(3, Self.get))
        #expect(peer.answer() == "204")
    }

    static let names: [Case] = [
        .head("get", "400"), .head(scheme: "HtTp", "400"), .head(scheme: "ftp", "400"), .head(authority: nil, "400"),
        .head(authority: "a,b", "400"), .head(authority: nil, hosts: 1, "204"), .head(hosts: 1, "204"),
        .head(hosts: 1, host: "b", "reset 1"), .head(authority: nil, hosts: 2, "reset 1"), .head(path: "", "reset 1"),
        .get("transfer-encoding", "chunked", "reset 1"), .get("Upper", "x", "reset 1"),
        .get("x", "a\r\nb: c", "reset 1"), .get("te", "gzip", "reset 1"),
        Case([(":method", "CONNECT"), (":authority", "a:1")], "204"),
        Case([(":protocol", "websocket")] + HTTP2ServingTests.get, "reset 1"),
    ]

    @Test("requests that name what they want badly", arguments: Self.names)
    func named(example: Case) throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(204, ""))
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let peer = Peer(socket)
        #expect(peer.request(1, example.fields))
        #expect(peer.answer() == example.answer)
    }

    @Test("a body that is longer or shorter than its length resets its stream", arguments: ["abc", "abcdef"])
    func bodyLength(body: String) throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let peer = Peer(socket)
        #expect(peer.request(1, Self.get + [("content-length", "5")], ends: false))
        #expect(peer.send(0, 1, 1, Array(body.utf8)))
        #expect(peer.answer() == "reset 1")
        #expect(setting.eventually { setting.server.streams.first?.failure == .malformed(.lengthMismatch) })
        #expect(peer.request(3, Self.get))
        #expect(peer.answer() == "200")
    }

    @Test("CVE-2023-44487: rapid resets end the connection")
    func rapidReset() throws {
        let setting = try HTTPTestSetting { server, stream, _, _ in _ = server.own(stream) }
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let peer = Peer(socket)
        var bytes: [UInt8] = []
        let block = Peer.block(Self.get)
        for number in 0..<300 {
            let id = [UInt8(0), 0, UInt8((number * 2 + 1) >> 8), UInt8((number * 2 + 1) & 255)]
            bytes += [0, 0, UInt8(block.count), 1, 5] + id + block + [0, 0, 4, 3, 0] + id + [0, 0, 0, 8]
        }
        _ = socket.send(bytes)
        #expect(peer.answer() == "goaway 11")
        #expect(setting.eventually { setting.server.streams.allSatisfy { $0.failure != nil } })
        #expect(try setting.sync { setting.server.streams.count } <= 202)
    }

    @Test("CVE-2025-8671: streams that the peer makes us reset count, too")
    func madeYouReset() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let peer = Peer(socket)
        var bytes: [UInt8] = []
        let block = Peer.block(Self.get + [("content-length", "1")])
        for number in 0..<300 {
            let id = [UInt8(0), 0, UInt8((number * 2 + 1) >> 8), UInt8((number * 2 + 1) & 255)]
            bytes += [0, 0, UInt8(block.count), 1, 4] + id + block + [0, 0, 2, 0, 1] + id + [1, 2]
        }
        _ = socket.send(bytes)
        var answers: [String] = []
        while answers.last != "goaway 11", answers.last != "end", answers.count < 400 { answers.append(peer.answer()) }
        #expect(answers.last == "goaway 11")
        #expect(answers.count <= 202)
    }

    @Test("CVE-2026-73513: trailers without an end reset their stream")
    func trailersWithoutEnd() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let peer = Peer(socket)
        #expect(peer.request(1, Self.get, ends: false))
        #expect(peer.send(1, 4, 1, Peer.block([("x", "y")])))
        #expect(peer.answer() == "reset 1")
        #expect(setting.eventually { setting.server.streams.first?.failure == .protocolError(.trailersInvalid) })
    }

    @Test("CVE-2024-23326: an extended CONNECT is accepted by 101 alone")
    func upgradeAnswer() throws {
        let setting = try HTTPTestSetting { server, stream, request, _ in
            _ = server.own(stream)
            #expect(!stream.send(response: HTTPResponseHead(status: 200), endStream: false))
            #expect(stream.send(response: HTTPResponseHead(status: 101), endStream: false))
        }
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let peer = Peer(socket)
        let connect = [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "a"),
            (":path", "/ws"),
        ]
        #expect(peer.request(1, connect, ends: false))
        #expect(peer.answer() == "200")
        let request = try setting.sync { setting.server.requests.first }
        #expect(request?.upgrade == "websocket")
        #expect(request?.path == "/ws")
    }

    @Test("an answer before the request's end asks for no more of it")
    func earlyAnswer() throws {
        let setting = try HTTPTestSetting(HTTPTestServer.answer(413, "no"))
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let peer = Peer(socket)
        #expect(peer.request(1, Self.get, ends: false))
        #expect(peer.answer() == "413")
        #expect(peer.frame()?.payload == Array("no".utf8))
        #expect(peer.answer() == "reset 0")
        #expect(try setting.sync { setting.server.streams[0].stream?.isEnded == true })
    }

    @Test("more streams than allowed are refused, and the connection goes on")
    func concurrency() throws {
        let setting = try HTTPTestSetting { server, stream, _, _ in _ = server.own(stream) }
        defer { setting.stop() }
        var limits = HTTPLimits()
        limits.concurrentStreams = 2
        let (_, socket) = try setting.serve(limits: limits)
        let peer = Peer(socket)
        for stream in [1, 3, 5] as [UInt8] { #expect(peer.request(stream, Self.get)) }
        #expect(peer.answer() == "reset 7")
        #expect(try setting.sync { setting.server.streams.count } == 2)
    }

    @Test("a drain says so in two steps and closes behind the last stream")
    func drain() throws {
        let setting = try HTTPTestSetting { server, stream, _, _ in _ = server.own(stream) }
        defer { setting.stop() }
        let (connection, socket) = try setting.serve()
        let peer = Peer(socket)
        #expect(peer.request(1, Self.get))
        #expect(setting.eventually { setting.server.streams.count == 1 })
        let held = Unchecked(connection)
        try setting.sync { held.value.drain() }
        let first = try #require(peer.frame())
        #expect(first.type == 7 && first.payload.prefix(4).elementsEqual([0x7f, 0xff, 0xff, 0xff]))
        let ping = try #require(peer.frame())
        #expect(ping.type == 6)
        #expect(peer.send(6, 1, 0, ping.payload))
        let second = try #require(peer.frame())
        #expect(second.type == 7 && second.payload.prefix(4).elementsEqual([0, 0, 0, 1]))
        try setting.sync { () -> Void in
            setting.server.streams[0].stream?.send(response: HTTPResponseHead(status: 200), endStream: true)
        }
        #expect(peer.answer() == "200")
        #expect(peer.frame() == nil)
        socket.finish()
        #expect(setting.eventually { setting.server.outcomes.count == 1 })
    }

    @Test("what nobody reads stops its stream at its window, and no other")
    func backPressure() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let limits = HTTPLimits()
        let (asking, _) = try setting.join(.http2, limits: limits)
        let held = Unchecked(asking)
        let owner = Unchecked(HTTPTestStream())
        try setting.sync { () -> Void in
            setting.server.handler = { server, stream, request, endStream in
                guard request.path == "/stuck" else { return HTTPTestServer.echo(server, stream, request, endStream) }
                server.own(stream).consumes = false
            }
            let head = HTTPRequestHead(method: "POST", authority: "a", path: "/stuck")
            owner.value.stream = held.value.openStream(request: head, endStream: false, owner: owner.value)
            if let stream = owner.value.stream { owner.value.send([UInt8](repeating: 1, count: 1 << 20), on: stream) }
        }
        #expect(setting.eventually { setting.server.streams.first?.body.count == limits.streamWindow })
        let other = HTTPRequestHead(method: "POST", authority: "a", path: "/free")
        let body = [UInt8](repeating: 2, count: 2 << 20)
        let answer = try setting.exchange(on: asking, other, body: body)
        #expect(answer.body == body)
        #expect(try setting.sync { setting.server.streams[0].body.count } == limits.streamWindow)
        try setting.sync {
            setting.server.streams[0].consumes = true
            setting.server.streams[0].stream?.consumed(limits.streamWindow)
        }
        #expect(
            setting.eventually { setting.server.streams[0].body.count == 1 << 20 && setting.server.streams[0].isEnded }
        )
    }

    @Test("a hundred requests at once on one connection")
    func multiplexing() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (asking, _) = try setting.join(.http2)
        let held = Unchecked(asking)
        let owners = Unchecked((0..<100).map { _ in HTTPTestStream() })
        try setting.sync {
            for (number, owner) in owners.value.enumerated() {
                let head = HTTPRequestHead(method: "POST", authority: "a", path: "/\(number)")
                owner.stream = held.value.openStream(request: head, endStream: false, owner: owner)
                guard let stream = owner.stream else { continue }
                owner.send([UInt8](repeating: UInt8(number), count: 10_000 + number), on: stream)
            }
        }
        #expect(setting.eventually { owners.value.allSatisfy { $0.isEnded } })
        try setting.sync {
            for (number, owner) in owners.value.enumerated() {
                #expect(owner.response?.fields.first(named: "x-path") == "/\(number)")
                #expect(owner.body == [UInt8](repeating: UInt8(number), count: 10_000 + number))
            }
        }
    }

    @Test("a connection that goes away refuses what it did not look at")
    func goAway() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (connection, socket) = try setting.ask(.http2)
        let held = Unchecked(connection)
        let owner = Unchecked(HTTPTestStream())
        try setting.sync {
            let head = HTTPRequestHead(method: "GET", authority: "a", path: "/")
            owner.value.stream = held.value.openStream(request: head, endStream: true, owner: owner.value)
        }
        #expect(
            socket.send([0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 8, 7, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8))
        )
        #expect(setting.eventually { owner.value.failure == .refused })
        #expect(try setting.sync { !held.value.isReusable && !held.value.canOpenStream })
    }
}

import MeshModel
import Testing

@testable import TunnelEngine

@Suite("WebSocket between versions of HTTP", .serialized)
struct WebSocketHandshakeTests {
    private let request = HTTPRequestHead(method: "GET", authority: "a", path: "/", upgrade: "websocket")

    @Test("the example of RFC 6455, and keys of 16 bytes that never repeat")
    func proof() {
        #expect(WebSocketHandshake.answer(to: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let key = WebSocketHandshake.makeKey()
        #expect(key.utf8.count == 24 && key.hasSuffix("=="))
        #expect(key != WebSocketHandshake.makeKey())
        #expect(WebSocketHandshake.isWebSocket("WebSocket"))
        #expect(!WebSocketHandshake.isWebSocket("websockets"))
    }

    @Test("a client of HTTP/1.1 gets the proof that a server of HTTP/2 does not give")
    func serving() throws {
        let setting = try HTTPTestSetting { server, stream, _, _ in
            _ = server.own(stream)
            stream.send(response: HTTPResponseHead(status: 101), endStream: false)
        }
        defer { setting.stop() }
        let (_, socket) = try setting.serve()
        let start = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        #expect(socket.send(start + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
        let answer = socket.receiveText(through: "\r\n\r\n")
        #expect(answer?.contains("\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") == true)
        try setting.sync {
            setting.server.handler = { server, stream, _, _ in
                _ = server.own(stream)
                let fields = [HeaderField("sec-websocket-accept", "mine")]
                stream.send(response: HTTPResponseHead(status: 101, fields: fields), endStream: false)
            }
        }
        let (_, other) = try setting.serve()
        #expect(other.send(start + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
        let kept = other.receiveText(through: "\r\n\r\n")
        #expect(kept?.contains("sec-websocket-accept: mine\r\n") == true)
        #expect(kept?.contains("s3pPLMBiTxaQ9kYGzzhZRbK") == false)
    }

    @Test("a server of HTTP/1.1 has to prove what a client of HTTP/2 did not ask for", arguments: [true, false])
    func asking(isRight: Bool) throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (connection, socket) = try setting.ask(.http11)
        let held = Unchecked(connection)
        let owner = Unchecked(HTTPTestStream())
        let head = self.request
        try setting.sync {
            owner.value.stream = held.value.openStream(request: head, endStream: false, owner: owner.value)
        }
        let text = try #require(socket.receiveText(through: "\r\n\r\n"))
        #expect(text.contains("sec-websocket-version: 13\r\n"))
        let marker = "sec-websocket-key: "
        let key = try #require(text.split(separator: "\r\n").first { $0.hasPrefix(marker) }).dropFirst(marker.count)
        let proof = isRight ? WebSocketHandshake.answer(to: String(key)) : "guess"
        let start = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        #expect(socket.send(start + "Sec-WebSocket-Accept: \(proof)\r\nX: y\r\n\r\n"))
        if isRight {
            #expect(setting.eventually { owner.value.response?.status == 101 })
            #expect(try setting.sync { owner.value.response?.fields } == [HeaderField("x", "y")])
        } else {
            #expect(setting.eventually { owner.value.failure == .malformed(.upgradeUnexpected) })
        }
    }
}

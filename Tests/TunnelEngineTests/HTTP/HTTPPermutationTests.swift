import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

/// What a client says and hears through a proxy of ours, whatever the versions on either side (D10, D13, D14).
@Suite("Versions of HTTP on both sides", .serialized)
struct HTTPPermutationTests {
    /// Client → serving connection → forwarder → asking connection → serving connection.
    private struct Chain {
        let setting: HTTPTestSetting
        let forwarder: HTTPForwarder
        let front: HTTPClientConnection

        init(_ front: HTTPVersion, _ back: HTTPVersion, _ handler: @escaping HTTPTestServer.Handler) throws {
            let setting = try HTTPTestSetting(handler)
            self.setting = setting
            let (asking, _) = try setting.join(back)
            let forwarder = HTTPForwarder(to: asking)
            self.forwarder = forwarder
            let server = HTTPTestServer()
            server.handler = { _, stream, request, endStream in forwarder.forward(stream, request, endStream) }
            self.frontServer = server
            self.front = try setting.join(front, serving: server).asking
        }

        private let frontServer: HTTPTestServer
    }

    static let versions: [(HTTPVersion, HTTPVersion)] = [
        (.http11, .http11), (.http11, .http2), (.http2, .http11), (.http2, .http2),
    ]

    @Test("a request, a body of a megabyte, and trailers both ways", arguments: Self.versions)
    func echo(front: HTTPVersion, back: HTTPVersion) throws {
        let chain = try Chain(front, back, HTTPTestServer.echo)
        defer { chain.setting.stop() }
        var body: [UInt8] = []
        for piece in 0..<16 as Range<UInt8> { body += [UInt8](repeating: piece, count: 65_537) }
        for (sent, trailers) in [(nil, []), ([], []), (body, [HeaderField("x-end", "1")])]
            as [([UInt8]?, [HeaderField])]
        {
            let head = HTTPRequestHead(
                method: "POST",
                authority: "a.test",
                path: "/x?y=z",
                fields: [HeaderField("b", "c")]
            )
            let owner = try chain.setting.exchange(on: chain.front, head, body: sent, trailers: trailers)
            #expect(owner.response?.status == 200)
            #expect(owner.failure == nil)
            #expect(owner.body == sent ?? [])
            #expect(owner.trailers == [HeaderField("x-length", String((sent ?? []).count))])
            let requests = try chain.setting.sync { chain.setting.server.requests }
            #expect(requests.last?.path == "/x?y=z")
            #expect(requests.last?.authority == "a.test")
            #expect(requests.last?.fields.first(named: "b") == "c")
            let received = try chain.setting.sync { chain.setting.server.streams.last?.trailers }
            #expect(received == (trailers.isEmpty ? nil : trailers))
        }
    }

    @Test("HEAD, 204 and 304 have no body", arguments: Self.versions)
    func bodiless(front: HTTPVersion, back: HTTPVersion) throws {
        let chain = try Chain(front, back) { server, stream, request, _ in
            _ = server.own(stream)
            let status = Int(request.path.dropFirst()) ?? 0
            let length = status == 204 ? [] : [HeaderField("content-length", "7")]
            stream.send(response: HTTPResponseHead(status: status, fields: length), endStream: true)
        }
        defer { chain.setting.stop() }
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304), ("HEAD", 404)] {
            let head = HTTPRequestHead(method: method, authority: "a", path: "/\(status)")
            let owner = try chain.setting.exchange(on: chain.front, head)
            #expect(owner.response?.status == status)
            #expect(owner.response?.fields.first(named: "content-length") == (status == 204 ? nil : "7"))
            #expect(owner.isEnded && owner.body.isEmpty)
        }
        #expect(try chain.setting.sync { chain.forwarder.connection.isReusable })
    }

    @Test("100 and 103 come before the final response", arguments: Self.versions)
    func informational(front: HTTPVersion, back: HTTPVersion) throws {
        let chain = try Chain(front, back) { server, stream, request, endStream in
            #expect(request.fields.first(named: "expect") == "100-continue")
            stream.sendInformational(HTTPResponseHead(status: 100))
            stream.sendInformational(HTTPResponseHead(status: 103, fields: [HeaderField("link", "x")]))
            HTTPTestServer.echo(server, stream, request, endStream)
        }
        defer { chain.setting.stop() }
        let head = HTTPRequestHead(
            method: "PUT",
            authority: "a",
            path: "/",
            fields: [HeaderField("expect", "100-continue"), HeaderField("content-length", "2")]
        )
        let owner = try chain.setting.exchange(on: chain.front, head, body: Array("hi".utf8))
        #expect(owner.informational == [100, 103])
        #expect(owner.body == Array("hi".utf8))
    }

    @Test("an upgrade is bytes both ways, and ends each way by itself", arguments: Self.versions)
    func upgrade(front: HTTPVersion, back: HTTPVersion) throws {
        let chain = try Chain(front, back) { server, stream, request, _ in
            #expect(request.upgrade == "websocket")
            #expect(request.method == "GET")
            let owner = server.own(stream)
            stream.send(response: HTTPResponseHead(status: 101), endStream: false)
            stream.send(Array("hello ".utf8), endStream: false)
            owner.onEvent = { stream in if owner.isEnded { owner.send(owner.body, on: stream) } }
        }
        defer { chain.setting.stop() }
        let held = Unchecked(chain.front)
        let back = Unchecked(chain.forwarder.connection)
        // Over HTTP/2 the peer has to have allowed it first.
        #expect(chain.setting.eventually { held.value.allowsUpgrade == true && back.value.allowsUpgrade == true })
        let owner = Unchecked(HTTPTestStream())
        try chain.setting.sync {
            owner.value.onEvent = { stream in
                guard owner.value.response?.status == 101, owner.value.canSendCount == 0 else { return }
                owner.value.canSendCount = 1
                owner.value.send(Array("world".utf8), on: stream)
            }
            let head = HTTPRequestHead(method: "GET", authority: "a", path: "/ws", upgrade: "websocket")
            owner.value.stream = held.value.openStream(request: head, endStream: false, owner: owner.value)
        }
        #expect(chain.setting.eventually { owner.value.isEnded || owner.value.failure != nil })
        #expect(try chain.setting.sync { owner.value.body } == Array("hello world".utf8))
        #expect(try chain.setting.sync { owner.value.failure } == nil)
    }

    @Test("a refused upgrade is an ordinary response", arguments: Self.versions)
    func refusedUpgrade(front: HTTPVersion, back: HTTPVersion) throws {
        let chain = try Chain(front, back, HTTPTestServer.answer(403, "no"))
        defer { chain.setting.stop() }
        let (asking, next) = (Unchecked(chain.front), Unchecked(chain.forwarder.connection))
        #expect(chain.setting.eventually { asking.value.allowsUpgrade == true && next.value.allowsUpgrade == true })
        let owner = Unchecked(HTTPTestStream())
        try chain.setting.sync {
            let head = HTTPRequestHead(method: "GET", authority: "a", path: "/ws", upgrade: "websocket")
            owner.value.stream = asking.value.openStream(request: head, endStream: false, owner: owner.value)
        }
        #expect(chain.setting.eventually { owner.value.isEnded || owner.value.failure != nil })
        #expect(try chain.setting.sync { owner.value.response?.status } == 403)
        #expect(try chain.setting.sync { owner.value.body } == Array("no".utf8))
    }

    @Test("a client that gives up gives up behind the proxy, too", arguments: Self.versions)
    func reset(front: HTTPVersion, back: HTTPVersion) throws {
        let chain = try Chain(front, back) { server, stream, _, _ in _ = server.own(stream) }
        defer { chain.setting.stop() }
        let asking = Unchecked(chain.front)
        let owner = Unchecked(HTTPTestStream())
        try chain.setting.sync {
            let head = HTTPRequestHead(method: "POST", authority: "a", path: "/")
            owner.value.stream = asking.value.openStream(request: head, endStream: false, owner: owner.value)
        }
        #expect(chain.setting.eventually { chain.setting.server.streams.count == 1 })
        try chain.setting.sync { owner.value.stream?.reset(.cancel) }
        #expect(chain.setting.eventually { chain.setting.server.streams[0].failure != nil })
        #expect(try chain.setting.sync { owner.value.failure } == nil, "its own reset is no news to it")
    }
}

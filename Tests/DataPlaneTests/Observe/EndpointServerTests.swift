import DataPlaneTestSupport
import Foundation
import MeshModel
import Testing
import TunnelEngine

@testable import DataPlane

/// Our small HTTP server and client on real sockets.
@Suite(.serialized)
struct EndpointServerTests {
    private let loop: TestLoop
    private let address: SocketAddress
    private let server: EndpointServer

    init() throws {
        let loop = try TestLoop()
        var limits = HTTPServerState.Limits()
        limits.requestMilliseconds = 200
        let server = EndpointServer(loop: loop.loop, limits: limits) { request in
            HTTPResponse(status: request.path == "/missing" ? 404 : 200, text: "you asked for \(request.path)")
        }
        self.address = try loop.sync { try server.listen(on: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)) }
        self.loop = loop
        self.server = server
    }

    private func fetch(_ target: String, bodyLimit: Int = 1_024) throws -> Result<[UInt8], HTTPFetch.Failure> {
        let request = try #require(HTTPClientRequest(host: "test", target: target))
        let (loop, address) = (self.loop, self.address)
        return try loop.wait { completion in
            HTTPFetch.get(
                loop: loop.loop,
                address: address,
                request: request,
                bodyLimit: bodyLimit,
                completion: completion
            )
        }
    }

    @Test func answersOurOwnClient() throws {
        #expect(try self.fetch("/x").get() == Array("you asked for /x".utf8))
    }

    @Test func tellsTheClientWhatWentWrong() throws {
        #expect(throws: HTTPFetch.Failure.self) { try self.fetch("/missing").get() }
        guard case .failure(.status(404)) = try self.fetch("/missing") else {
            Issue.record("no status")
            return
        }
        guard case .failure(.response(.tooLarge)) = try self.fetch("/long", bodyLimit: 4) else {
            Issue.record("no limit")
            return
        }
        let server = self.server
        try self.loop.sync { server.close() }
        guard case .failure(.connect) = try self.fetch("/x") else {
            Issue.record("connected")
            return
        }
    }

    @Test func givesUpOnASlowClientAndRefusesGarbage() throws {
        let slow = try #require(TestSocket.connect(self.address.ip, self.address.port))
        slow.send(Array("GET / HT".utf8))
        #expect(String(decoding: slow.receiveAll() ?? [], as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
        let garbage = try #require(TestSocket.connect(self.address.ip, self.address.port))
        garbage.send(Array("\u{16}\u{3}\u{1}\r\n\r\n".utf8))
        #expect(String(decoding: garbage.receiveAll() ?? [], as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
        #expect(try self.fetch("/still").get() == Array("you asked for /still".utf8))
    }

    @Test func boundsItsConnections() throws {
        let sockets = (0..<200).compactMap { _ in TestSocket.connect(self.address.ip, self.address.port) }
        // Those past the bound are closed at once, the others when their time is over.
        #expect(sockets.count { $0.receiveAll()?.isEmpty == false } <= 128)
        #expect(eventually { (try? self.fetch("/after").get()) != nil })
    }

    /// A server whose answer comes in pieces, and what a client gets of it.
    private func stream(_ request: String, pieces: Int) throws -> [UInt8]? {
        let loop = try TestLoop()
        let server = EndpointServer(
            loop: loop.loop,
            answer: { _, respond in
                var left = pieces
                respond(
                    EndpointAnswer(contentType: "text/plain") {
                        guard left > 0 else { return nil }
                        left -= 1
                        return [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
                    }
                )
            }
        )
        let address = try loop.sync { try server.listen(on: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)) }
        let socket = try #require(TestSocket.connect(address.ip, address.port))
        socket.send(Array(request.utf8))
        // Slower than the server: pieces must wait for room.
        usleep(100_000)
        let bytes = socket.receiveAll()
        // On its loop, which runs on a thread of its own.
        try loop.sync { server.close() }
        return bytes
    }

    @Test func sendsALargeAnswerInChunks() throws {
        let bytes = try #require(try self.stream("GET / HTTP/1.1\r\n\r\n", pieces: 1_000))
        var state = HTTPClientState(bodyLimit: 20_000_000)
        guard case .response(let response) = state.receive(bytes) else {
            Issue.record("no whole answer")
            return
        }
        #expect(response.body.count == 10_000_000)
    }

    @Test func endsALargeAnswerWithItsConnectionForOldClients() throws {
        let bytes = try #require(try self.stream("GET / HTTP/1.0\r\n\r\n", pieces: 100))
        let text = String(decoding: bytes.prefix(200), as: UTF8.self)
        #expect(!text.contains("Transfer-Encoding"))
        #expect(bytes.suffix(1_000_000).allSatisfy { $0 == UInt8(ascii: "x") })
    }

    @Test func compressesWhereTheClientTakesIt() throws {
        let request = "GET / HTTP/1.1\r\nAccept-Encoding: br, gzip;q=0.5\r\n\r\n"
        let bytes = try #require(try self.stream(request, pieces: 100))
        #expect(String(decoding: bytes.prefix(300), as: UTF8.self).contains("Content-Encoding: gzip"))
        #expect(bytes.count < 20_000)
    }

    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("deflate, gzip;q=1.0", true), ("*", true), ("gzip;q=0", false),
        ("gzip;q=0, *", false), ("*, gzip;q=0", false), ("identity", false), ("", false), ("gzip;q=x", false),
    ])
    func readsWhatAClientTakes(_ value: String, _ expected: Bool) {
        #expect(AcceptedEncoding.takesGzip([HTTPField(name: "Accept-Encoding", value: value)]) == expected)
    }
}

import Glibc
import MeshModel
import Testing

@testable import TunnelEngine

/// A loop on which HTTP connections are made over real sockets.
final class HTTPTestSetting {
    let thread: LoopThread
    let server: HTTPTestServer
    let client = HTTPTestClient()

    init(_ handler: @escaping HTTPTestServer.Handler = HTTPTestServer.echo) throws {
        self.thread = try LoopThread()
        self.server = HTTPTestServer(handler)
    }

    func stop() { self.thread.stop() }

    func sync<Value>(_ body: @escaping () throws -> Value) throws -> Value { try self.thread.sync(body) }

    /// Waits until `condition`, which is asked on the loop, holds.
    func eventually(_ condition: @escaping () -> Bool) -> Bool {
        TunnelEngineTests.eventually { (try? self.sync(condition)) == true }
    }

    /// A byte stream over one end of a new connection, and the other end.
    func byteStream(
        owner: any ByteStreamOwner = ByteStreamNobody(),
        early: [UInt8] = []
    ) throws -> (stream: ByteStream, other: BlockingSocket) {
        let (one, other) = try #require(BlockingSocket.pair())
        let descriptor = one.duplicate()
        let held = Unchecked(owner)
        let loop = self.thread.loop
        let stream = try self.sync {
            try ByteStream.over(socket: descriptor, loop: loop, early: early, isDownstream: true, owner: held.value)
        }
        return (stream, other)
    }

    /// A served connection, and the socket to ask it by.
    func serve(
        kind: HTTPServerConnection.Kind = .detect,
        limits: HTTPLimits = HTTPLimits(),
        early: [UInt8] = []
    ) throws -> (connection: HTTPServerConnection, socket: BlockingSocket) {
        let (stream, socket) = try self.byteStream()
        let held = Unchecked(stream)
        let server = Unchecked(self.server)
        let connection = try self.sync {
            HTTPServerConnection(over: held.value, early: early, kind: kind, limits: limits, owner: server.value)
        }
        return (connection, socket)
    }

    /// An asking connection, and the socket of who is asked.
    func ask(
        _ version: HTTPVersion,
        limits: HTTPLimits = HTTPLimits()
    ) throws -> (connection: HTTPClientConnection, socket: BlockingSocket) {
        let (stream, socket) = try self.byteStream()
        let held = Unchecked(stream)
        let client = Unchecked(self.client)
        let connection = try self.sync {
            HTTPClientConnection(over: held.value, version: version, limits: limits, owner: client.value)
        }
        return (connection, socket)
    }

    /// An asking connection whose other end is served by `other`, or else ``server``.
    func join(
        _ version: HTTPVersion,
        limits: HTTPLimits = HTTPLimits(),
        serving other: HTTPTestServer? = nil
    ) throws -> (asking: HTTPClientConnection, serving: HTTPServerConnection) {
        var descriptors: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &descriptors) == 0)
        let (one, two) = (descriptors[0], descriptors[1])
        let loop = self.thread.loop
        let (client, server) = (Unchecked(self.client), Unchecked(other ?? self.server))
        return try self.sync {
            let nobody = ByteStreamNobody()
            let down = try ByteStream.over(socket: one, loop: loop, isDownstream: true, owner: nobody)
            let up = try ByteStream.over(socket: two, loop: loop, isDownstream: false, owner: nobody)
            return (
                HTTPClientConnection(over: up, version: version, limits: limits, owner: client.value),
                HTTPServerConnection(over: down, limits: limits, owner: server.value)
            )
        }
    }

    /// Sends a request with a body and waits for the whole answer.
    func exchange(
        on connection: HTTPClientConnection,
        _ head: HTTPRequestHead,
        body: [UInt8]? = nil,
        trailers: [HeaderField] = []
    ) throws -> HTTPTestStream {
        let held = Unchecked(connection)
        let owner = try self.sync { () -> HTTPTestStream in
            let owner = HTTPTestStream()
            owner.stream = held.value.openStream(request: head, endStream: body == nil, owner: owner)
            if let stream = owner.stream, let body { owner.send(body, on: stream, ending: trailers) }
            return owner
        }
        let done = Unchecked(owner)
        #expect(self.eventually { done.value.isEnded || done.value.failure != nil || done.value.stream == nil })
        return owner
    }
}

extension BlockingSocket {
    func send(_ text: String) -> Bool { self.send(Array(text.utf8)) }

    /// All that comes until the peer's end, as text; nil on a reset.
    func receiveText() -> String? { self.receiveAll().map { String(decoding: $0, as: UTF8.self) } }

    /// What comes up to and with `end`; nil when that never comes.
    func receiveText(through end: String) -> String? {
        var bytes: [UInt8] = []
        while let next = self.receive(1), !next.isEmpty {
            bytes += next
            if bytes.count >= end.utf8.count, bytes.suffix(end.utf8.count).elementsEqual(end.utf8) {
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        return nil
    }
}

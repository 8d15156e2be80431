import DataPlaneTestSupport
import Foundation
import MeshModel
import MeshProtos
import Synchronization
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("A waypoint under hostile clients and failing endpoints", .serialized)
struct AdversityTests {
    private static func cluster(_ fill: (inout TulleL7.Cluster) -> Void) -> TulleL7.Cluster {
        WaypointBench.cluster("outbound|80||echo.demo.mesh.internal", fill)
    }

    @Test("an endpoint that fails without a wait is answered like any other, and the loop lives on")
    func failsAtOnce() throws {
        // Nothing can be connected to a broadcast address: the kernel says so at once.
        let place = WaypointBench.reserve(0)
        let nowhere = SocketAddress(ip: IPAddress(v4: 0xffff_ffff), port: 8080)
        let bench = try WaypointBench(WaypointBench.Place(number: place.number, endpoints: [nowhere]))
        for _ in 0..<3 {
            let answer = try bench.client.request(WaypointBench.authority, .get("/"))
            #expect(answer.status == 503)
            #expect(answer.text.contains("connection failure"))
        }
        #expect(try bench.carried().requests == 0)
    }

    @Test(
        "all requests that wait for one connection hear that it can't be made",
        arguments: [HTTPVersion.http11, .http2]
    )
    func failsAll(_ version: HTTPVersion) throws {
        let place = WaypointBench.reserve(1)
        let full = try FullListener(place.endpoints[0])
        defer { withExtendedLifetime(full) {} }
        let bench = try WaypointBench(
            place,
            routes: { resource in
                resource.clusters = [
                    Self.cluster {
                        $0.protocol = version == .http2 ? .http2 : .http1
                        $0.pool = .with { $0.connectTimeoutMilliseconds = 200 }
                    }
                ]
            }
        )
        let statuses = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 6) { _ in
            let status = (try? bench.client.request(WaypointBench.authority, .get("/")).status) ?? 0
            statuses.withLock { $0.append(status) }
        }
        #expect(statuses.withLock { $0 } == [Int](repeating: 503, count: 6))
        #expect(try bench.carried().requests == 0)
    }

    @Test("an upgrade waits for what an endpoint of HTTP/2 says about upgrades")
    func upgrades() throws {
        let place = WaypointBench.reserve(1)
        let backend = try Teapot(place.endpoints[0])
        defer { withExtendedLifetime(backend) {} }
        let bench = try WaypointBench(
            place,
            routes: { resource in resource.clusters = [Self.cluster { $0.protocol = .http2 }] }
        )
        var head = HTTPRequestHead.get("/", HeaderField("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="))
        head.upgrade = "websocket"
        let answer = try bench.client.request(WaypointBench.authority, head)
        #expect(answer.status == 418)
        #expect(answer["x-asked"] == "websocket")
    }

    @Test("a WebSocket to an endpoint of HTTP/2 that allows none: 503, UF, and why")
    func forbidsUpgrades() throws {
        let place = WaypointBench.reserve(1)
        let address = place.endpoints[0]
        let served = TestSocket.serve(address.ip, port: address.port) { socket in
            // SETTINGS that say nothing.
            socket.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
            while let bytes = socket.receive(), !bytes.isEmpty {}
        }
        #expect(served != nil)
        let bench = try WaypointBench(
            place,
            routes: { resource in resource.clusters = [Self.cluster { $0.protocol = .http2 }] }
        )
        var head = HTTPRequestHead.get("/", HeaderField("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="))
        head.upgrade = "websocket"
        let answer = try bench.client.request(WaypointBench.authority, head)
        #expect(answer.status == 503)
        #expect(answer.text.contains("allows no WebSocket over HTTP/2"))
    }

    @Test("where it is not clear what a request means its connection ends with the answer")
    func closesUnclear() throws {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(place.endpoints[0]) { _ in TestBackend.Reply() }
        let bench = try WaypointBench(place)
        let seen = try Self.exchange(
            bench,
            "GET /a%00b HTTP/1.1\r\nhost: echo.demo\r\n\r\nGET /next HTTP/1.1\r\nhost: echo.demo\r\n\r\n"
        )
        let text = String(decoding: seen, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 400 "))
        #expect(text.lowercased().contains("connection: close"))
        #expect(text.components(separatedBy: "HTTP/1.1 ").count == 2, "nothing behind it is answered")
        #expect(backend.heads == 0)
    }

    @Test(
        "what a server may take for HTTP passes no policy about bodies unread",
        arguments: ["\r\nPOST / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\nhost: a\n\n", "POST  / HTTP/1.1\r\n\r\n"]
    )
    func readsWhatItMust(_ text: String) throws {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(place.endpoints[0]) { _ in TestBackend.Reply() }
        let bench = try WaypointBench(place)
        _ = try Self.exchange(bench, text)
        #expect(backend.connections == 1, "without such a policy it is carried as bytes")
        try bench.change { resource in
            resource.security = .with { $0.payloads = [Self.payloadPolicy] }
        }
        #expect(try Self.exchange(bench, text).isEmpty)
        #expect(backend.connections == 1)
    }

    /// Sends bytes that are no request, and gives what comes back until the waypoint ends the connection.
    private static func exchange(_ bench: WaypointBench, _ text: String) throws -> [UInt8] {
        let stream = try bench.client.open(WaypointBench.authority)
        let listening = Listening()
        nonisolated(unsafe) let shared = stream
        stream.loop.submit {
            shared.owner = listening
            shared.send(Array(text.utf8))
        }
        #expect(listening.ended.wait(timeout: .now() + 10) == .success)
        return listening.received.withLock { $0 }
    }

    private static var payloadPolicy: TulleL7.PayloadPolicy {
        .with { policy in
            policy.namespace = "demo"
            policy.name = "amounts"
            policy.action = .deny
            policy.methods = ["POST"]
            policy.rules = [
                .with { rule in
                    rule.field = .with {
                        $0.pointer = "/amount"
                        $0.operator = .greater
                        $0.values = ["100"]
                    }
                }
            ]
        }
    }

    @Test("a body in many pieces is judged as a whole, and passes unchanged")
    func inspects() throws {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(place.endpoints[0]) { TestBackend.Reply(200, "\($0.body.count)") }
        let bench = try WaypointBench(
            place,
            routes: { resource in resource.security = .with { $0.payloads = [Self.payloadPolicy] } }
        )
        let head = HTTPRequestHead(
            method: "POST",
            authority: "echo.demo",
            path: "/",
            fields: [HeaderField("content-type", "application/json")]
        )
        let filling = String(repeating: " ", count: 12_000)
        for (amount, status) in [(99, 200), (101, 403)] {
            let body = Array("{\(filling)\"amount\":\(amount)}".utf8)
            let answer = try bench.client.connect(WaypointBench.authority, version: .http2).request(head, body: body)
            #expect(answer.status == status)
            if status == 200 { #expect(answer.text == "\(body.count)") }
        }
        #expect(backend.requests.count == 1)
        #expect(try bench.carried().requests == 0)
    }

    @Test(
        "bodies that are kept count, and without room for more there is 503",
        arguments: [HTTPVersion.http11, .http2]
    )
    func boundsMemory(_ version: HTTPVersion) throws {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(place.endpoints[0]) { TestBackend.Reply(200, "\($0.body.count)") }
        let bench = try WaypointBench(place)
        let head = HTTPRequestHead(method: "POST", authority: "echo.demo", path: "/")
        let body = [UInt8](repeating: 7, count: 60_000)
        func request(keeping limit: Int) throws -> TestClient.Answer {
            bench.worker.loop.submit { [loop = bench.worker.loop] in loop.heldBytesLimit = limit }
            return try bench.client.connect(WaypointBench.authority, version: version).request(head, body: body)
        }
        let refused = try request(keeping: 20_000)
        #expect(refused.status == 503)
        #expect(refused.text == "envoy overloaded")
        #expect(backend.requests.isEmpty)
        #expect(try request(keeping: 1_000_000).text == "60000")
        #expect(try bench.carried().requests == 0)
    }

    @Test("a client that does not read its answer takes no place from others")
    func slowReader() throws {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(place.endpoints[0]) { request in
            TestBackend.Reply(200, request.head.path == "/long" ? String(repeating: "a", count: 100_000) : "short")
        }
        defer { withExtendedLifetime(backend) {} }
        let bench = try WaypointBench(
            place,
            routes: { resource in resource.clusters = [Self.cluster { $0.pool = .with { $0.maxRequests = 1 } }] }
        )
        let slow = SlowReader(try bench.client.open(WaypointBench.authority))
        slow.start()
        #expect(slow.heard.wait(timeout: .now() + 10) == .success)
        // The place is given back when the answer's end has come, which may be a moment after its beginning.
        let isServed = try (0..<50).contains { _ in
            try bench.client.request(WaypointBench.authority, .get("/")).text == "short"
        }
        #expect(isServed)
        let carried = try bench.carried().requests
        #expect(carried == 1)
    }

    @Test("trailers say nothing that only proxies and tokens may say")
    func cleansTrailers() throws {
        let place = WaypointBench.reserve(1)
        let backend = try TestBackend(place.endpoints[0]) { _ in TestBackend.Reply() }
        let bench = try WaypointBench(place)
        let head = HTTPRequestHead(method: "POST", authority: "echo.demo", path: "/")
        let trailers = [
            HeaderField("x-forwarded-client-cert", "By=a"), HeaderField("x-envoy-internal", "true"),
            HeaderField("x-sum", "1"),
        ]
        let connection = try bench.client.connect(WaypointBench.authority, version: .http2)
        #expect(try connection.request(head, body: [1], trailers: trailers).status == 200)
        #expect(backend.requests.first?.trailers.map(\.name) == ["x-sum"])
    }
}

/// Keeps what comes on a connection.
private final class Listening: ByteStreamOwner, Sendable {
    let received = Mutex<[UInt8]>([])
    let ended = DispatchSemaphore(value: 0)

    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
        let piece = Array(bytes)
        self.received.withLock { $0 += piece }
        stream.consumed(bytes.count)
    }

    func byteStreamReceivedEnd(_ stream: ByteStream) { stream.close(isAbortive: false) }
    func byteStreamCanSend(_ stream: ByteStream) {}
    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) { self.ended.signal() }
}

/// A client of HTTP/2 that takes a window of its answer and no more.
private final class SlowReader: HTTPClientConnectionOwner, HTTPStreamOwner, @unchecked Sendable {
    let heard = DispatchSemaphore(value: 0)
    private let bytes: ByteStream
    private var connection: HTTPClientConnection?

    init(_ bytes: ByteStream) { self.bytes = bytes }

    func start() {
        self.bytes.loop.submit { [self] in
            var limits = HTTPLimits()
            limits.streamWindow = 65_535
            let connection = HTTPClientConnection(over: self.bytes, version: .http2, limits: limits, owner: self)
            self.connection = connection
            _ = connection.openStream(request: .get("/long"), endStream: true, owner: self)
        }
    }

    func connectionCapacityChanged(_ connection: HTTPClientConnection) {}
    func connectionEnded(_ connection: HTTPClientConnection, _ outcome: RelayOutcome) { self.connection = nil }

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}
    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) { self.heard.signal() }
    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {}
    func stream(_ stream: HTTPStream, trailers: [HeaderField]) {}
    func streamCanSend(_ stream: HTTPStream) {}
    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {}
}

/// An application that answers 418 as soon as it has seen a request's head.
private final class Teapot: ListenerDelegate, HTTPServerConnectionOwner, ByteStreamOwner, HTTPStreamOwner,
    @unchecked Sendable
{
    private let thread: TestLoop
    private var listener: Listener?

    init(_ address: SocketAddress) throws {
        self.thread = try TestLoop()
        let me = self
        try self.thread.sync { me.listener = try Listener(loop: me.thread.loop, address: address, delegate: me) }
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        let loop = listener.loop
        guard
            let bytes = try? ByteStream.over(socket: descriptor, loop: loop, isDownstream: true, owner: self)
        else { return }
        _ = HTTPServerConnection(over: bytes, owner: self)
    }

    func connection(
        _ connection: HTTPServerConnection,
        opened stream: HTTPStream,
        request: HTTPRequestHead,
        endStream: Bool
    ) {
        stream.owner = self
        let asked = HeaderField("x-asked", request.upgrade ?? "")
        stream.send(response: HTTPResponseHead(status: 418, fields: [asked]), endStream: true)
    }

    func connection(_ connection: HTTPServerConnection, refused refusal: HTTPRefusal) {}
    func connectionEnded(_ connection: HTTPServerConnection, _ outcome: RelayOutcome) {}

    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {}
    func byteStreamReceivedEnd(_ stream: ByteStream) {}
    func byteStreamCanSend(_ stream: ByteStream) {}
    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {}

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}
    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {}
    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) { stream.consumed(data.count) }
    func stream(_ stream: HTTPStream, trailers: [HeaderField]) {}
    func streamCanSend(_ stream: HTTPStream) {}
    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {}
}

/// A listener whose queue is full: whoever connects hears nothing.
private final class FullListener {
    private var descriptors: [Int32] = []

    struct Failure: Error { var errno: Int32 }

    init(_ address: SocketAddress) throws {
        for _ in 0..<3 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0 else { throw Failure(errno: errno) }
            let isListener = self.descriptors.isEmpty
            self.descriptors.append(descriptor)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = address.port.bigEndian
            guard inet_pton(AF_INET, "\(address.ip)", &name.sin_addr) == 1 else { throw Failure(errno: errno) }
            let result = withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
                    return isListener ? bind(descriptor, pointer, length) : connect(descriptor, pointer, length)
                }
            }
            if isListener {
                guard result == 0, listen(descriptor, 0) == 0 else { throw Failure(errno: errno) }
            }
        }
    }

    deinit { for descriptor in self.descriptors { close(descriptor) } }
}

import BoringTLS
import DataPlaneTestSupport
import Foundation
import MeshIdentity
import MeshModel
import TunnelEngine

/// A client's ztunnel: opens tunnels to the waypoint and speaks HTTP in them.
final class TestClient: @unchecked Sendable {
    struct Answer: Sendable {
        var head = HTTPResponseHead(status: 0)
        var body: [UInt8] = []
        var trailers: [HeaderField] = []
        var failure: HTTPStreamFailure?

        var status: Int { self.head.status }
        var text: String { String(decoding: self.body, as: UTF8.self) }
        subscript(name: String) -> String? { self.head.fields.first(named: name) }
    }

    /// Why there is no connection.
    struct Refused: Error { var status: String }

    private let thread: TestLoop
    private let pool: TunnelPool
    private let context: TLSContext
    private let waypoint: SocketAddress
    private let from: IPAddress
    private let expected: SPIFFEID
    private let source: SPIFFEID

    init(
        _ name: String,
        authority: TestAuthority,
        waypoint: SocketAddress,
        expecting expected: SPIFFEID,
        from address: IPAddress
    ) throws {
        let thread = try TestLoop()
        self.thread = thread
        self.waypoint = waypoint
        self.expected = expected
        self.from = address
        self.source = try TestMesh.identity(name)
        let store = IdentityStore()
        try store.install(authority.issue(self.source))
        self.context = try store.snapshot(now: Int64(Date().timeIntervalSince1970)).context
        self.pool = try thread.sync { TunnelPool(loop: thread.loop) }
    }

    /// Opens a connection inside of a tunnel.
    func connect(
        _ authority: String,
        version: HTTPVersion = .http11,
        trace: String? = nil
    ) throws -> Connection {
        let bytes = try self.open(authority, trace: trace)
        let thread = self.thread
        let connection = try thread.sync { Connection(thread, bytes, version) }
        return connection
    }

    /// Opens a tunnel and gives its bytes.
    /// - Parameter trace: `traceparent` of the tunnel.
    func open(_ authority: String, trace: String? = nil) throws -> ByteStream {
        let key = TunnelKey(
            source: self.source.uri,
            generation: 1,
            expected: [self.expected.uri],
            address: self.waypoint,
            from: self.from
        )
        let headers =
            [HeaderField(":method", "CONNECT"), HeaderField(":authority", authority)]
            + (trace.map { [HeaderField("traceparent", $0)] } ?? [])
        let me = self
        let result: Result<ByteStream, TunnelError> = try self.thread.wait { completion in
            me.pool.open(key, context: me.context, headers: headers) { result in
                completion(
                    result.map {
                        ByteStream.over(tunnel: $0, loop: me.thread.loop, isDownstream: false, owner: Nobody())
                    }
                )
            }
        }
        switch result {
        case .success(let bytes): return bytes
        case .failure(let error): throw Refused(status: "\(error)")
        }
    }

    /// Sends one request on a connection of its own.
    func request(
        _ authority: String,
        _ head: HTTPRequestHead,
        body: [UInt8] = [],
        version: HTTPVersion = .http11
    ) throws -> Answer {
        try self.connect(authority, version: version).request(head, body: body)
    }

    private final class Nobody: ByteStreamOwner {
        func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {}
        func byteStreamReceivedEnd(_ stream: ByteStream) {}
        func byteStreamCanSend(_ stream: ByteStream) {}
        func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {}
    }

    /// One connection inside of a tunnel.
    final class Connection: HTTPClientConnectionOwner, @unchecked Sendable {
        private let thread: TestLoop
        private var http: HTTPClientConnection?

        init(_ thread: TestLoop, _ bytes: ByteStream, _ version: HTTPVersion) {
            self.thread = thread
            self.http = HTTPClientConnection(over: bytes, version: version, owner: self)
        }

        func request(_ head: HTTPRequestHead, body: [UInt8] = [], trailers: [HeaderField] = []) throws -> Answer {
            let me = self
            return try self.thread.wait { completion in
                let call = Call(body, trailers, completion)
                me.open(head, call, tries: 200)
            }
        }

        private func open(_ head: HTTPRequestHead, _ call: Call, tries: Int) {
            let isEmpty = call.body.isEmpty && call.trailers.isEmpty
            if let stream = self.http?.openStream(request: head, endStream: isEmpty, owner: call) {
                call.stream = stream
                return call.pump()
            }
            guard tries > 0, self.http != nil else { return call.end(.connectionClosed(.complete)) }
            // HTTP/2 opens streams only once the peer's settings are here.
            let alarm = LoopAlarm(loop: self.thread.loop)
            alarm.set(after: 10) {
                self.open(head, call, tries: tries - 1)
                withExtendedLifetime(alarm) {}
            }
        }

        func connectionCapacityChanged(_ connection: HTTPClientConnection) {}
        func connectionEnded(_ connection: HTTPClientConnection, _ outcome: RelayOutcome) { self.http = nil }
    }

    private final class Call: HTTPStreamOwner {
        var body: [UInt8]
        var trailers: [HeaderField]
        var stream: HTTPStream?
        private var answer = Answer()
        private var completion: ((Answer) -> Void)?

        init(_ body: [UInt8], _ trailers: [HeaderField], _ completion: @escaping (Answer) -> Void) {
            self.body = body
            self.trailers = trailers
            self.completion = completion
        }

        func pump() {
            guard let stream = self.stream, !stream.isSendClosed else { return }
            while !self.body.isEmpty {
                let count = min(stream.capacity(), self.body.count)
                guard count > 0 else { return }
                let piece = Array(self.body.prefix(count))
                self.body.removeFirst(count)
                stream.send(piece, endStream: self.body.isEmpty && self.trailers.isEmpty)
            }
            if !self.trailers.isEmpty {
                let trailers = self.trailers
                self.trailers = []
                stream.send(trailers: trailers)
            }
        }

        func end(_ failure: HTTPStreamFailure?) {
            self.answer.failure = failure
            let completion = self.completion
            self.completion = nil
            completion?(self.answer)
        }

        func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}

        func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
            self.answer.head = head
            if endStream { self.end(nil) }
        }

        func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
            self.answer.body.append(contentsOf: data)
            stream.consumed(data.count)
            if endStream { self.end(nil) }
        }

        func stream(_ stream: HTTPStream, trailers: [HeaderField]) {
            self.answer.trailers = trailers
            self.end(nil)
        }

        func streamCanSend(_ stream: HTTPStream) { self.pump() }
        func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) { self.end(failure) }
    }
}

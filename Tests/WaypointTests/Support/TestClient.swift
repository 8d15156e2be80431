import BoringTLS
import DataPlaneTestSupport
import Foundation
import MeshIdentity
import MeshModel
import Synchronization
import TunnelEngine

/// A client's ztunnel: opens tunnels to the waypoint and speaks HTTP in them.
final class TestClient: @unchecked Sendable {
    struct Answer: Sendable {
        var head = HTTPResponseHead(status: 0)
        var body: [UInt8] = []
        var trailers: [HeaderField] = []
        var failure: HTTPStreamFailure?
        /// Responses before the response.
        var informational: [Int] = []
        /// Nothing more comes.
        var isWhole = false

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
    /// On the loop only.
    private var opened: [ByteStream] = []

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
    func open(
        _ authority: String,
        trace: String? = nil,
        owner: any ByteStreamOwner = Nobody()
    ) throws -> ByteStream {
        nonisolated(unsafe) let owner = owner
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
            me.pool.open(key, context: me.context, headers: { headers }) { result in
                completion(
                    result.map {
                        let bytes = ByteStream.over(
                            tunnel: $0,
                            loop: me.thread.loop,
                            isDownstream: false,
                            owner: owner
                        )
                        me.opened.append(bytes)
                        return bytes
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

    final class Nobody: ByteStreamOwner {
        func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {}
        func byteStreamReceivedEnd(_ stream: ByteStream) {}
        func byteStreamCanSend(_ stream: ByteStream) {}
        func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {}
    }

    /// Opens a tunnel whose bytes the test reads itself.
    func raw(_ authority: String) throws -> TestBytes {
        let raw = TestBytes(self.thread)
        let bytes = try self.open(authority, owner: raw)
        try self.thread.sync { raw.take(bytes) }
        return raw
    }

    /// Ends all that it opened.
    func close() throws {
        let me = self
        try self.thread.sync {
            for stream in me.opened { stream.close(isAbortive: true) }
            me.opened = []
            me.pool.close()
        }
    }

    /// One connection inside of a tunnel.
    final class Connection: HTTPClientConnectionOwner, @unchecked Sendable {
        private let thread: TestLoop
        private var http: HTTPClientConnection?
        private let end = Atomic<Bool>(false)

        init(_ thread: TestLoop, _ bytes: ByteStream, _ version: HTTPVersion) {
            self.thread = thread
            self.http = HTTPClientConnection(over: bytes, version: version, owner: self)
        }

        /// Whether the waypoint has ended it.
        var isEnded: Bool { self.end.load(ordering: .relaxed) }

        /// Whether the waypoint takes more requests on it.
        func isReusable() throws -> Bool {
            let me = self
            return try self.thread.sync { me.http?.isReusable ?? false }
        }

        /// Sends a request and waits for its answer.
        func request(_ head: HTTPRequestHead, body: [UInt8] = [], trailers: [HeaderField] = []) throws -> Answer {
            try self.start(head, body: body, trailers: trailers).wait()
        }

        /// Sends a request.
        /// - Parameters:
        ///   - isWhole: whether `body` is all of it.
        ///   - reads: whether the answer's body is read.
        func start(
            _ head: HTTPRequestHead,
            body: [UInt8] = [],
            trailers: [HeaderField] = [],
            isWhole: Bool = true,
            reads: Bool = true
        ) throws -> TestCall {
            let me = self
            let call = TestCall(self.thread, body: body, trailers: trailers, isWhole: isWhole, reads: reads)
            try self.thread.sync { me.open(head, call, tries: 200) }
            return call
        }

        private func open(_ head: HTTPRequestHead, _ call: TestCall, tries: Int) {
            guard tries > 0, let http = self.http else { return call.end(.connectionClosed(.complete)) }
            guard !call.open(on: http, head) else { return }
            // An extended CONNECT needs the peer's settings, and HTTP/1.1 the end of the request before.
            let alarm = LoopAlarm(loop: self.thread.loop)
            alarm.set(after: 5) {
                self.open(head, call, tries: tries - 1)
                withExtendedLifetime(alarm) {}
            }
        }

        func connectionCapacityChanged(_ connection: HTTPClientConnection) {}
        func connectionEnded(_ connection: HTTPClientConnection, _ outcome: RelayOutcome) {
            self.http = nil
            self.end.store(true, ordering: .relaxed)
        }
    }
}
